import { readAhead } from "../concurrency";
import type { ObjectStore } from "../stores/store";
import { BLOBS, hashOfBlobKey } from "./layout";

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

/** All blobs in the order of their hashes. Stray objects are passed over. */
export function listBlobs(
  store: ObjectStore,
  signal?: AbortSignal,
  prefixes: readonly string[] = PREFIXES,
): AsyncIterable<readonly StoredBlob[]> {
  return readAhead(
    prefixes.map((prefix) => () => listPrefix(store, prefix, signal)),
    PARALLEL,
  );
}

async function* listPrefix(
  store: ObjectStore,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncIterable<readonly StoredBlob[]> {
  for await (const page of store.list(`${BLOBS}${prefix}/`, { signal })) {
    const blobs: StoredBlob[] = [];
    for (const { key, size, lastModified } of page) {
      const hash = hashOfBlobKey(key);
      if (hash !== undefined) blobs.push({ hash, size, lastModified });
    }
    yield blobs;
  }
}
