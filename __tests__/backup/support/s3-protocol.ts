import type { IncomingMessage } from "node:http";
import { folderOf, type Protocol } from "./faulty-proxy";

export const S3_PROTOCOL: Protocol = {
  describe,
  refusal: "<Error><Code>SlowDown</Code><Message>Please reduce your request rate</Message></Error>",
  success: "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>",
  contentType: "application/xml",
};

function describe({ method, url = "", headers }: IncomingMessage): string {
  const { pathname, searchParams } = new URL(url, "http://proxy");
  const [, bucket = "", ...key] = pathname.split("/");
  const verb = headers["x-amz-copy-source"] === undefined ? (ofParts(method, searchParams) ?? method) : "COPY";
  if (key.join("") !== "") return `${verb} ${bucket}/${folderOf(key.join("/"))}`;
  const what =
    searchParams.get("list-type") === null ? [...searchParams.keys()].filter((name) => name !== "x-id") : ["list"];
  return `${verb} ${bucket}?${what.join("&")}=${folderOf(searchParams.get("prefix") ?? "")}`;
}

/** What a request does to an upload in parts. */
function ofParts(method: string | undefined, query: URLSearchParams): string | undefined {
  if (query.has("uploads")) return "BEGIN";
  if (!query.has("uploadId")) return undefined;
  return { PUT: "PART", POST: "COMPLETE", DELETE: "ABORT" }[method ?? ""];
}
