import { readAhead } from "../concurrency";
import { BLOBS } from "../repository/layout";
import { blobPath } from "../sources/files";
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
  const few = options.prefixes === undefined ? await listFew(store, folder, signal) : undefined;
  if (few !== undefined) {
    yield few;
    return;
  }
  yield* readAhead(
    prefixes.map((prefix) => () => listPrefix(store, folder, prefix, signal)),
    PARALLEL,
  );
}

async function* listPrefix(
  store: ObjectStore,
  folder: string,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncIterable<readonly StoredBlob[]> {
  for await (const page of store.list(`${folder}${prefix}/`, { signal })) yield blobsOf(page, folder);
}

/** What fits on one page takes one request in place of 256. Nothing where there is more. */
async function listFew(
  store: ObjectStore,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<StoredBlob[] | undefined> {
  let first: readonly ObjectInfo[] | undefined;
  for await (const page of store.list(folder, { signal })) {
    if (first !== undefined) return undefined;
    first = page;
  }
  return blobsOf(first ?? [], folder);
}

function blobsOf(page: readonly ObjectInfo[], folder: string): StoredBlob[] {
  const blobs: StoredBlob[] = [];
  for (const { key, size, lastModified } of page) {
    const hash = key.slice(key.lastIndexOf("/") + 1);
    if (/^[0-9a-f]{40}$/.test(hash) && key === folder + blobPath(hash)) blobs.push({ hash, size, lastModified });
  }
  return blobs;
}
