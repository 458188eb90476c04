import type { Command } from "commander";
import { shareOf } from "../../configuration/schema";
import { EXIT } from "../../exit-codes";
import type { Finding, VerifyReport } from "../../operations";
import { percentage, snapshotIds } from "../arguments";
import type { Outcome, Run } from "../command";
import { ending } from "../help";
import { formatBytes, formatNumberOf } from "../output/format";

interface Options {
  readonly readDataSubset?: number;
  readonly record?: boolean;
}

export function addVerify(program: Command, run: Run): void {
  program
    .command("verify")
    .summary("Check that everything is there and undamaged.")
    .description("Check that everything the snapshots need is there; and read a share of it, to compare checksums.")
    .argument("[snapshot...]", "ids of the snapshots; all where none is named", snapshotIds)
    .option("--read-data-subset <share>", "read dumps and this share of all files, such as 5%", percentage)
    .option("--record", "sign the result and record it in the repository: the next run reads on from there")
    .addHelpText(
      "after",
      ending(
        [
          "moodle-backup verify",
          "moodle-backup verify --read-data-subset 5% --record",
          "moodle-backup verify --read-data-subset 100%",
        ],
        [EXIT.noRepository, EXIT.wrongKey, EXIT.referencesMissing],
      ),
    )
    .action((ids: string[], { readDataSubset, record }: Options, command: Command) =>
      run(command, async (session) => {
        const share = readDataSubset ?? shareOf(session.configuration.readDataSubset);
        return outcome(
          await session.operations.runVerify({
            ...(await session.common()),
            snapshots: ids.length === 0 ? undefined : ids,
            readShare: share,
            signingSecret: record === true ? session.signingSecret() : undefined,
          }),
        );
      }),
    );
}

function outcome(report: VerifyReport): Outcome {
  const { snapshots, blobs, read, findings, furtherFindings } = report;
  const problems = findings.length + furtherFindings;
  const lines = [
    ...findings.map(describe),
    ...(furtherFindings > 0 ? [`and ${formatNumberOf(furtherFindings, "more finding")}`] : []),
    `${formatNumberOf(snapshots, "snapshot")}, ${formatNumberOf(blobs, "file")}; read ${formatNumberOf(read.objects, "object")} of ${formatBytes(read.bytes)}`,
    problems === 0 ? "everything is there" : `${formatNumberOf(problems, "problem")} found`,
  ];
  return { report, text: lines.join("\n"), exitCode: problems === 0 ? EXIT.success : EXIT.referencesMissing };
}

function describe({ problem, what, key, snapshots }: Finding): string {
  const needed = snapshots.length === 0 ? "" : `, needed by ${snapshots.join(", ")}`;
  return `${problem} ${what}: ${key}${needed}`;
}
