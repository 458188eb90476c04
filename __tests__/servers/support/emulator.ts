import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";

/** What an emulated service answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface EmulatedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** An HTTP service that counts its requests. */
export abstract class Emulator {
  private count = 0;
  private server: Server | undefined;
  port = 0;
  /** Called before and after each request is carried out, the answer still unsent. */
  onRequest: (moment: "before" | "after", count: number) => void = () => {};

  protected abstract answer(request: EmulatedRequest): Promise<Answer>;

  async start(tls?: { cert: string; key: string }): Promise<this> {
    const listener: RequestListener = (incoming, outgoing) => {
      this.serve(incoming, outgoing).catch((error: Error) => outgoing.writeHead(500).end(error.stack));
    };
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.port = (server.address() as { port: number }).port;
    return this;
  }

  restart(onRequest: Emulator["onRequest"] = () => {}): void {
    this.count = 0;
    this.onRequest = onRequest;
  }

  get requests(): number {
    return this.count;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const count = ++this.count;
    this.onRequest("before", count);
    const { status, headers, body } = await this.answer({
      method: incoming.method ?? "GET",
      url: new URL(incoming.url ?? "/", "http://emulator"),
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    });
    this.onRequest("after", count);
    outgoing.writeHead(status, headers).end(body);
  }
}

export function json(status: number, value: unknown): Answer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}
