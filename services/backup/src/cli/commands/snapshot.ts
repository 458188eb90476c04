import type { Command } from "commander";
import { EXIT, type ExitCode } from "../../exit-codes";
import type { SnapshotReport } from "../../operations";
import { duration, wholeNumber } from "../arguments";
import type { Outcome, Run } from "../command";
import { ending } from "../help";
import { formatBytes, formatNumberOf } from "../output/format";
import { summarise } from "../summary";

interface Options {
  readonly init?: boolean;
  readonly lockDays?: number;
  readonly retryLock?: number;
  readonly allowIncomplete?: boolean;
  readonly allowPartial?: boolean;
}

export function addSnapshot(program: Command, run: Run): void {
  program
    .command("snapshot")
    .summary("Back up database and files.")
    .description("Back up the database, and every file that it refers to at that moment.")
    .option("--init", "make the repository first where there is none")
    .option("--lock-days <n>", "days during which nobody can delete what the snapshot needs", wholeNumber)
    .option("--retry-lock <time>", "wait this long for another run to end", duration)
    .option(
      "--allow-incomplete",
      "end with 0 where the snapshot is whole, though something beside it could not be done",
    )
    .option("--allow-partial", "end with 0 where the snapshot lacks files that Moodle has lost")
    .addHelpText(
      "after",
      ending(
        ["moodle-backup snapshot", "moodle-backup snapshot --init --retry-lock 1h --json"],
        [EXIT.incompleteSource, EXIT.noRepository, EXIT.leaseHeld, EXIT.wrongKey, EXIT.referencesMissing],
      ),
    )
    .action(({ init, lockDays, retryLock, ...allowed }: Options, command: Command) =>
      run(command, async (session) => {
        const { operations, configuration, world } = session;
        const writing = await session.writing(retryLock);
        if (init === true) await operations.initialise(writing.store, writing.signingSecret, world.clock.now());
        return outcome(
          await operations.runSnapshot({
            ...writing,
            database: await session.source(),
            files: await session.files(),
            scratch: configuration.scratchDirectory,
            lockDays: lockDays ?? configuration.lockDays,
            cloudSnapshot: await session.cloudSnapshot(),
          }),
          allowed,
        );
      }),
    );
}

function outcome(
  { manifest, unchanged, incomplete, lockExtensions }: SnapshotReport,
  { allowIncomplete = false, allowPartial = false }: Options,
): Outcome {
  const { id, status, files, added, missing } = manifest;
  const summary = summarise(manifest);
  const lines = [
    `${id} is ${status}: ${formatNumberOf(files.references, "file")} of ${formatBytes(files.bytes)}, database ${formatBytes(summary.databaseBytes)}`,
    `${formatNumberOf(added.blobs, "new file")} of ${formatBytes(added.bytes)}, ${formatNumberOf(unchanged, "file")} unchanged`,
  ];
  if (missing !== undefined) {
    lines.push(
      `${formatNumberOf(missing.blobs, "file")} of ${formatBytes(missing.bytes)} that the database refers to could not be found anywhere; moodle-backup show ${id} names them`,
    );
  }
  lines.push(...incomplete);
  return {
    report: { ...summary, unchanged, incomplete, lockExtensions },
    text: lines.join("\n"),
    exitCode: exitCode(),
  };

  function exitCode(): ExitCode {
    if (status === "partial" && !allowPartial) return EXIT.referencesMissing;
    return incomplete.length > 0 && !allowIncomplete ? EXIT.incompleteSource : EXIT.success;
  }
}
