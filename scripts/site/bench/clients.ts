/**
 * The clients of load.ts, in a thread of their own. Each reads into one large buffer, which is all that the thread does
 * with what arrives: what clients take of the machine, servers do not get. Needs Node.js alone, as it is run from its text.
 */
import { connect, type Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

/** What the thread is given. */
export interface Assignment {
  readonly url: string;
  readonly cookies: readonly string[];
  readonly seconds: number;
  readonly clients: number;
  /** Asks for another address each time, of the same page. */
  readonly isNew: boolean;
}

/** What it says in the end: how long each answer took, and seconds until the last of them. */
export type Result =
  | { readonly milliseconds: readonly number[]; readonly seconds: number }
  | { readonly error: string };

const BUFFER = Buffer.allocUnsafeSlow(2 ** 20);

/** One answer of HTTP/1.1, of known length or in chunks: https://www.rfc-editor.org/rfc/rfc9112#name-message-body-length */
export class Answer {
  isLastOfConnection = false;
  private line = "";
  private isInHead = true;
  private isChunked = false;
  private length: number | undefined;
  /** Bytes that come before the next line, or before the end. */
  private left = 0;
  private isLastPart = false;

  /** Takes what has arrived, and says whether the answer has ended. */
  take(bytes: Buffer): boolean {
    for (let at = 0; at < bytes.length; ) {
      if (this.left > 0) {
        const taken = Math.min(this.left, bytes.length - at);
        this.left -= taken;
        at += taken;
      } else {
        const end = bytes.indexOf("\n", at);
        this.line += bytes.toString("latin1", at, end === -1 ? bytes.length : end);
        if (end === -1) return false;
        at = end + 1;
        this.endLine(this.line.trimEnd());
        this.line = "";
      }
      if (this.left === 0 && this.isLastPart) return true;
    }
    return false;
  }

  private endLine(line: string): void {
    if (!this.isInHead) {
      const size = Number.parseInt(line, 16);
      this.isLastPart = size === 0;
      // With the end of line behind it.
      this.left = size + 2;
    } else if (line !== "") {
      this.readHeader(line);
    } else {
      this.isInHead = false;
      if (this.isChunked) return;
      if (this.length === undefined) throw new Error("an answer has neither length nor chunks");
      this.isLastPart = true;
      this.left = this.length;
    }
  }

  private readHeader(line: string): void {
    if (line.startsWith("HTTP/") && !/^HTTP\/1\.1 200\b/.test(line)) throw new Error(`an answer is ${line}`);
    const [, name = "", value = ""] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
    if (/^content-length$/i.test(name)) this.length = Number(value);
    if (/^transfer-encoding$/i.test(name)) this.isChunked = /chunked/i.test(value);
    if (/^connection$/i.test(name)) this.isLastOfConnection = /close/i.test(value);
  }
}

function run({ url, cookies, seconds, clients, isNew }: Assignment): void {
  const { hostname, port, host, pathname, search } = new URL(url);
  const milliseconds: number[] = [];
  const sockets = new Set<Socket>();
  const start = performance.now();
  let turn = 0;
  let asked = 0;

  const fail = (message: string) => {
    for (const socket of sockets) leave(socket);
    parentPort?.postMessage({ error: message } satisfies Result);
  };
  const leave = (socket: Socket) => {
    sockets.delete(socket);
    socket.removeAllListeners("close").destroy();
  };
  /** What was asked in time is waited for: a server that goes on with it would have less for the next run. */
  const isOver = () => performance.now() - start > seconds * 1000;

  const begin = () => {
    let answer = new Answer();
    let sent = performance.now();
    const ask = () => {
      // Many more than clients: no two requests at a time are of one session, which Moodle serves one after the other.
      turn = (turn + 1) % cookies.length;
      const address = isNew ? `${pathname}?request=${++asked}` : `${pathname}${search}`;
      socket.write(`GET ${address} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookies[turn]}\r\n\r\n`);
    };
    const end = () => {
      milliseconds.push(performance.now() - sent);
      if (answer.isLastOfConnection || isOver()) {
        leave(socket);
        if (!isOver()) begin();
        else if (sockets.size === 0)
          parentPort?.postMessage({ milliseconds, seconds: (performance.now() - start) / 1000 } satisfies Result);
        return false;
      }
      answer = new Answer();
      sent = performance.now();
      ask();
      return true;
    };
    const take = (length: number, buffer: Uint8Array) => {
      try {
        return answer.take((buffer as Buffer).subarray(0, length)) ? end() : true;
      } catch (error) {
        fail(String(error));
        return false;
      }
    };
    const socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: { buffer: BUFFER, callback: take },
    });
    sockets.add(socket);
    socket.on("error", (error) => fail(error.message));
    socket.on("close", () => fail("a connection was closed before its answer had ended"));
    ask();
  };

  for (let client = 0; client < clients; client++) begin();
}

if (parentPort !== null) run(workerData);
