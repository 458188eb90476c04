import type { Clock } from "../clock";
import { Budget } from "../concurrency";
import type { Reference } from "../databases/database";
import { BackupError } from "../errors";
import type { BlobPlace, FileSource } from "../sources/files";
import { persist } from "../stores/persist";
import { isStoreFailure, type ObjectStore, StoreError } from "../stores/store";
import { SMALL, sha1Of } from "./sha1";

export interface CopierOptions {
  readonly store: ObjectStore;
  readonly files: FileSource;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Key of a blob where it is brought. */
  readonly keyOf: (hash: string) => string;
  /** Lock of what is written. @default the bucket's own */
  readonly retainUntil?: Date;
  /** Whether the store's `flush` brings to the disk what is written. @default false: each blob is there at once */
  readonly flushLater?: boolean;
}

/** Nothing when the blob is where it shall be; else why each place does not have it. */
export type CopyOutcome = { readonly lost: readonly string[] } | undefined;

/** Bytes of blobs in memory at once: a large one weighs what the parts of its upload take. */
const MEMORY = 96 * 1024 * 1024;
const HEAVIEST = 32 * 1024 * 1024;
/** Of copies that a service has compared only with their source, one in so many is read. */
const SAMPLE = 100;

/** Brings blobs from one place to another: into a repository, or out of it. What it says is there has the right SHA-1. */
export class Copier {
  private readonly memory = new Budget(MEMORY);
  private serviceCopies = true;

  constructor(private readonly options: CopierOptions) {}

  /** Fails where source or repository fail for good: a source that does not answer has lost nothing. */
  async copy(reference: Reference): Promise<CopyOutcome> {
    return persist(() => this.tryPlaces(reference), this.options);
  }

  private async tryPlaces(reference: Reference): Promise<CopyOutcome> {
    const lost: string[] = [];
    for await (const place of this.options.files.places(reference.hash, reference, this.options.signal)) {
      try {
        await this.copyFrom(place, reference);
        return undefined;
      } catch (error) {
        if (!isAbsence(error, place.store)) throw error;
        lost.push(`${place.store.name} ${place.key}: ${error.failure}`);
      }
    }
    return { lost };
  }

  private async copyFrom(place: BlobPlace, { hash, size }: Reference): Promise<void> {
    const { store } = this.options;
    if (this.serviceCopies && store.canCopyFrom(place.store, size)) return this.copyByService(place, hash, size);
    return this.bring(place, hash, size);
  }

  private async copyByService(place: BlobPlace, hash: string, size: number): Promise<void> {
    const { store, retainUntil, signal } = this.options;
    const key = this.options.keyOf(hash);
    const { versionId } = place;
    const { sha1, verified } = await store.copyFrom(place.store, place.key, key, {
      versionId,
      size,
      retainUntil,
      signal,
    });
    if (sha1 === undefined && !verified) this.serviceCopies = false;
    const sampled = sha1 === undefined && (!verified || Math.random() * SAMPLE < 1);
    const actual = sampled ? await sha1Of(store, key, { signal, size }) : (sha1 ?? hash);
    if (actual === hash) return;
    const [undeleted] = await store.delete([key], { signal });
    if (undeleted !== undefined)
      throw new BackupError(`${key} has the SHA-1 ${actual}, and stays: ${undeleted.error.message}`);
    throw new StoreError("corrupt", place.store.name, `${place.store.name}: ${place.key} has the SHA-1 ${actual}`);
  }

  /** A small blob goes through memory, written by one request that its checksum guards. */
  private async bring(place: BlobPlace, hash: string, size: number): Promise<void> {
    const { store, retainUntil, flushLater, signal } = this.options;
    const key = this.options.keyOf(hash);
    const { versionId } = place;
    const options = { checksum: { algorithm: "sha1", value: hash }, retainUntil, flushLater, signal } as const;
    await this.memory.use(Math.min(size, HEAVIEST), async () => {
      const { content } = size > SMALL ? {} : await place.store.read(place.key, { versionId, signal, atMost: SMALL });
      if (content !== undefined) {
        await store.put(key, content, options);
        return;
      }
      const { state, body } = await place.store.get(place.key, { versionId, signal });
      try {
        await store.putStream(key, body, { ...options, size: state.size });
      } finally {
        body.destroy();
      }
    });
  }
}

/** The place does not have the blob, or not whole. Another may. */
function isAbsence(error: unknown, source: ObjectStore): error is StoreError {
  if (isStoreFailure(error, "corrupt")) return true;
  return isStoreFailure(error, "not-found", "archived", "denied") && error.store === source.name;
}
