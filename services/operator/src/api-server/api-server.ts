import * as http from "node:http";
import * as https from "node:https";
import { createInterface } from "node:readline";
import type { Connection } from "./connection";
import { ApiError } from "./errors";

export interface Call {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** @default application/json */
  readonly contentType?: string;
  /** @default application/json */
  readonly accept?: string;
  /** Milliseconds without a byte after which the connection counts as dead. @default 30 seconds */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** What counts calls, under the names of client-go's metrics. */
export interface CallObserver {
  called(method: string, status: string): void;
}

const TIMEOUT = 30_000;

/** HTTP to the API server: requests and watches, each authorized anew, over connections that stay open. */
export class ApiServer {
  private readonly agent: http.Agent;

  constructor(
    private readonly connection: Connection,
    private readonly observer?: CallObserver,
  ) {
    const options = { keepAlive: true, maxSockets: 64 };
    this.agent = connection.server.protocol === "https:" ? new https.Agent(options) : new http.Agent(options);
  }

  /** @throws ApiError for an answer that is no success */
  async request<Answer>(method: string, path: string, call: Call = {}): Promise<Answer> {
    const response = await this.open(method, path, call);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    return JSON.parse(Buffer.concat(chunks).toString("utf8") || "null") as Answer;
  }

  /** The lines of an answer that does not end, until the server or the signal ends it. */
  async *lines(path: string, call: Call = {}): AsyncGenerator<string> {
    const response = await this.open("GET", path, call);
    const lines = createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
    let failure: Error | undefined;
    response.once("error", (error) => {
      failure = error;
      lines.close();
    });
    try {
      for await (const line of lines) if (line !== "") yield line;
      if (failure !== undefined) throw failure;
    } finally {
      response.destroy();
    }
  }

  /** Ends connections that nobody uses. */
  close(): void {
    this.agent.destroy();
  }

  private async open(method: string, path: string, call: Call): Promise<http.IncomingMessage> {
    const authorization = await this.connection.authorize();
    const { server } = this.connection;
    const url = new URL(server.pathname.replace(/\/$/, "") + path, server);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const response = await this.send(url, body, {
      ...authorization,
      method,
      agent: this.agent,
      signal: call.signal,
      timeout: call.timeout ?? TIMEOUT,
      headers: {
        ...authorization.headers,
        accept: call.accept ?? "application/json",
        "user-agent": "moodle-operator",
        ...(body === undefined
          ? {}
          : { "content-type": call.contentType ?? "application/json", "content-length": Buffer.byteLength(body) }),
      },
    });
    const status = response.statusCode ?? 0;
    this.observer?.called(method, String(status));
    if (status >= 200 && status < 300) return response;
    let text = "";
    for await (const chunk of response) text += chunk;
    throw ApiError.of(status, text, response.headers["retry-after"]);
  }

  private send(url: URL, body: string | undefined, options: https.RequestOptions): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = (url.protocol === "https:" ? https : http).request(url, options, resolve);
      request.once("timeout", () => request.destroy(new Error(`${url.pathname}: no answer in time`)));
      request.once("error", (error) => {
        this.observer?.called(options.method ?? "GET", "<error>");
        reject(error);
      });
      request.end(body);
    });
  }
}
