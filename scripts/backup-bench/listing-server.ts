/**
 * `listing-server.js <port> <endpoint> <count>`: an S3 server before another. Listings below `blobs/` it answers itself, from
 * memory, with `count` files in pages of a thousand, as fast as a large store would; all else it passes on.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { hashOfNumber, sizeOfNumber } from "./references";

const PAGE = 1000;
const WRITTEN = "2026-01-01T00:00:00.000Z";

const [port = "", endpoint = "", count = ""] = process.argv.slice(2);
const target = new URL(endpoint);

/** Pages of each folder, such as `blobs/00/`, and of `blobs/` only the first. */
const pages = new Map<string, string[][]>();
const files = Array.from({ length: Number(count) }, (_, number) => number)
  .map((number) => ({ hash: hashOfNumber(number), size: sizeOfNumber(number) }))
  .sort((a, b) => (a.hash < b.hash ? -1 : 1));
for (const { hash, size } of files) {
  const folder = `blobs/${hash.slice(0, 2)}/`;
  const key = `${folder}${hash.slice(2, 4)}/${hash}`;
  const entry = `<Contents><Key>${key}</Key><LastModified>${WRITTEN}</LastModified><ETag>&quot;${hash.slice(0, 32)}&quot;</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
  for (const prefix of [folder, "blobs/"]) {
    const own = pages.get(prefix) ?? [];
    pages.set(prefix, own);
    const last = own.at(-1);
    if (last !== undefined && last.length < PAGE) last.push(entry);
    else if (prefix !== "blobs/" || own.length < 2) own.push([entry]);
  }
}
const answers = new Map(
  [...pages].map(([prefix, own]) => [prefix, own.map((entries, index) => page(entries, index, own.length))]),
);
pages.clear();

function page(entries: readonly string[], index: number, total: number): Buffer {
  const more = index + 1 < total;
  const next = more ? `<NextContinuationToken>${index + 1}</NextContinuationToken>` : "";
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${entries.join("")}${next}<KeyCount>${entries.length}</KeyCount></ListBucketResult>`,
  );
}

function answer(question: IncomingMessage, reply: ServerResponse): void {
  const { searchParams } = new URL(question.url ?? "", "http://server");
  const own = searchParams.get("list-type") === "2" ? answers.get(searchParams.get("prefix") ?? "") : undefined;
  if (own !== undefined) {
    question.resume();
    reply.writeHead(200, { "content-type": "application/xml" });
    reply.end(own[Number(searchParams.get("continuation-token") ?? 0)]);
    return;
  }
  const { method, url: path, headers } = question;
  const passed = request({ hostname: target.hostname, port: target.port, method, path, headers }, (result) => {
    reply.writeHead(result.statusCode ?? 502, result.headers);
    result.pipe(reply);
  });
  passed.once("error", () => reply.destroy());
  question.pipe(passed);
}

createServer(answer).listen(Number(port), "127.0.0.1");
