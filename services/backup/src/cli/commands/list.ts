import type { Command } from "commander";
import { EXIT } from "../../exit-codes";
import type { UnreadableSnapshot } from "../../repository/inspect";
import type { Manifest } from "../../repository/manifest";
import type { Run } from "../command";
import { ending } from "../help";
import { formatBytes, formatCount, formatNumberOf, formatTable, formatTime } from "../output/format";
import { summarise } from "../summary";

const HEADER = ["id", "moment", "status", "files", "size", "database", "moodle"];

export function addList(program: Command, run: Run): void {
  program
    .command("list")
    .description("List the snapshots, oldest first.")
    .addHelpText(
      "after",
      ending(
        ["moodle-backup list", "moodle-backup list --json | tail -n 1 | jq '.report.snapshots[].id'"],
        [EXIT.noRepository],
      ),
    )
    .action((_, command: Command) =>
      run(command, async (session) => {
        const snapshots = await session.operations.listSnapshots(await session.common());
        const unreadable = snapshots.filter((snapshot) => "problem" in snapshot).length;
        const table = formatTable(HEADER, snapshots.map(row));
        return {
          report: {
            snapshots: snapshots.map((snapshot) => ("problem" in snapshot ? snapshot : summarise(snapshot))),
          },
          text: `${table}\n${formatNumberOf(snapshots.length, "snapshot")}`,
          exitCode: unreadable > 0 ? EXIT.failed : EXIT.success,
        };
      }),
    );
}

function row(snapshot: Manifest | UnreadableSnapshot): string[] {
  if ("problem" in snapshot) return [snapshot.id, "", "unreadable", "", "", "", snapshot.problem];
  const { id, status, t0, site, files, databaseBytes } = summarise(snapshot);
  return [
    id,
    formatTime(t0),
    status,
    formatCount(files.references),
    formatBytes(files.bytes),
    formatBytes(databaseBytes),
    site.moodleRelease,
  ];
}
