import { ulid } from "ulid";
import { DatabaseError, type DatabaseFailure } from "../databases/failure";
import { BackupError, ScratchFull } from "../errors";
import type { DrillOptions } from "../operations";
import { timed } from "../progress";
import type { Manifest } from "../repository/manifest";
import { openForWriting, type WritableRepository } from "../repository/repository";
import { interruptible } from "../repository/session";
import { newestManifest, readManifest } from "../repository/snapshots";
import { fetchDump } from "../restore/dump";
import { withScratch } from "../scratch";
import { PROGRAM } from "../version";
import { type Checked, checkRestored } from "./checks";
import { type DrillResult, writeDrill } from "./result";

/** Failures of the database that say nothing about the snapshot. */
const UNRELATED: ReadonlySet<DatabaseFailure> = new Set([
  "denied",
  "lost",
  "no-space",
  "privilege",
  "timeout",
  "tls",
  "unreachable",
  "unsuitable",
]);

/**
 * Restores a snapshot into a database of its own and checks that the site would be whole. Leaves a signed result, of a
 * failed drill too.
 */
export async function runDrill(options: DrillOptions): Promise<DrillResult> {
  const { store, signal, signingSecret, publicKey } = options;
  return interruptible(signal, async () => {
    const repository = await openForWriting(store, signingSecret, publicKey);
    return withScratch(options.scratch, "drill", repository, (folder) => drill(options, repository, folder));
  });
}

async function drill(options: DrillOptions, repository: WritableRepository, folder: string): Promise<DrillResult> {
  const { clock, signal, snapshot = "latest" } = options;
  // A partial one too: a site that has lost one file must still know that the rest of it can be restored.
  const manifest =
    snapshot === "latest" ? await newestManifest(repository, signal) : await readManifest(repository, snapshot, signal);
  const startedAt = clock.now();
  const id = ulid(startedAt.getTime());
  const seconds = { download: 0, restore: 0, checks: 0 };
  const outcome = await attempt(options, manifest, id, folder, seconds);
  const result: DrillResult = {
    format: 1,
    id,
    repository: repository.config.id,
    snapshot: manifest.id,
    t0: manifest.t0,
    missing: manifest.missing?.blobs,
    moodleVersion: manifest.site.moodleVersion,
    startedAt,
    finishedAt: clock.now(),
    passed: outcome.failures.length === 0,
    failures: outcome.failures,
    seconds,
    references: outcome.references,
    sampled: outcome.sampled,
    program: PROGRAM,
  };
  await writeDrill(repository, result);
  return result;
}

/** What goes wrong with snapshot or database is a result of the drill; what ends the drill itself is thrown. */
async function attempt(
  options: DrillOptions,
  manifest: Manifest,
  id: string,
  folder: string,
  seconds: { download: number; restore: number; checks: number },
): Promise<Checked> {
  const { store, clock, progress, signal } = options;
  const measure = async <T>(step: keyof typeof seconds, work: () => Promise<T>): Promise<T> => {
    const startedAt = clock.elapsed();
    try {
      return await work();
    } finally {
      seconds[step] = Math.round(clock.elapsed() - startedAt) / 1000;
    }
  };
  const database = await options.server.create(id);
  try {
    await timed(progress, "read", () => measure("download", () => fetchDump(store, manifest, folder, signal)));
    await timed(progress, "restore-database", () =>
      measure("restore", () => database.restore({ snapshot: manifest.id, folder, untouched: true, signal })),
    );
    return await timed(progress, "check", () => measure("checks", () => checkRestored(options, manifest, database)));
  } catch (error) {
    if (signal.aborted || !(error instanceof BackupError) || error instanceof ScratchFull) throw error;
    if (error instanceof DatabaseError && UNRELATED.has(error.failure)) throw error;
    return { failures: [error.message], references: 0, sampled: 0 };
  } finally {
    await database.drop();
    await database.close();
  }
}
