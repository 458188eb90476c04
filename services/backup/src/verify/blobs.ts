import { listBlobs, PREFIXES } from "../blobs/listing";
import { filterBy } from "../blobs/merge";
import { sha1Of } from "../blobs/sha1";
import { forEachConcurrent, itemsOf, observe } from "../concurrency";
import type { Finding } from "../operations";
import type { Progress } from "../progress";
import { blobKey } from "../repository/layout";
import type { StoredReference } from "../repository/shards";
import { isStoreFailure, type ObjectStore } from "../stores/store";
import { versionsOf } from "../stores/whole";
import type { Findings } from "./findings";

export interface BlobCheck {
  readonly store: ObjectStore;
  readonly findings: Findings;
  readonly progress: Progress;
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

/** Compares references with the listing. Gives their number. */
export async function checkBlobs(
  { store, findings, progress, concurrency, signal }: BlobCheck,
  references: AsyncIterable<readonly StoredReference[]>,
): Promise<number> {
  let total = 0;
  const seen = observe(references, ({ length }) => {
    total += length;
    progress({ kind: "advance", phase: "check", objects: length, bytes: 0 });
  });
  const doubtful = filterBy(seen, listBlobs(store, { signal }), ({ size }, blob) => blob?.size !== size);
  await forEachConcurrent(itemsOf(doubtful), concurrency, async ({ hash, size }) => {
    signal.throwIfAborted();
    const problem = await diagnose(store, hash, size, signal);
    if (problem !== undefined) findings.add({ problem, what: "blob", key: blobKey(hash), snapshots: [] });
  });
  return total;
}

/** Reads blobs and compares them with their SHA-1. Gives what was read. */
export async function readBlobs(
  { store, findings, progress, concurrency, signal }: BlobCheck,
  references: AsyncIterable<readonly StoredReference[]>,
  prefixes: readonly string[],
): Promise<{ objects: number; bytes: number }> {
  const total = { objects: 0, bytes: 0 };
  const needed = filterBy(
    listBlobs(store, { signal, prefixes: prefixes.length === PREFIXES.length ? undefined : prefixes }),
    references,
    (_, reference) => reference !== undefined,
  );
  await forEachConcurrent(itemsOf(needed), concurrency, async ({ hash, size }) => {
    signal.throwIfAborted();
    const problem = await read(store, hash, size, signal);
    if (problem !== undefined) findings.add({ problem, what: "blob", key: blobKey(hash), snapshots: [] });
    total.objects++;
    total.bytes += size;
    progress({ kind: "advance", phase: "read", objects: 1, bytes: size });
  });
  return total;
}

/** What is wrong with a blob that is not listed, or not with the size that `mdl_files` says. */
async function diagnose(
  store: ObjectStore,
  hash: string,
  size: number,
  signal: AbortSignal,
): Promise<Finding["problem"] | undefined> {
  const key = blobKey(hash);
  if ((await store.head(key, { signal })) !== undefined) return read(store, hash, size, signal);
  for await (const versionId of versionsOf(store, key, signal)) {
    if ((await sha1Of(store, key, { versionId, size, signal })) === hash) return "hidden";
  }
  return "missing";
}

async function read(
  store: ObjectStore,
  hash: string,
  size: number,
  signal: AbortSignal,
): Promise<Finding["problem"] | undefined> {
  try {
    return (await sha1Of(store, blobKey(hash), { size, signal })) === hash ? undefined : "damaged";
  } catch (error) {
    if (isStoreFailure(error, "not-found")) return "missing";
    if (isStoreFailure(error, "archived", "denied")) return "unreadable";
    throw error;
  }
}
