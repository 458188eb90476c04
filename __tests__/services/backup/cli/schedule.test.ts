import { parseAllDocuments } from "yaml";
import { FINAL_EXIT_CODES } from "../../../../services/backup/src/cli/schedule/manifests";
import { configurationSchema } from "../../../../services/backup/src/configuration/schema";
import { EXIT } from "../../../../services/backup/src/exit-codes";
import { parseLine } from "./command-lines";
import { run } from "./fake-world";

const IMAGE = "registry.example.edu/backup:0.1.0";
const BASE = ["schedule", "--image", IMAGE];
const SECRETS = ["--secret", "backup-database:/run/secrets/database", "--secret", "signing:/run/secrets/signing"];
const CLAIM = ["--claim", "moodle-data:/var/moodle/data"];

async function documents(...args: string[]) {
  const { stdout, stderr, exitCode } = await run([...BASE, ...args]);
  expect([stderr, exitCode]).toEqual(["", EXIT.success]);
  return parseAllDocuments(stdout).map((document) => document.toJS());
}

const podOf = (cronJob: { spec: { jobTemplate: { spec: { template: { spec: object } } } } }) =>
  cronJob.spec.jobTemplate.spec.template.spec as {
    containers: { args: string[]; volumeMounts: object[]; securityContext: object }[];
    volumes: object[];
    securityContext: object;
  };

test("a CronJob of each command that is scheduled, and no other", async () => {
  const [configMap, ...cronJobs] = await documents("--snapshot", "15 2 * * *", "--drill", "0 5 * * 6");
  expect(configMap.kind).toBe("ConfigMap");
  expect(cronJobs.map(({ metadata, spec }) => [metadata.name, spec.schedule, spec.concurrencyPolicy])).toEqual([
    ["moodle-backup-snapshot", "15 2 * * *", "Forbid"],
    ["moodle-backup-drill", "0 5 * * 6", "Forbid"],
  ]);
});

test("the configuration that they read is the one of this run", async () => {
  const [configMap] = await documents("--snapshot", "15 2 * * *");
  const configuration = configurationSchema.parse(JSON.parse(configMap.data["config.json"]));
  expect(configuration).toMatchObject({ lockDays: 30, database: { host: "db.example.edu" } });
});

test("what each pod is told to do is a command of this program", async () => {
  const [, ...cronJobs] = await documents(
    ...["snapshot", "verify", "prune", "drill"].flatMap((name) => [`--${name}`, "0 1 * * *"]),
  );
  for (const cronJob of cronJobs) {
    const { args } = podOf(cronJob).containers[0] ?? { args: [] };
    expect(parseLine(`moodle-backup ${args.join(" ")}`)).toEqual([args[0]]);
  }
});

test("secrets and claims are mounted, and nothing can be written to them", async () => {
  const [, cronJob] = await documents("--snapshot", "15 2 * * *", ...SECRETS, ...CLAIM);
  const { volumes, containers } = podOf(cronJob);
  expect(containers[0]?.volumeMounts).toEqual(
    expect.arrayContaining([
      { name: "backup-database", mountPath: "/run/secrets/database", readOnly: true },
      { name: "signing", mountPath: "/run/secrets/signing", readOnly: true },
      { name: "moodle-data", mountPath: "/var/moodle/data", readOnly: true },
    ]),
  );
  expect(volumes).toEqual(
    expect.arrayContaining([
      { name: "signing", secret: { secretName: "signing", defaultMode: 0o440 } },
      { name: "moodle-data", persistentVolumeClaim: { claimName: "moodle-data", readOnly: true } },
    ]),
  );
});

test("pods keep to Pod Security restricted", async () => {
  const [, cronJob] = await documents("--snapshot", "15 2 * * *");
  const { securityContext, containers } = podOf(cronJob);
  expect(securityContext).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 33,
    seccompProfile: { type: "RuntimeDefault" },
  });
  expect(containers[0]?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
});

test("another attempt is made after failures that may pass, and after no other", () => {
  expect(FINAL_EXIT_CODES).toEqual([
    EXIT.misconfigured,
    EXIT.incompleteSource,
    EXIT.noRepository,
    EXIT.wrongKey,
    EXIT.referencesMissing,
    EXIT.drillFailed,
  ]);
});

describe("--apply", () => {
  test("gives kubectl what would be printed", async () => {
    const printed = await run([...BASE, "--snapshot", "15 2 * * *"]);
    const { executed, stdout } = await run([...BASE, "--snapshot", "15 2 * * *", "--apply"]);
    expect(executed).toEqual([{ program: "kubectl", args: ["apply", "--filename=-"], input: printed.stdout }]);
    expect(stdout).toBe("applied\n");
  });
});

test.each([
  ["no schedule", [], /nothing is scheduled; name at least one of --snapshot, --verify, --prune, --drill/],
  ["a schedule that is none", ["--snapshot", "daily"], /five cron fields/],
  ["a mount without a folder", ["--snapshot", "0 2 * * *", "--claim", "moodle-data"], /a name and an absolute folder/],
])("refuses %s", async (_, args, message) => {
  const { stderr, exitCode } = await run([...BASE, ...args]);
  expect(stderr).toMatch(message);
  expect(exitCode).toBe(EXIT.misconfigured);
});

test("refuses a schedule without an image", async () => {
  expect((await run(["schedule", "--snapshot", "0 2 * * *"])).exitCode).toBe(EXIT.misconfigured);
});
