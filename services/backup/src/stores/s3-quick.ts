import { createHash } from "node:crypto";
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps, Agent as SecureAgent } from "node:https";
import { text } from "node:stream/consumers";
import type { S3Client } from "@aws-sdk/client-s3";
import type { S3Configuration } from "./configuration";
import type { ObjectState } from "./store";

const EMPTY = new Uint8Array();
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
  readonly body: string;
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
 * time of a processor than the server needs for it. These are signed by the SDK's own signer, with its credentials, and
 * go where it sends its requests. They are attempted once: whatever is not a good answer is left to the SDK, with its
 * repetitions and what it makes of errors.
 */
export class QuickRequests {
  private origin: Origin | undefined;
  private signer: ReturnType<S3Client["config"]["signer"]> | undefined;
  private readonly agents = { http: new Agent(AGENT), https: new SecureAgent(AGENT) };
  private restUntil = 0;

  /** Looks at what `client` sends, to send to the same place. */
  constructor(
    private readonly client: S3Client,
    { bucket, endpoint }: S3Configuration,
  ) {
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
      const body = await text(answer);
      // A copy that fails late has begun to answer that it is well.
      return body.includes("<Error>") ? undefined : { headers: answer.headers, body };
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
    const { systemClockOffset } = this.client.config;
    const path = key === undefined ? base || "/" : `${base}/${key.split("/").map(percentEncoded).join("/")}`;
    const host = port === undefined ? hostname : `${hostname}:${port}`;
    this.signer ??= this.client.config.signer();
    const signed = await (await this.signer).sign(
      {
        ...{ method, protocol, hostname, port, path, query: { ...query } },
        headers: { ...headers, host, "user-agent": USER_AGENT, "x-amz-content-sha256": sha256(content) },
      } as never,
      { signingDate: new Date(Date.now() + systemClockOffset) },
    );
    const search = Object.entries(query).map(([name, value]) => `${percentEncoded(name)}=${percentEncoded(value)}`);
    const options = {
      ...{ method, hostname, port, headers: signed.headers, signal, timeout: patience },
      path: search.length === 0 ? path : `${path}?${search.join("&")}`,
    };
    return new Promise((resolve, reject) => {
      const sent =
        protocol === "https:"
          ? requestHttps({ ...options, agent: this.agents.https })
          : requestHttp({ ...options, agent: this.agents.http });
      sent.once("response", resolve);
      sent.once("timeout", () => sent.destroy(new Error("no answer in time")));
      sent.once("error", reject);
      sent.end(content);
    });
  }
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

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** As signatures want it: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
