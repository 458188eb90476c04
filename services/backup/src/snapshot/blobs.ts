import { Copier } from "../blobs/copier";
import { listBlobs } from "../blobs/listing";
import { filterBy } from "../blobs/merge";
import { sha1Of } from "../blobs/sha1";
import { forEachConcurrent, itemsOf, observe } from "../concurrency";
import type { Reference } from "../databases/database";
import type { SnapshotOptions } from "../operations";
import { blobKey } from "../repository/layout";
import type { Manifest } from "../repository/manifest";
import { MissingShard, referencesOf } from "../repository/references";
import type { Session } from "../repository/session";
import { DamagedShard, type ShardFolder, type StoredReference } from "../repository/shards";
import { spool, unspool } from "./spool";

/** Objects under way at once, where nothing else is asked for. */
export const CONCURRENCY = 32;
/** Hashes that a manifest names as missing. */
const NAMED = 1000;

export interface Completion {
  /** Blobs that were in the repository already. */
  readonly unchanged: number;
  readonly missing: Manifest["missing"];
}

/** Brings the blobs of one snapshot into the repository. */
export class BlobRun {
  readonly added = { blobs: 0, bytes: 0 };
  private readonly copier: Copier;

  constructor(
    private readonly options: SnapshotOptions,
    private readonly session: Session,
    retainUntil: Date | undefined,
  ) {
    const { store, files, clock } = options;
    this.copier = new Copier({ store, files, clock, signal: session.signal, keyOf: blobKey, retainUntil });
  }

  /**
   * Copies what is new since the snapshot before; without one, what the repository does not have. What cannot be had may
   * have been deleted meanwhile: only the references of the snapshot itself decide. `path` is of a file on the way.
   */
  async preCopy(
    references: () => AsyncIterable<readonly Reference[]>,
    previous: Manifest | undefined,
    path: string,
  ): Promise<void> {
    const { store } = this.options;
    const { signal } = this.session;
    if (previous !== undefined && (await this.spoolRecent(references(), previous, path))) {
      return this.forEach(unspool(path), async (reference) => {
        const present = await store.head(blobKey(reference.hash), { signal });
        if (present === undefined) await this.copyEarly(reference);
      });
    }
    await spool(
      path,
      filterBy(references(), listBlobs(store, { signal }), (_, blob) => blob === undefined),
    );
    await this.forEach(unspool(path), (reference) => this.copyEarly(reference));
  }

  /** False where the references of the snapshot before cannot be read. */
  private async spoolRecent(
    references: AsyncIterable<readonly Reference[]>,
    { files }: Manifest,
    path: string,
  ): Promise<boolean> {
    const { store, progress } = this.options;
    const before = referencesOf(store, files, this.session.signal);
    try {
      await spool(
        path,
        filterBy(references, before, (_, old) => old === undefined),
      );
      return true;
    } catch (error) {
      if (!(error instanceof DamagedShard || error instanceof MissingShard)) throw error;
      progress({ kind: "warning", message: error.message });
      return false;
    }
  }

  private async copyEarly(reference: Reference): Promise<void> {
    if ((await this.copier.copy(reference)) !== undefined) return;
    this.count(reference);
    this.options.progress({ kind: "advance", phase: "pre-copy", objects: 1, bytes: reference.size });
  }

  /** Compares all references with the repository's listing, and copies what is not there. */
  async complete(references: ShardFolder): Promise<Completion> {
    const { store, progress } = this.options;
    const { signal } = this.session;
    let total = 0;
    const listed = observe(references.references(), (page) => {
      total += page.length;
      const bytes = page.reduce((sum, { size }) => sum + size, 0);
      progress({ kind: "advance", phase: "copy", objects: page.length, bytes });
    });
    const before = this.added.blobs;
    let missing: { blobs: number; bytes: number; hashes: string[] } | undefined;
    const doubtful = filterBy(listed, listBlobs(store, { signal }), ({ size }, blob) => blob?.size !== size);
    await this.forEach(doubtful, async (reference) => {
      if (await this.settle(reference)) return;
      missing ??= { blobs: 0, bytes: 0, hashes: [] };
      missing.blobs++;
      missing.bytes += reference.size;
      if (missing.hashes.length < NAMED) missing.hashes.push(reference.hash);
    });
    missing?.hashes.sort();
    return { unchanged: total - (this.added.blobs - before) - (missing?.blobs ?? 0), missing };
  }

  /** A blob of another size than `mdl_files` says is read: Moodle's figure may be wrong, or the blob cut short. */
  private async settle(reference: StoredReference): Promise<boolean> {
    const { store, progress } = this.options;
    const { signal } = this.session;
    const key = blobKey(reference.hash);
    if ((await store.head(key, { signal })) !== undefined) {
      if ((await sha1Of(store, key, { size: reference.size, signal })) === reference.hash) return true;
      progress({ kind: "warning", message: `${key} was damaged in the repository and is copied again` });
    }
    return this.copy(reference);
  }

  private async copy(reference: Reference): Promise<boolean> {
    const { progress } = this.options;
    const outcome = await this.copier.copy(reference);
    if (outcome !== undefined) {
      progress({ kind: "warning", message: `Moodle has lost ${reference.hash}`, fields: { places: outcome.lost } });
      return false;
    }
    this.count(reference);
    return true;
  }

  private count({ size }: Reference): void {
    this.added.blobs++;
    this.added.bytes += size;
  }

  private forEach<T>(pages: AsyncIterable<readonly T[]>, work: (item: T) => Promise<unknown>): Promise<void> {
    return forEachConcurrent(itemsOf(pages), this.options.concurrency ?? CONCURRENCY, async (item) => {
      this.session.signal.throwIfAborted();
      await work(item);
    });
  }
}
