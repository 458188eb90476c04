import { createServer, type Server } from "node:http";
import { describeError } from "../api-server/errors";
import type { Metrics } from "./metrics";

/** Why the program is not ready, one reason a line; empty where it is. */
export type Readiness = () => readonly string[];

/** `/healthz`, `/readyz` and `/metrics`. */
export async function serveEndpoints(port: number, metrics: Metrics, readiness: Readiness): Promise<Server> {
  const server = createServer(async (request, response) => {
    try {
      const [status, type, body] = await answer(request.url ?? "/", metrics, readiness);
      response.writeHead(status, { "content-type": type }).end(body);
    } catch (error) {
      response.writeHead(500, { "content-type": "text/plain" }).end(describeError(error));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, resolve);
  });
  return server;
}

async function answer(path: string, metrics: Metrics, readiness: Readiness): Promise<[number, string, string]> {
  if (path === "/metrics") return [200, metrics.registry.contentType, await metrics.text()];
  if (path === "/healthz") return [200, "text/plain", "ok"];
  if (path !== "/readyz") return [404, "text/plain", "not found"];
  const reasons = readiness();
  return reasons.length === 0 ? [200, "text/plain", "ok"] : [503, "text/plain", reasons.join("\n")];
}
