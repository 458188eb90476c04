import type { Command } from "commander";
import { EXIT } from "../../exit-codes";
import type { Manifest } from "../../repository/manifest";
import { snapshotIdOrLatest } from "../arguments";
import type { Run } from "../command";
import { ending } from "../help";
import { formatBytes, formatCount, formatTable, formatTime } from "../output/format";
import { summarise } from "../summary";

export function addShow(program: Command, run: Run): void {
  program
    .command("show")
    .summary("Show one snapshot.")
    .description("Show one snapshot: what is in it, and what is missing.")
    .argument("<snapshot>", "id of the snapshot, or latest", snapshotIdOrLatest)
    .addHelpText(
      "after",
      ending(
        ["moodle-backup show latest", "moodle-backup show 01K3V7X2M9QZ4T8RWB6YHNCDEF --json"],
        [EXIT.noRepository],
      ),
    )
    .action((id: string, _, command: Command) =>
      run(command, async (session) => {
        const manifest = await session.operations.readSnapshot(await session.common(), id);
        return { report: manifest, text: describe(manifest) };
      }),
    );
}

function describe(manifest: Manifest): string {
  const { id, status, t0, finishedAt, program, site, database, files, added, missing } = manifest;
  const facts: [string, string][] = [
    ["snapshot", id],
    ["status", status],
    ["moment", formatTime(t0)],
    ["finished", formatTime(finishedAt)],
    ["Moodle", `${site.moodleRelease}, tables ${site.tablePrefix}*`],
    ["database", `${site.engine} ${site.engineVersion}, dump of ${formatBytes(summarise(manifest).databaseBytes)}`],
    ["position", database.position ?? "not recorded"],
    ["rows", formatCount(Object.values(database.rowCounts).reduce((sum, rows) => sum + rows, 0))],
    ["files", `${formatCount(files.references)} of ${formatBytes(files.bytes)}`],
    ["new", `${formatCount(added.blobs)} of ${formatBytes(added.bytes)}`],
    ["made by", program],
  ];
  if (database.cloudSnapshot !== undefined) {
    facts.push(["cloud snapshot", `${database.cloudSnapshot.kind} ${database.cloudSnapshot.id}`]);
  }
  if (missing !== undefined) facts.push(["missing", `${formatCount(missing.blobs)} of ${formatBytes(missing.bytes)}`]);
  const [first = ["", ""], ...rest] = facts;
  return [formatTable(first, rest), ...(missing?.hashes ?? []).map((hash) => `  ${hash}`)].join("\n");
}
