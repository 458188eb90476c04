import { type Command, Option } from "commander";
import { EXIT } from "../../exit-codes";
import { snapshotIdOrLatest, webAddress } from "../arguments";
import type { Run } from "../command";
import { ending } from "../help";
import { formatBytes, formatNumberOf, formatSeconds, formatTime } from "../output/format";
import { summarise } from "../summary";

interface Options {
  readonly only?: "database" | "files";
  readonly wwwroot?: string;
  readonly anonymise?: string | true;
  readonly allowPartial?: boolean;
}

export function addRestore(program: Command, run: Run): void {
  program
    .command("restore")
    .summary("Restore a snapshot into empty places.")
    .description("Restore a snapshot into the empty database and the empty bucket or folder that `restore` names.")
    .argument("<snapshot>", "id of the snapshot, or latest", snapshotIdOrLatest)
    .addOption(new Option("--only <part>", "restore one of both").choices(["database", "files"]))
    .option("--wwwroot <url>", "address of the new site, in place of the old one everywhere", webAddress)
    .option("--anonymise [file]", "scrub personal data; a file has rules for tables of plugins")
    .option(
      "--allow-partial",
      "restore a snapshot in which files are missing, without them; latest is then the newest of all",
    )
    .addHelpText(
      "after",
      ending(
        [
          "moodle-backup restore latest",
          "moodle-backup restore latest --only files",
          "moodle-backup restore latest --wwwroot https://staging.example.edu --anonymise",
        ],
        [EXIT.noRepository, EXIT.referencesMissing],
      ),
    )
    .action((snapshot: string, { only, wwwroot, anonymise, allowPartial }: Options, command: Command) =>
      run(command, async (session) => {
        const { operations, configuration } = session;
        const file = typeof anonymise === "string" ? anonymise : configuration.restore.anonymiseFile;
        const isAnonymised = anonymise !== undefined || configuration.restore.anonymise;
        const { manifest, files, milliseconds } = await operations.runRestore({
          ...(await session.common()),
          snapshot,
          database: only === "files" ? undefined : await session.targetDatabase(),
          files: only === "database" ? undefined : await session.targetFiles(),
          scratch: configuration.scratchDirectory,
          wwwroot: wwwroot ?? configuration.restore.wwwroot,
          anonymise: isAnonymised ? await operations.readAnonymiseRules(file) : undefined,
          allowPartial,
        });
        const seconds = milliseconds / 1000;
        return {
          report: { snapshot: summarise(manifest), files, seconds },
          text: [
            `${manifest.id} of ${formatTime(manifest.t0)} is restored, ${formatNumberOf(files.blobs, "file")} of ${formatBytes(files.bytes)}, in ${formatSeconds(seconds)}`,
            ...(only === "files" ? [] : ["cron and mail are off; turn them on when the site is as it should be"]),
          ].join("\n"),
        };
      }),
    );
}
