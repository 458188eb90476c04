import type { Command } from "commander";
import { ConfigurationError } from "../../configuration/load";
import { keepsNothing, type RetentionConfiguration } from "../../configuration/retention";
import { EXIT } from "../../exit-codes";
import type { PruneReport } from "../../operations";
import { duration, keepWithin, wholeNumber } from "../arguments";
import type { Outcome, Run } from "../command";
import { ending } from "../help";
import { formatBytes, formatNumberOf } from "../output/format";

interface Options extends RetentionConfiguration {
  readonly graceHours?: number;
  readonly dryRun?: boolean;
  readonly retryLock?: number;
}

export function addPrune(program: Command, run: Run): void {
  program
    .command("prune")
    .summary("Let old snapshots go.")
    .description("Let old snapshots go: mark what is not kept, and delete what an earlier run has marked.")
    .option("--keep-last <n>", "keep the last n snapshots", wholeNumber)
    .option("--keep-hourly <n>", "keep the last of each hour, for n hours that have one", wholeNumber)
    .option("--keep-daily <n>", "keep the last of each day, for n days that have one", wholeNumber)
    .option("--keep-weekly <n>", "keep the last of each week, for n weeks that have one", wholeNumber)
    .option("--keep-monthly <n>", "keep the last of each month, for n months that have one", wholeNumber)
    .option("--keep-yearly <n>", "keep the last of each year, for n years that have one", wholeNumber)
    .option("--keep-within <time>", "keep all of this time before the newest, such as 1y5m7d2h", keepWithin)
    .option("--grace-hours <n>", "hours between marking and deleting", wholeNumber)
    .option("--dry-run", "say what would be done")
    .option("--retry-lock <time>", "wait this long for another run to end", duration)
    .addHelpText(
      "after",
      ending(
        ["moodle-backup prune --dry-run", "moodle-backup prune --keep-daily 14 --keep-weekly 8 --keep-monthly 12"],
        [EXIT.noRepository, EXIT.leaseHeld, EXIT.wrongKey],
      ),
    )
    .action(({ graceHours, dryRun, retryLock, ...keep }: Options, command: Command) =>
      run(command, async (session) => {
        const { operations, configuration } = session;
        // Rules on the command line replace those of the configuration, as a whole.
        const retention = Object.keys(keep).length > 0 ? keep : configuration.retention;
        if (keepsNothing(retention)) {
          throw new ConfigurationError([
            "retention: no rule keeps anything; set one in the configuration, or name one such as --keep-daily 14",
          ]);
        }
        return outcome(
          await operations.runPrune({
            ...(await session.writing(retryLock)),
            retention,
            graceHours: graceHours ?? configuration.graceHours,
            dryRun,
          }),
          dryRun === true,
        );
      }),
    );
}

function outcome(report: PruneReport, isDryRun: boolean): Outcome {
  const { kept, marked, deleted, locked } = report;
  const lines = [
    `kept ${formatNumberOf(kept.length, "snapshot")}`,
    `marked ${formatNumberOf(marked.snapshots.length, "snapshot")} and ${formatNumberOf(marked.blobs, "file")} of ${formatBytes(marked.bytes)}: a run after the grace deletes them`,
    `deleted ${formatNumberOf(deleted.snapshots.length, "snapshot")} and ${formatNumberOf(deleted.objects, "object")} of ${formatBytes(deleted.bytes)}`,
  ];
  if (locked > 0)
    lines.push(`${formatNumberOf(locked, "object is", "objects are")} still locked: a later run tries again`);
  return { report, text: (isDryRun ? ["nothing was changed; a run would have:", ...lines] : lines).join("\n") };
}
