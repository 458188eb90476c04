import { readAhead } from "../concurrency";
import { BLOBS } from "../repository/layout";
import { blobPath } from "../sources/files";
import type { ObjectStore } from "../stores/store";

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
export function listBlobs(store: ObjectStore, options: ListOptions = {}): AsyncIterable<readonly StoredBlob[]> {
  const { folder = BLOBS, prefixes = PREFIXES, signal } = options;
  return readAhead(
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
  for await (const page of store.list(`${folder}${prefix}/`, { signal })) {
    const blobs: StoredBlob[] = [];
    for (const { key, size, lastModified } of page) {
      const hash = key.slice(key.lastIndexOf("/") + 1);
      if (/^[0-9a-f]{40}$/.test(hash) && key === folder + blobPath(hash)) blobs.push({ hash, size, lastModified });
    }
    yield blobs;
  }
}
