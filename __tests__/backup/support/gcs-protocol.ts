import type { IncomingMessage } from "node:http";
import { folderOf, type Protocol, type Reply } from "./faulty-proxy";

const PATH = /^(?:\/upload)?\/storage\/v1\/b\/([^/]+)(?:\/o(?:\/([^/]+)(?:\/rewriteTo\/b\/([^/]+)\/o\/([^/]+))?)?)?$/;

/** Of one proxy. */
export class GcsProtocol implements Protocol {
  readonly refusal = JSON.stringify({ error: { code: 503, errors: [{ reason: "backendError" }] } });
  readonly success = "{}";
  readonly contentType = "application/json";
  private readonly uploads = new Map<string, Reply>();

  describe({ method, url = "", headers }: IncomingMessage): string {
    const { pathname, searchParams } = new URL(url, "http://proxy");
    const [, bucket, key, copyBucket, copyKey] = (PATH.exec(pathname) ?? []).map(
      (part?: string) => part && decodeURIComponent(part),
    );
    if (copyKey !== undefined) return `COPY ${copyBucket}/${folderOf(copyKey)}`;
    if (pathname.startsWith("/upload/")) {
      const verb = ofUpload(searchParams, headers["content-range"]);
      return `${verb} ${bucket}/${folderOf(searchParams.get("name") ?? "")}`;
    }
    if (key !== undefined) {
      const isLook = method === "GET" && searchParams.get("alt") !== "media";
      return `${isLook ? "HEAD" : method} ${bucket}/${folderOf(key)}`;
    }
    if (!pathname.endsWith("/o")) return `${method} ${bucket}?settings`;
    const what = searchParams.get("versions") === "true" ? "versions" : "list";
    return `${method} ${bucket}?${what}=${folderOf(searchParams.get("prefix") ?? "")}`;
  }

  /**
   * How much of an upload came: https://cloud.google.com/storage/docs/performing-resumable-uploads#status-check. The
   * emulator takes the question for the upload's end.
   */
  answer({ url = "", headers }: IncomingMessage): Reply | undefined {
    if (headers["content-range"] !== "bytes */*") return undefined;
    return this.uploads.get(url) ?? { status: 308, headers: {}, body: Buffer.alloc(0) };
  }

  learn({ url = "" }: IncomingMessage, reply: Reply): void {
    if (url.includes("upload_id=")) this.uploads.set(url, reply);
  }
}

function ofUpload(query: URLSearchParams, range: string | undefined): string {
  if (!query.has("upload_id")) return query.get("uploadType") === "resumable" ? "BEGIN" : "PUT";
  if (range === "bytes */*") return "STATE";
  return range?.endsWith("/*") === true ? "PART" : "COMPLETE";
}
