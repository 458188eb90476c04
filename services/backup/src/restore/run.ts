import { treatmentOf } from "../databases/treatment";
import { BackupError } from "../errors";
import { EXIT } from "../exit-codes";
import type { RestoreOptions, RestoreReport } from "../operations";
import { timed } from "../progress";
import type { Manifest } from "../repository/manifest";
import { referencesOf } from "../repository/references";
import { openRepository, type Repository } from "../repository/repository";
import { interruptible } from "../repository/session";
import { findManifest, newestManifest, readManifest } from "../repository/snapshots";
import { withScratch } from "../scratch";
import { fetchDump } from "./dump";
import { checkBlobs, restoreFiles } from "./files";
import { claim, type Remaining, release } from "./target";

/**
 * Restores files, the database, or both, into places that are empty. Nothing is written before everything that the
 * snapshot needs is known to be there. Files come before the database, so that a site that can be opened is whole; in an
 * anonymised restore the database comes first, and only files that it still refers to follow.
 */
export async function runRestore(options: RestoreOptions): Promise<RestoreReport> {
  return interruptible(options.signal, async () => {
    const repository = await openRepository(options.store, options.publicKey);
    return withScratch(options.scratch, "restore", repository, (scratch) => restore(options, repository, scratch));
  });
}

async function restore(options: RestoreOptions, repository: Repository, scratch: string): Promise<RestoreReport> {
  const { store, files, database, signal, clock, progress, anonymise } = options;
  const startedAt = clock.elapsed();
  if (anonymise !== undefined && files !== undefined && database === undefined) {
    throw new BackupError(
      "files alone cannot be anonymised: the database says which of them are; give a target for it",
    );
  }
  const manifest = await manifestFor(options, repository);

  const references = () => referencesOf(store, manifest.files, signal);
  const missing = await timed(progress, "check", async () =>
    files === undefined ? new Set<string>() : checkBlobs(options, references()),
  );
  const remaining = await claim({ files, database }, manifest.id, treatmentOf(options));
  const restoreDatabase = () =>
    timed(progress, "restore-database", () => bringDatabase(options, manifest, remaining, scratch));
  if (anonymise !== undefined) await restoreDatabase();
  const restored =
    files === undefined
      ? { blobs: 0, bytes: 0 }
      : await timed(progress, "restore-files", () =>
          restoreFiles(
            { ...options, files, resumed: remaining.resumed },
            anonymise === undefined || database === undefined ? references() : database.references(signal),
            missing,
          ),
        );
  if (anonymise === undefined) await restoreDatabase();
  await release({ files, database });
  return { manifest, files: restored, milliseconds: Math.round(clock.elapsed() - startedAt) };
}

async function bringDatabase(
  { store, database, wwwroot, anonymise, signal }: RestoreOptions,
  manifest: Manifest,
  remaining: Remaining,
  folder: string,
): Promise<void> {
  if (database === undefined || !remaining.database) return;
  await fetchDump(store, manifest, folder, signal);
  await database.restore({ snapshot: manifest.id, folder, wwwroot, anonymise, signal });
}

async function manifestFor(
  { snapshot, allowPartial = false, progress, signal }: RestoreOptions,
  repository: Repository,
): Promise<Manifest> {
  const isLatest = snapshot === "latest";
  const asked = isLatest ? await newestManifest(repository, signal) : await readManifest(repository, snapshot, signal);
  if (asked.status === "complete" || allowPartial) return asked;
  const { id, t0, missing } = asked;
  const lost = missing?.blobs ?? 0;
  if (!isLatest) {
    throw new BackupError(
      `snapshot ${id} is partial: Moodle had lost ${lost} files; allow it, or restore a complete one`,
      EXIT.referencesMissing,
    );
  }
  const complete = await findManifest(repository, "latest", signal);
  progress({
    kind: "warning",
    message: `snapshot ${id} of ${t0.toISOString()} lacks ${lost} files; the newest complete one is restored, ${complete.id} of ${complete.t0.toISOString()}; --allow-partial takes the newest`,
  });
  return complete;
}
