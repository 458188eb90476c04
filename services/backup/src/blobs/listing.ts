import { readAhead } from "../concurrency";
import { BLOBS } from "../repository/layout";
import { blobFolder } from "../sources/files";
import type { ObjectInfo, ObjectStore } from "../stores/store";

/** A blob of the repository, as the listing shows it. */
export interface StoredBlob {
  readonly hash: string;
  readonly size: number;
  readonly lastModified: Date;
}

/** The prefixes by which blobs are listed, locked and verified: `00` to `ff`. */
export const PREFIXES: readonly string[] = Array.from({ length: 256 }, (_, index) =>
  index.toString(16).padStart(2, "0"),
);

/** The same in fewer parts, for fewer blobs. */
const DIGITS: readonly string[] = Array.from({ length: 16 }, (_, index) => index.toString(16));

/** Blobs of which a request for each of 256 prefixes would bring fewer than 200. */
const SPARSE = 50_000;

/** Characters of a hash. */
const HASH = 40;

/** Prefixes that are listed at the same time. */
const PARALLEL = 8;

export interface ListOptions {
  /** Folder of the blobs. @default `blobs/`, as in a repository */
  readonly folder?: string;
  /** @default all 256 */
  readonly prefixes?: readonly string[];
  readonly signal?: AbortSignal;
}

/** All blobs in the order of their hashes. Stray objects are passed over. */
export async function* listBlobs(store: ObjectStore, options: ListOptions = {}): AsyncIterable<readonly StoredBlob[]> {
  const { folder = BLOBS, prefixes = PREFIXES, signal } = options;
  let parts = prefixes;
  if (options.prefixes === undefined) {
    const first = await firstPage(store, folder, signal);
    if (first.isLast) {
      yield first.blobs;
      return;
    }
    if (isSparse(first.blobs)) parts = DIGITS;
  }
  yield* readAhead(
    parts.map((prefix) => () => listPrefix(store, folder, prefix, signal)),
    PARALLEL,
  );
}

async function* listPrefix(
  store: ObjectStore,
  folder: string,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncIterable<readonly StoredBlob[]> {
  const path = prefix.length === 1 ? prefix : `${prefix}/`;
  for await (const page of store.list(`${folder}${path}`, { signal })) yield blobsOf(page, folder);
}

/** What fits on one page takes one request in place of 256. */
async function firstPage(
  store: ObjectStore,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ blobs: readonly StoredBlob[]; isLast: boolean }> {
  let first: readonly ObjectInfo[] | undefined;
  for await (const page of store.list(folder, { signal })) {
    if (first !== undefined) return { blobs: blobsOf(first, folder), isLast: false };
    first = page;
  }
  return { blobs: blobsOf(first ?? [], folder), isLast: true };
}

/** Whether a page for each of 256 prefixes would be far from full, as far as the first page of all tells. */
function isSparse(first: readonly StoredBlob[]): boolean {
  const last = first.at(-1);
  if (last === undefined) return false;
  const share = (Number.parseInt(last.hash.slice(0, 6), 16) + 1) / 16 ** 6;
  return first.length / share < SPARSE;
}

function blobsOf(page: readonly ObjectInfo[], folder: string): StoredBlob[] {
  const blobs: StoredBlob[] = [];
  for (const { key, size, lastModified } of page) {
    const hash = key.slice(-HASH);
    if (!/^[0-9a-f]{40}$/.test(hash) || !key.startsWith(folder)) continue;
    if (key.slice(folder.length, -HASH) !== blobFolder(hash)) continue;
    // A copy: a part of a text keeps all of it in memory, here what XML says of an object.
    blobs.push({ hash: Buffer.from(hash, "latin1").toString("latin1"), size, lastModified });
  }
  return blobs;
}
