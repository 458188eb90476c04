import { type Command, InvalidArgumentError } from "commander";
import { ConfigurationError } from "../../configuration/load";
import { BackupError } from "../../errors";
import { wholeNumber } from "../arguments";
import type { Run } from "../command";
import { ending } from "../help";
import { type Mount, manifests, SCHEDULED, type ScheduledCommand } from "../schedule/manifests";

interface Options {
  readonly image: string;
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  readonly timeZone: string;
  readonly secret: readonly Mount[];
  readonly claim: readonly Mount[];
  readonly scratchGb: number;
  readonly apply?: boolean;
  readonly snapshot?: string;
  readonly verify?: string;
  readonly prune?: string;
  readonly drill?: string;
}

export function addSchedule(program: Command, run: Run): void {
  const command = program
    .command("schedule")
    .summary("Print or apply CronJobs.")
    .description("Print the CronJobs of a schedule, for clusters without the platform's chart; or apply them.")
    .requiredOption("--image <image>", "image of this program, by digest or tag")
    .option("--namespace <namespace>", "namespace in which Moodle runs", "moodle")
    .option("--name <name>", "first part of all names", "moodle-backup")
    .option("--service-account <name>", "account under which pods reach the buckets", "moodle-backup");
  for (const name of Object.keys(SCHEDULED))
    command.option(`--${name} <cron>`, `when ${name} runs, five cron fields`, cron);
  command
    .option("--time-zone <zone>", "time zone of the schedules", "Etc/UTC")
    .option("--secret <name:folder>", "mount a Secret there; may be repeated", mount, [])
    .option("--claim <name:folder>", "mount a PersistentVolumeClaim there, read-only; may be repeated", mount, [])
    .option("--scratch-gb <n>", "space for dumps on the node's disk, in GiB", wholeNumber, 20)
    .option("--apply", "apply them by kubectl in place of printing them")
    .addHelpText(
      "after",
      ending(
        [
          "moodle-backup schedule --image registry.example.edu/backup:0.1.0 --snapshot '15 2 * * *' --prune '30 6 * * 0'",
          "moodle-backup schedule --image registry.example.edu/backup:0.1.0 --snapshot '15 2 * * *' --secret backup-database:/run/secrets/database --claim moodle-data:/var/moodle/data --apply",
        ],
        [],
      ),
    )
    .action((options: Options, self: Command) =>
      run(self, async (session) => {
        const { secret: secrets, claim: claims, ...rest } = options;
        const documents = manifests(session.configuration, {
          ...rest,
          secrets,
          claims,
          schedules: schedulesOf(options),
        });
        const { stringify } = await import("yaml");
        const yaml = documents.map((document) => stringify(document, { lineWidth: 0 })).join("---\n");
        if (options.apply !== true) return { report: { manifests: documents }, text: yaml.trimEnd() };
        const { output, exitCode } = await session.world.execute("kubectl", ["apply", "--filename=-"], yaml);
        if (exitCode !== 0) throw new BackupError(`kubectl ended with exit code ${exitCode}; it says why above`);
        return { report: { manifests: documents }, text: output.trimEnd() };
      }),
    );
}

function schedulesOf(options: Options): Partial<Record<ScheduledCommand, string>> {
  const names = Object.keys(SCHEDULED) as ScheduledCommand[];
  const schedules = Object.fromEntries(
    names.map((name) => [name, options[name]]).filter(([, cron]) => cron !== undefined),
  );
  if (Object.keys(schedules).length > 0) return schedules;
  throw new ConfigurationError([
    `nothing is scheduled; name at least one of ${names.map((name) => `--${name}`).join(", ")}`,
  ]);
}

function cron(text: string): string {
  if (/^[0-9*,/-]+( [0-9A-Za-z*,/-]+){4}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be five cron fields, such as '15 2 * * *'.");
}

function mount(text: string, previous: readonly Mount[]): Mount[] {
  const [, name, path] = /^([a-z0-9][a-z0-9.-]*):(\/.+)$/.exec(text) ?? [];
  if (name === undefined || path === undefined) {
    throw new InvalidArgumentError("It must be a name and an absolute folder, such as moodle-data:/var/moodle/data.");
  }
  return [...previous, { name, path }];
}
