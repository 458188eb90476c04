import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../clock";

/** Milliseconds for which an answer is given again: the repository changes a few times a day. */
const FRESH = 5 * 60_000;

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `/metrics`. Where `read` fails the answer is 500, so that Prometheus sees the target as down. */
export async function serveMetrics(
  port: number,
  read: () => Promise<string>,
  clock: Clock,
  onError: (error: unknown) => void,
): Promise<MetricsServer> {
  let page: { readonly text: string; readonly readAt: number } | undefined;
  let reading: Promise<string> | undefined;
  const current = async (): Promise<string> => {
    if (page !== undefined && clock.elapsed() - page.readAt < FRESH) return page.text;
    // However many ask at once, the repository is read once.
    reading ??= read().finally(() => {
      reading = undefined;
    });
    const text = await reading;
    page = { text, readAt: clock.elapsed() };
    return text;
  };

  const server = createServer((request, response) => {
    if (request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    current().then(
      (text) => response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text),
      (error: unknown) => {
        onError(error);
        response.writeHead(500).end();
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
