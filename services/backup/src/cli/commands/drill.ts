import type { Command } from "commander";
import { EXIT } from "../../exit-codes";
import type { DrillResult } from "../../operations";
import { duration, snapshotIdOrLatest, wholeNumber } from "../arguments";
import type { Outcome, Run } from "../command";
import { ending } from "../help";
import { formatNumberOf, formatSeconds, formatTime } from "../output/format";

export function addDrill(program: Command, run: Run): void {
  program
    .command("drill")
    .summary("Prove that a snapshot can be restored.")
    .description("Restore a snapshot into a scratch database, check it and its files, and keep the signed result.")
    .argument("[snapshot]", "id of the snapshot, or latest, which may be a partial one", snapshotIdOrLatest, "latest")
    .option("--sample <n>", "files that are read and compared with their SHA-1", wholeNumber)
    .addHelpText(
      "after",
      ending(
        ["moodle-backup drill", "moodle-backup drill latest --sample 5000"],
        [EXIT.noRepository, EXIT.wrongKey, EXIT.drillFailed],
      ),
    )
    .action((snapshot: string, { sample }: { readonly sample?: number }, command: Command) =>
      run(command, async (session) => {
        const { operations, configuration } = session;
        return outcome(
          await operations.runDrill({
            ...(await session.common()),
            signingSecret: session.signingSecret(),
            server: await session.scratchServer(),
            scratch: configuration.scratchDirectory,
            snapshot,
            sample: sample ?? configuration.drill.sample,
          }),
        );
      }),
    );
}

export function addRequireDrill(program: Command, run: Run): void {
  program
    .command("require-drill")
    .summary("Succeed only where a drill has passed lately.")
    .description(
      "Succeed only where a drill has passed lately, of a snapshot that was recent then: what an upgrade of Moodle may ask first.",
    )
    .argument("<within>", "how long ago it may be, and how old its snapshot may have been, such as 7d", duration)
    .addHelpText("after", ending(["moodle-backup require-drill 7d"], [EXIT.noRepository, EXIT.drillFailed]))
    .action((within: number, _, command: Command) =>
      run(command, async (session) => outcome(await session.operations.requireDrill(await session.common(), within))),
    );
}

function outcome(result: DrillResult): Outcome {
  const { id, snapshot, t0, missing, passed, finishedAt, seconds, references, sampled, failures } = result;
  const lines = [
    `drill ${id} of snapshot ${snapshot} (${formatTime(t0)}) ${passed ? "passed" : "failed"} on ${formatTime(finishedAt)}`,
    `download ${formatSeconds(seconds.download)}, restore ${formatSeconds(seconds.restore)}, checks ${formatSeconds(seconds.checks)}; ${formatNumberOf(references, "file")} there, ${formatNumberOf(sampled, "file")} read`,
    ...(missing === undefined ? [] : [`the snapshot is partial: it lacks ${formatNumberOf(missing, "file")}`]),
    ...failures,
  ];
  return { report: result, text: lines.join("\n"), exitCode: passed ? EXIT.success : EXIT.drillFailed };
}
