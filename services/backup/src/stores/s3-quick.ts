import {
  Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp,
} from "node:http";
import { request as requestHttps, Agent as SecureAgent } from "node:https";
import type { S3Client } from "@aws-sdk/client-s3";
import type { S3Configuration } from "./configuration";
import { percentEncoded, queryOf, S3Signature, sha256 } from "./s3-signature";
import type { ObjectState } from "./store";

const EMPTY = new Uint8Array();
const EMPTY_HASH = sha256(EMPTY);
const USER_AGENT = "moodle-backup";
const AGENT = { keepAlive: true, maxSockets: 128 };
/** Milliseconds in which nothing is sent after a server was overloaded or did not answer: the SDK knows how to hold back. */
const REST = 30_000;

export interface QuickRequest {
  readonly method: "GET" | "PUT";
  /** Absent for the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default none */
  readonly content?: Uint8Array;
  /** Milliseconds without a byte after which there is no answer. */
  readonly patience: number;
  readonly signal?: AbortSignal;
}

export interface QuickAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly content: Buffer;
}

/** Where the SDK sends its requests. */
interface Origin {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
}

/**
 * The requests of which a snapshot makes thousands: copies by the server, files, listings. In the SDK each takes more
 * time of a processor than the server needs for it. These are signed with the SDK's credentials, and go where it sends its
 * requests. They are attempted once: whatever is not a good answer is left to the SDK, with its repetitions and what it
 * makes of errors.
 */
export class QuickRequests {
  private origin: Origin | undefined;
  private readonly signature: S3Signature;
  private readonly underWay = new WeakMap<AbortSignal, Set<ClientRequest>>();
  private readonly agents = { http: new Agent(AGENT), https: new SecureAgent(AGENT) };
  private restUntil = 0;

  /** Looks at what `client` sends, to send to the same place. */
  constructor(
    private readonly client: S3Client,
    { bucket, endpoint, region }: S3Configuration,
  ) {
    this.signature = new S3Signature(region);
    client.middlewareStack.add(
      (next) => (args) => {
        this.origin ??= originOf(args.request as Origin, bucket, endpoint !== undefined);
        return next(args);
      },
      { step: "finalizeRequest", name: "origin" },
    );
  }

  /** A good answer; nothing where the SDK is to make the request. */
  async send(request: QuickRequest): Promise<QuickAnswer | undefined> {
    return this.attempt(request, async (answer) => {
      const content = await contentOf(answer);
      // A copy that fails late has begun to answer that it is well.
      return content.includes("<Error>") ? undefined : { headers: answer.headers, content };
    });
  }

  /** A good answer with its content; without, where that has more than `atMost` bytes. */
  read(
    request: QuickRequest,
    atMost: number,
  ): Promise<{ readonly headers: IncomingHttpHeaders; readonly content?: Buffer } | undefined> {
    return this.attempt(request, async (answer) => {
      const { headers } = answer;
      if (Number(headers["content-length"]) <= atMost) return { headers, content: await contentOf(answer) };
      answer.destroy();
      return { headers };
    });
  }

  /** A good answer whose body is still to be read. */
  open(request: QuickRequest): Promise<IncomingMessage | undefined> {
    return this.attempt(request, async (answer) => {
      // Whoever reads the body may take its time.
      answer.socket.setTimeout(0);
      return answer;
    });
  }

  close(): void {
    this.agents.http.destroy();
    this.agents.https.destroy();
  }

  private async attempt<T>(
    request: QuickRequest,
    take: (answer: IncomingMessage) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    if (this.origin === undefined || performance.now() < this.restUntil) return undefined;
    try {
      const answer = await this.exchange(this.origin, request);
      const { statusCode: status = 0 } = answer;
      if (status === 200 || status === 206) return await take(answer);
      answer.resume();
      if (status >= 500 || status === 429) this.rest();
    } catch (error) {
      if (request.signal?.aborted !== true && (error as NodeJS.ErrnoException).code !== "ECONNRESET") this.rest();
    }
    return undefined;
  }

  private rest(): void {
    this.restUntil = performance.now() + REST;
  }

  private async exchange(
    { protocol, hostname, port, path: base }: Origin,
    { method, key, query = {}, headers = {}, content = EMPTY, patience, signal }: QuickRequest,
  ): Promise<IncomingMessage> {
    const path = key === undefined ? base || "/" : `${base}/${key.split("/").map(percentEncoded).join("/")}`;
    const host = port === undefined ? hostname : `${hostname}:${port}`;
    const { systemClockOffset, credentials } = this.client.config;
    const signed = this.signature.sign(
      {
        ...{ method, path, query },
        headers: { ...headers, ...(method === "PUT" ? { "content-length": String(content.length) } : {}), host },
        contentHash: content.length === 0 ? EMPTY_HASH : sha256(content),
      },
      await credentials(),
      new Date(Date.now() + systemClockOffset),
    );
    const search = queryOf(query);
    const options = {
      ...{ method, hostname, port, timeout: patience },
      // As a list, it is sent as it is.
      headers: ["user-agent", USER_AGENT, ...Object.entries(signed).flat()],
      path: search === "" ? path : `${path}?${search}`,
    };
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const sent =
        protocol === "https:"
          ? requestHttps({ ...options, agent: this.agents.https })
          : requestHttp({ ...options, agent: this.agents.http });
      sent.once("response", resolve);
      sent.once("timeout", () => sent.destroy(new Error("no answer in time")));
      sent.once("error", reject);
      if (signal !== undefined) this.watch(sent, signal);
      // Of nothing, there is nothing to be sent after the head.
      if (content.length === 0) sent.end();
      else sent.end(content);
    });
  }

  /** Ends a request when the signal aborts. A listener for each costs as much as sending it. */
  private watch(sent: ClientRequest, signal: AbortSignal): void {
    let requests = this.underWay.get(signal);
    if (requests === undefined) {
      const all = new Set<ClientRequest>();
      signal.addEventListener("abort", () => {
        for (const request of all) request.destroy(new Error("aborted"));
      });
      this.underWay.set(signal, all);
      requests = all;
    }
    requests.add(sent);
    sent.once("close", () => requests.delete(sent));
  }
}

/** All of a body. A stream's own iterator takes several times as long for what comes in one piece. */
function contentOf(answer: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.once("end", () => resolve(Buffer.concat(chunks)));
    answer.once("error", reject);
    answer.once("close", () => reject(new Error("the answer ended early")));
  });
}

/** The bucket is a part of the host's name, or begins the path. Where it is neither, the SDK makes all requests. */
function originOf({ protocol, hostname, port, path }: Origin, bucket: string, inPath: boolean): Origin | undefined {
  if (!inPath && hostname.startsWith(`${bucket}.`)) return { protocol, hostname, port, path: "" };
  if (path === `/${bucket}` || path.startsWith(`/${bucket}/`)) return { protocol, hostname, port, path: `/${bucket}` };
  return undefined;
}

/** What an answer says of an object. Buckets without versions have the one version "null". */
export function stateOf(key: string, size: number, headers: IncomingHttpHeaders): ObjectState | undefined {
  const { etag, date, "last-modified": modified = date, "x-amz-version-id": versionId } = headers;
  if (etag === undefined || date === undefined || modified === undefined || Number.isNaN(size)) return undefined;
  const version = typeof versionId === "string" && versionId !== "null" ? { versionId } : {};
  return { key, size, tag: etag, lastModified: new Date(modified), storeTime: new Date(date), ...version };
}
