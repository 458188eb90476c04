import { listBlobs } from "../blobs/listing";
import { filterBy } from "../blobs/merge";
import { blobKey, DUMPS, dumpFolder, REFERENCES } from "../repository/layout";
import type { Manifest } from "../repository/manifest";
import { unionOf } from "../repository/references";
import type { ObjectInfo, ObjectStore } from "../stores/store";

/** An object that no kept snapshot needs. */
export interface Unneeded {
  readonly key: string;
  readonly size: number;
  readonly lastModified: Date;
  /** By a snapshot that is not kept, but still there. */
  readonly needed: boolean;
}

/** Parts of dumps whose snapshot is not there: let go, or never sealed. */
export async function* unneededDumps(
  store: ObjectStore,
  remaining: readonly Manifest[],
  signal: AbortSignal,
): AsyncIterable<readonly Unneeded[]> {
  const folders = new Set(remaining.map(({ id }) => dumpFolder(id)));
  for await (const page of store.list(DUMPS, { signal })) {
    yield unneeded(page, (key) => folders.has(key.slice(0, key.indexOf("/", DUMPS.length) + 1)));
  }
}

export async function* unneededShards(
  store: ObjectStore,
  remaining: readonly Manifest[],
  signal: AbortSignal,
): AsyncIterable<readonly Unneeded[]> {
  const shards = new Set(remaining.flatMap(({ files }) => files.shards.map(({ sha256 }) => sha256)));
  for await (const page of store.list(REFERENCES, { signal })) {
    yield unneeded(page, (key) => shards.has(key.slice(REFERENCES.length)));
  }
}

/** Blobs that none of `kept` needs; `needed` where one of `remaining` does. */
export async function* unneededBlobs(
  store: ObjectStore,
  kept: readonly Manifest[],
  remaining: readonly Manifest[],
  signal: AbortSignal,
): AsyncIterable<readonly Unneeded[]> {
  const unkept = filterBy(
    listBlobs(store, { signal }),
    unionOf(store, kept, signal),
    (_, reference) => reference === undefined,
  );
  const needed = new Set<string>();
  const looked = filterBy(unkept, unionOf(store, remaining, signal), (blob, reference) => {
    if (reference !== undefined) needed.add(blob.hash);
    return true;
  });
  for await (const page of looked) {
    yield page.map(({ hash, size, lastModified }) => ({
      key: blobKey(hash),
      size,
      lastModified,
      needed: needed.has(hash),
    }));
    needed.clear();
  }
}

function unneeded(page: readonly ObjectInfo[], isNeeded: (key: string) => boolean): Unneeded[] {
  return page
    .filter(({ key }) => !isNeeded(key))
    .map(({ key, size, lastModified }) => ({ key, size, lastModified, needed: false }));
}
