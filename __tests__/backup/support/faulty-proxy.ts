import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

/** What goes wrong with one request. */
export type Fault =
  /** The server refuses it, without doing anything. */
  | "503"
  /** The server does it, and the answer is lost. */
  | "lost answer"
  /** The connection ends in the middle of the answer's body. */
  | "half a body"
  /** The answer begins, and never ends. */
  | "stall"
  /** The server says nothing at all. */
  | "silence"
  /** The server does it, and answers after `LATE` milliseconds. */
  | "late answer"
  /** The server answers that it is done, and does nothing. */
  | "false success";

export const LATE = 2500;

/** Stands before an S3 server and lets requests fail. Signatures hold, for hosts are passed on as they are. */
export class FaultyProxy {
  /** What was asked for, in general terms. */
  readonly seen: string[] = [];
  /** What of that did not come from the SDK. */
  readonly quick = new Set<string>();
  private readonly server: Server;
  private fault: { readonly kind: Fault; readonly call: string; left: number } | undefined;

  private constructor(private readonly target: URL) {
    this.server = createServer((question, answer) => void this.pass(question, answer).catch(() => answer.destroy()));
  }

  static async start(endpoint: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(new URL(endpoint));
    await new Promise<void>((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Lets the next `times` requests of a kind fail. */
  fail(kind: Fault, call: string, times = 1): void {
    this.fault = { kind, call, left: times };
  }

  /** Ends the fault; says whether it came to pass. */
  heal(): boolean {
    const happened = this.fault === undefined || this.fault.left <= 0;
    this.fault = undefined;
    return happened;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async pass(question: IncomingMessage, answer: ServerResponse): Promise<void> {
    const call = describe(question);
    this.seen.push(call);
    if (question.headers["user-agent"] === "moodle-backup") this.quick.add(call);
    const content = await buffer(question);
    const { fault } = this;
    const kind = fault !== undefined && fault.call === call && fault.left-- > 0 ? fault.kind : undefined;
    if (kind === "silence") return;
    if (kind === "503") {
      answer.writeHead(503, { "content-type": "application/xml" });
      answer.end("<Error><Code>SlowDown</Code><Message>Please reduce your request rate</Message></Error>");
      return;
    }
    if (kind === "false success") {
      answer.writeHead(200, { "content-type": "application/xml" });
      return void answer.end("<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>");
    }
    const { status, headers, body } = await this.ask(question, content);
    if (kind === "lost answer") return void answer.destroy();
    if (kind === "late answer") await sleep(LATE);
    answer.writeHead(status, headers);
    if (kind === undefined || kind === "late answer") return void answer.end(body);
    answer.write(body.subarray(0, body.length >> 1), () => kind === "half a body" && answer.destroy());
    answer.flushHeaders();
  }

  private ask(question: IncomingMessage, content: Buffer) {
    return new Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }>((resolve, reject) => {
      const { method, url: path, headers } = question;
      const { hostname, port } = this.target;
      // A connection for each: the server closes them, whether they are used again or not.
      const passed = request({ hostname, port, method, path, headers, agent: false }, (reply) => {
        const { statusCode: status = 0, headers: given } = reply;
        buffer(reply).then((body) => resolve({ status, headers: given, body }), reject);
      });
      passed.once("error", reject);
      passed.end(content);
    });
  }
}

/** A request without what differs from run to run: `PUT /backup/blobs`, `GET /backup?list=refs`. */
function describe({ method, url = "", headers }: IncomingMessage): string {
  const { pathname, searchParams } = new URL(url, "http://proxy");
  const [, bucket = "", ...key] = pathname.split("/");
  // Below the prefix of the store. Blobs of a site are in folders of two digits.
  const folder = (text: string) => (text.split("/")[1] ?? "").replace(/^[0-9a-f]{2}$/, "filedir");
  const verb = headers["x-amz-copy-source"] === undefined ? (ofParts(method, searchParams) ?? method) : "COPY";
  if (key.join("") !== "") return `${verb} ${bucket}/${folder(key.join("/"))}`;
  const what =
    searchParams.get("list-type") === null ? [...searchParams.keys()].filter((name) => name !== "x-id") : ["list"];
  return `${verb} ${bucket}?${what.join("&")}=${folder(searchParams.get("prefix") ?? "")}`;
}

/** What a request does to an upload in parts. */
function ofParts(method: string | undefined, query: URLSearchParams): string | undefined {
  if (query.has("uploads")) return "BEGIN";
  if (!query.has("uploadId")) return undefined;
  return { PUT: "PART", POST: "COMPLETE", DELETE: "ABORT" }[method ?? ""];
}
