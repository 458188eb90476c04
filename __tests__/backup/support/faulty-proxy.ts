import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
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

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** How one kind of server is spoken with, as far as it matters to a proxy. */
export interface Protocol {
  /** A request without what differs from run to run: `PUT backup/blobs`, `GET backup?list=refs`. */
  describe(question: IncomingMessage): string;
  /** The body of an answer 503. */
  readonly refusal: string;
  /** The body of an answer that an upload is complete. */
  readonly success: string;
  readonly contentType: string;
  /** The answer to what the server itself does not know. */
  answer?(question: IncomingMessage): Reply | undefined;
  /** Sees what the server has answered. */
  learn?(question: IncomingMessage, reply: Reply): void;
}

/** Stands before a server and lets requests fail. Signatures hold, for hosts are passed on as they are. */
export class FaultyProxy {
  /** What was asked for, in general terms. */
  readonly seen: string[] = [];
  /** What of that did not come from the SDK. */
  readonly quick = new Set<string>();
  private readonly server: Server;
  private kind: Fault | undefined;
  /** How often each kind of request is still to fail. */
  private readonly left = new Map<string, number>();

  private constructor(
    private readonly target: URL,
    private readonly protocol: Protocol,
  ) {
    this.server = createServer((question, answer) => void this.pass(question, answer).catch(() => answer.destroy()));
  }

  static async start(endpoint: string, protocol: Protocol): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(new URL(endpoint), protocol);
    await new Promise<void>((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Lets the next `times` requests of each of some kinds fail. */
  fail(kind: Fault, calls: readonly string[], times = 1): void {
    this.kind = kind;
    for (const call of calls) this.left.set(call, times);
  }

  /** Ends the fault; gives the kinds of requests that have not failed as often. */
  heal(): string[] {
    const spared = [...this.left.keys()];
    this.left.clear();
    return spared;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async pass(question: IncomingMessage, answer: ServerResponse): Promise<void> {
    const call = this.protocol.describe(question);
    this.seen.push(call);
    if (question.headers["user-agent"] === "moodle-backup") this.quick.add(call);
    const content = await buffer(question);
    const kind = this.takeFault(call);
    if (kind === "silence") return;
    const { refusal, success, contentType } = this.protocol;
    if (kind === "503" || kind === "false success") {
      answer.writeHead(kind === "503" ? 503 : 200, { "content-type": contentType });
      return void answer.end(kind === "503" ? refusal : success);
    }
    const { status, headers, body } = this.protocol.answer?.(question) ?? (await this.ask(question, content));
    if (kind === "lost answer") return void answer.destroy();
    if (kind === "late answer") await sleep(LATE);
    answer.writeHead(status, headers);
    if (kind === undefined || kind === "late answer") return void answer.end(body);
    answer.write(body.subarray(0, body.length >> 1), () => kind === "half a body" && answer.destroy());
    answer.flushHeaders();
  }

  private takeFault(call: string): Fault | undefined {
    const left = this.left.get(call);
    if (left === undefined) return undefined;
    if (left === 1) this.left.delete(call);
    else this.left.set(call, left - 1);
    return this.kind;
  }

  private async ask(question: IncomingMessage, content: Buffer): Promise<Reply> {
    const reply = await new Promise<Reply>((resolve, reject) => {
      const { method, url: path, headers } = question;
      const { hostname, port } = this.target;
      // A connection for each: the server closes them, whether they are used again or not.
      const passed = request({ hostname, port, method, path, headers, agent: false }, (given) => {
        const { statusCode: status = 0, headers } = given;
        buffer(given).then((body) => resolve({ status, headers, body }), reject);
      });
      passed.once("error", reject);
      passed.end(content);
    });
    this.protocol.learn?.(question, reply);
    return reply;
  }
}

/** The folder of a key below the prefix of its store. Blobs of a site are in folders of two digits. */
export function folderOf(key: string): string {
  return (key.split("/")[1] ?? "").replace(/^[0-9a-f]{2}$/, "filedir");
}
