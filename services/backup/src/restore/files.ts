import { Copier } from "../blobs/copier";
import { listBlobs } from "../blobs/listing";
import { filterBy } from "../blobs/merge";
import { sha1Of } from "../blobs/sha1";
import { forEachConcurrent, itemsOf, observe } from "../concurrency";
import { BackupError } from "../errors";
import { EXIT } from "../exit-codes";
import type { RestoreOptions } from "../operations";
import { blobKey } from "../repository/layout";
import type { StoredReference } from "../repository/shards";
import { type BlobPlace, blobPath, type FileSource } from "../sources/files";
import { isStoreFailure, type ObjectStore } from "../stores/store";
import { versionsOf } from "../stores/whole";

const CONCURRENCY = 32;

/** A repository as the place that blobs come from: the latest version, or any that is still there. */
class RepositoryBlobs implements FileSource {
  constructor(private readonly store: ObjectStore) {}

  async preflight(): Promise<void> {}

  async *places(hash: string, _hint: unknown, signal?: AbortSignal): AsyncIterable<BlobPlace> {
    const { store } = this;
    const key = blobKey(hash);
    yield { store, key };
    for await (const versionId of versionsOf(store, key, signal)) yield { store, key, versionId };
  }
}

/** Throws where a blob is in the repository in no version. Gives the hashes of a partial snapshot that it lacks. */
export async function checkBlobs(
  { store, allowPartial = false, concurrency = CONCURRENCY, signal }: RestoreOptions,
  references: AsyncIterable<readonly StoredReference[]>,
): Promise<ReadonlySet<string>> {
  const missing = new Set<string>();
  const absent = filterBy(references, listBlobs(store, { signal }), (_, blob) => blob === undefined);
  await forEachConcurrent(itemsOf(absent), concurrency, async ({ hash }) => {
    for await (const _ of versionsOf(store, blobKey(hash), signal)) return;
    missing.add(hash);
  });
  if (missing.size > 0 && !allowPartial) throw lacking(missing);
  return missing;
}

export interface FilesTarget {
  readonly files: ObjectStore;
  /** Whether an earlier run began, and did not come to its end. */
  readonly resumed: boolean;
}

/**
 * Brings blobs into an empty bucket or folder, or goes on where an earlier run stopped. When it is over, they outlive a
 * power cut.
 */
export async function restoreFiles(
  options: RestoreOptions & FilesTarget,
  references: AsyncIterable<readonly StoredReference[]>,
  missing: ReadonlySet<string>,
): Promise<{ blobs: number; bytes: number }> {
  const { store, files, resumed, clock, signal, progress, concurrency = CONCURRENCY } = options;
  const total = { blobs: 0, bytes: 0 };
  const source = new RepositoryBlobs(store);
  const copier = new Copier({ store: files, files: source, clock, signal, keyOf: blobPath, flushLater: true });
  // What a run that did not end has written, a power cut may have taken: a name can be there without its content.
  const doubtful = resumed && files.flush !== undefined;
  const wanted = observe(references, (page) => {
    for (const { hash, size } of page) {
      if (missing.has(hash)) continue;
      total.blobs++;
      total.bytes += size;
    }
  });
  const absent = filterBy(
    wanted,
    listBlobs(files, { folder: "", signal }),
    ({ hash }, blob) => (blob === undefined || doubtful) && !missing.has(hash),
  );
  const damaged = new Set<string>();
  await forEachConcurrent(itemsOf(absent), concurrency, async (reference) => {
    signal.throwIfAborted();
    const isThere = doubtful && (await isWhole(files, reference, signal));
    if (!isThere && (await copier.copy(reference)) !== undefined) damaged.add(reference.hash);
    progress({ kind: "advance", phase: "restore-files", objects: 1, bytes: reference.size });
  });
  if (damaged.size > 0) throw lacking(damaged);
  await files.flush?.();
  return total;
}

async function isWhole(files: ObjectStore, { hash, size }: StoredReference, signal: AbortSignal): Promise<boolean> {
  try {
    return (await sha1Of(files, blobPath(hash), { size, signal })) === hash;
  } catch (error) {
    if (isStoreFailure(error, "not-found")) return false;
    throw error;
  }
}

function lacking(hashes: ReadonlySet<string>): BackupError {
  const some = [...hashes].sort().slice(0, 5).join(", ");
  return new BackupError(
    `the repository lacks ${hashes.size} of the snapshot's files, or has them damaged: ${some}${hashes.size > 5 ? ", ..." : ""}`,
    EXIT.referencesMissing,
  );
}
