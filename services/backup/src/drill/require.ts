import { BackupError } from "../errors";
import { EXIT } from "../exit-codes";
import type { Common } from "../operations";
import { openRepository } from "../repository/repository";
import { type DrillResult, readDrills } from "./result";

/**
 * The newest drill that ended no longer ago than `seconds`, of a snapshot that was no older than that when it ended. For a
 * gate before an upgrade. A drill of an older snapshot proves nothing of the site as it is; nor does it undo a proof.
 *
 * @throws BackupError with exit code 21 where there is none in this repository, or a newer one failed
 */
export async function requireDrill({ store, publicKey, clock, signal }: Common, seconds: number): Promise<DrillResult> {
  const repository = await openRepository(store, publicKey);
  const isWithin = (from: Date, to: Date) => to.getTime() - from.getTime() <= seconds * 1000;
  let ofOldSnapshot: DrillResult | undefined;
  for await (const drill of readDrills(repository, signal)) {
    const at = drill.finishedAt.toISOString();
    if (!drill.passed) {
      throw new BackupError(`the drill of ${at} failed: ${drill.failures.join("; ")}`, EXIT.drillFailed);
    }
    if (!isWithin(drill.finishedAt, clock.now())) {
      if (ofOldSnapshot !== undefined) break;
      throw new BackupError(
        `the last drill ended at ${at}, longer ago than required; run moodle-backup drill`,
        EXIT.drillFailed,
      );
    }
    if (isWithin(drill.t0, drill.finishedAt)) return drill;
    ofOldSnapshot ??= drill;
  }
  if (ofOldSnapshot !== undefined) {
    const { finishedAt, t0 } = ofOldSnapshot;
    throw new BackupError(
      `the drill that ended at ${finishedAt.toISOString()} was of a snapshot of ${t0.toISOString()}, older than required; run moodle-backup snapshot, then moodle-backup drill`,
      EXIT.drillFailed,
    );
  }
  throw new BackupError(`${store.name} holds no drill; run moodle-backup drill`, EXIT.drillFailed);
}
