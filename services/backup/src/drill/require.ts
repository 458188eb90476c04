import { BackupError } from "../errors";
import { EXIT } from "../exit-codes";
import type { Common } from "../operations";
import { openRepository } from "../repository/repository";
import { type DrillResult, readDrills } from "./result";

/**
 * The newest drill, where it has passed and is no older than `seconds`. For a gate before an upgrade.
 *
 * @throws BackupError with exit code 21 where it failed, is older, or is none of this repository
 */
export async function requireDrill({ store, publicKey, clock, signal }: Common, seconds: number): Promise<DrillResult> {
  const repository = await openRepository(store, publicKey);
  for await (const drill of readDrills(repository, signal)) {
    const at = drill.finishedAt.toISOString();
    if (!drill.passed) {
      throw new BackupError(`the drill of ${at} failed: ${drill.failures.join("; ")}`, EXIT.drillFailed);
    }
    if (clock.now().getTime() - drill.finishedAt.getTime() > seconds * 1000) {
      throw new BackupError(
        `the last drill ended at ${at}, longer ago than required; run moodle-backup drill`,
        EXIT.drillFailed,
      );
    }
    return drill;
  }
  throw new BackupError(`${store.name} holds no drill; run moodle-backup drill`, EXIT.drillFailed);
}
