import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ulid } from "ulid";
import { together } from "../concurrency";
import type { SiteFacts } from "../databases/database";
import { warnOfLeftOut } from "../databases/left-out";
import { BackupError } from "../errors";
import type { SnapshotOptions, SnapshotReport } from "../operations";
import { timed } from "../progress";
import type { DumpPart, Manifest } from "../repository/manifest";
import { type Session, withLease } from "../repository/session";
import { ShardFolder } from "../repository/shards";
import { readManifest, seal, snapshotIds } from "../repository/snapshots";
import { withScratch } from "../scratch";
import { PROGRAM } from "../version";
import { BlobRun } from "./blobs";
import { dumpDatabase } from "./dump";
import { checkLock, extendLocks, lockEnd } from "./locks";
import { uploadShards } from "./upload-shards";

/** Processors that a dump keeps busy. Where there are no more, the references wait for its end: the view stays open. */
const DUMPING = 4;

/** Makes a snapshot. DESIGN.md explains the order. */
export async function runSnapshot(options: SnapshotOptions): Promise<SnapshotReport> {
  return withLease("snapshot", options, (session) =>
    withScratch(options.scratch, "snapshot", session.repository, (scratch) =>
      new SnapshotRun(options, session, scratch).run(),
    ),
  );
}

/** What the database says of T0. */
interface Capture {
  readonly id: string;
  readonly t0: Date;
  readonly position: string | undefined;
  readonly parts: DumpPart[];
  readonly references: ShardFolder;
  readonly rowCounts: Record<string, number>;
  readonly cloudSnapshot: Manifest["database"]["cloudSnapshot"];
}

class SnapshotRun {
  private readonly incomplete: string[] = [];
  private readonly lockDays: number;
  private readonly retainUntil: Date | undefined;

  constructor(
    private readonly options: SnapshotOptions,
    private readonly session: Session,
    private readonly scratch: string,
  ) {
    this.lockDays = options.lockDays ?? 0;
    this.retainUntil = this.lockDays === 0 ? undefined : lockEnd(session.lease.acquiredAt, this.lockDays);
  }

  async run(): Promise<SnapshotReport> {
    const { options, session, retainUntil } = this;
    const { progress, store, database } = options;
    const site = await timed(progress, "preflight", () => this.preflight());
    const blobs = new BlobRun(options, session, retainUntil);
    await timed(progress, "pre-copy", async () => {
      const references = () => database.references(session.signal);
      await blobs.preCopy(references, await this.previous(), join(this.scratch, "recent"));
    });
    const capture = await this.capture();
    const { unchanged, missing } = await timed(progress, "copy", () => blobs.complete(capture.references));
    await uploadShards({ store, progress, signal: session.signal, retainUntil }, capture.references);
    const lockExtensions = await timed(progress, "lock", () =>
      extendLocks(session, this.lockDays, options.concurrency),
    );
    const manifest = this.describe(site, capture, blobs.added, missing);
    await timed(progress, "seal", async () => {
      await session.lease.check();
      await seal(session.repository, manifest, retainUntil);
    });
    return { manifest, unchanged, incomplete: this.incomplete, lockExtensions };
  }

  private async preflight(): Promise<SiteFacts> {
    const site = await this.options.database.preflight(this.session.signal);
    warnOfLeftOut(site, this.options.progress);
    await this.options.files.preflight(site);
    await checkLock(this.session, this.lockDays);
    return site;
  }

  /** The newest snapshot; nothing where there is none, or none that can be read: then the listing is compared. */
  private async previous(): Promise<Manifest | undefined> {
    const { repository, signal } = this.session;
    const newest = (await snapshotIds(repository, signal)).at(-1);
    if (newest === undefined) return undefined;
    try {
      return await readManifest(repository, newest, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BackupError)) throw error;
      this.options.progress({ kind: "warning", message: error.message });
      return undefined;
    }
  }

  private async capture(): Promise<Capture> {
    const { options, session, retainUntil, scratch } = this;
    const { store, progress } = options;
    const snapshot = await options.database.snapshot(session.signal);
    const id = ulid(snapshot.t0.getTime());
    const folder = join(scratch, "dump");
    try {
      await mkdir(folder);
      const [references, parts, rowCounts, cloudSnapshot] = await together(
        session.signal,
        (
          signal,
        ): [
          Promise<ShardFolder>,
          Promise<DumpPart[]>,
          Promise<Record<string, number>>,
          Promise<Capture["cloudSnapshot"]>,
        ] => {
          const dump = timed(progress, "dump", () =>
            dumpDatabase({ store, snapshot, id, folder, progress, signal, retainUntil }),
          );
          const turn = availableParallelism() > DUMPING ? Promise.resolve() : dump.then(() => {});
          const references = () => ShardFolder.write(join(scratch, "refs"), snapshot.references(signal));
          return [
            turn.then(() => timed(progress, "references", references)),
            dump,
            turn.then(() => snapshot.rowCounts(signal)),
            this.cloudSnapshot(id),
          ];
        },
      );
      return { id, t0: snapshot.t0, position: snapshot.position, parts, references, rowCounts, cloudSnapshot };
    } finally {
      await snapshot.close();
    }
  }

  /** An addition: without it, the snapshot is whole. */
  private async cloudSnapshot(id: string): Promise<Capture["cloudSnapshot"]> {
    try {
      return await this.options.cloudSnapshot?.(id);
    } catch (error) {
      const message = `the cloud made no snapshot of the instance: ${(error as Error).message}`;
      this.incomplete.push(message);
      this.options.progress({ kind: "warning", message });
      return undefined;
    }
  }

  private describe(
    { engine, engineVersion, moodleRelease, moodleVersion, tablePrefix }: SiteFacts,
    { id, t0, position, parts, references, rowCounts, cloudSnapshot }: Capture,
    added: Manifest["added"],
    missing: Manifest["missing"],
  ): Manifest {
    const { repository, lease } = this.session;
    const { shards } = references;
    return {
      format: 1,
      id,
      repository: repository.config.id,
      status: missing === undefined ? "complete" : "partial",
      t0,
      finishedAt: this.options.clock.now(),
      fencingToken: lease.token,
      program: PROGRAM,
      site: { engine, engineVersion, moodleRelease, moodleVersion, tablePrefix },
      database: { position, parts, rowCounts, cloudSnapshot },
      files: {
        references: shards.reduce((sum, shard) => sum + shard.references, 0),
        bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0),
        shards,
      },
      added,
      missing,
    };
  }
}
