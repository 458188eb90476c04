/** The chart of the backups with the values that its construct gives it: every choice, and what its pods may and may not do. */
import { parseAllDocuments } from "yaml";
import type { DatabaseEndpoint, ObjectStore } from "../../constructs/ports";
import { BackupCronJobs, type BackupCronJobsProps } from "../../constructs/workloads/backup-cron-jobs";
import { manifests as scheduled } from "../../services/backup/src/cli/schedule/manifests";
import { configurationSchema } from "../../services/backup/src/configuration/schema";
import { parseLine } from "../services/backup/cli/command-lines";
import { cluster, database, gcs, identity, s3, secret } from "../support/ports";
import type { Resource } from "../support/template";
import { apply } from "./support/apply";
import { install, planned, render } from "./support/charts";
import { createNamespace, describeOnTestbed, get, kubectl } from "./support/testbed";

const NAMESPACE = "backup";
const COMMANDS = ["snapshot", "verify", "prune", "drill", "restore"];
const ENGINES = ["postgresql", "mysql", "mariadb"] as const;

const account = (use: string) => ({ ...identity(NAMESPACE), serviceAccountName: `backup-${use}` });

const release = (props: Partial<BackupCronJobsProps> = {}) =>
  planned("backup", (scope) => {
    new BackupCronJobs(scope, "backup", {
      cluster,
      identities: {
        snapshot: account("snapshot"),
        verify: account("verify"),
        prune: account("prune"),
        restore: account("restore"),
      },
      database: database("mariadb"),
      objectStore: s3,
      filesClaimName: "moodle-data",
      backupStore: { ...s3, bucketName: "moodle-staging-1-backups" },
      signingSecret: secret("backup-signing"),
      retention: { keepDaily: 14 },
      lockDays: 0,
      timeZone: "Europe/Vienna",
      image: "registry.example.edu/backup:0.1.0",
      monitoring: { namespace: "monitoring", labels: { release: "prometheus" } },
      dependsOn: [],
      ...props,
    });
  });

const manifestsOf = async (props: Partial<BackupCronJobsProps>): Promise<Resource[]> =>
  parseAllDocuments(await render(release(props)))
    .map((document) => document.toJS() as Resource | null)
    .filter((manifest) => manifest !== null);

const named = (manifests: readonly Resource[], kind: string, name: string): Resource =>
  manifests.find((one) => one.kind === kind && one.metadata.name === name) ?? {};
const podOf = (manifests: readonly Resource[], command: string): Resource =>
  named(manifests, "CronJob", `backup-${command}`).spec.jobTemplate.spec.template.spec;
const configOf = (manifests: readonly Resource[]) =>
  JSON.parse(named(manifests, "ConfigMap", "backup").data["config.json"]);

describeOnTestbed("backup", () => {
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "moodle-data" },
    spec: { accessModes: ["ReadWriteMany"], resources: { requests: { storage: "1Gi" } } },
  };

  beforeAll(async () => {
    await createNamespace(NAMESPACE);
    await apply(JSON.stringify(claim), NAMESPACE);
  });

  describe.each(ENGINES)("of %s", (engine: DatabaseEndpoint["engine"]) => {
    const stores: [string, ObjectStore | undefined, ObjectStore][] = [
      ["S3", s3, s3],
      ["Google Cloud Storage", gcs, gcs],
      ["the shared volume alone", undefined, s3],
    ];
    test.each(stores)("has no field that Kubernetes lacks, with files in %s", async (_, objectStore, backupStore) => {
      const props = { database: database(engine), objectStore, backupStore };
      for (const monitoring of [undefined, { namespace: "monitoring" }]) {
        const manifests = await render(release({ ...props, monitoring }));
        await expect(apply(manifests, NAMESPACE)).resolves.toHaveLength(monitoring === undefined ? 15 : 20);
        await kubectl(["delete", "--namespace", NAMESPACE, "--filename=-"], { input: manifests });
      }
    });

    test("tells its program what it understands, and where everything is", async () => {
      const manifests = await manifestsOf({ database: database(engine) });
      const configuration = configurationSchema.parse(configOf(manifests));
      const mounts = (command: string): string[] =>
        podOf(manifests, command).containers[0].volumeMounts.map(({ mountPath }: Resource) => mountPath);
      const { signing, database: source, files, scratchDirectory, drill, restore } = configuration;
      const needed: Record<string, (string | undefined)[]> = {
        snapshot: [signing.secretFile, source?.caFile, source?.usernameFile, source?.passwordFile, files?.directory],
        verify: [signing.secretFile],
        prune: [signing.secretFile],
        drill: [signing.secretFile, drill.server?.host],
        restore: [restore.database?.caFile, restore.database?.passwordFile, restore.files?.directory],
      };
      for (const command of ["snapshot", "drill", "restore"]) needed[command]?.push(scratchDirectory);
      for (const [command, paths] of Object.entries(needed)) {
        for (const path of paths) {
          expect([command, path, mounts(command).some((mount) => `${path}/`.startsWith(`${mount}/`))]).toEqual([
            command,
            path,
            true,
          ]);
        }
      }
      expect([drill.server?.engine, restore.database?.engine]).toEqual([engine, engine]);
    });
  });

  describe("installed", () => {
    beforeAll(() => install(release(), "1m"), 120_000);

    test("makes a CronJob of each command, and one that never runs by itself", async () => {
      const { items } = await get(["cronjobs"], NAMESPACE);
      expect(
        items.map(({ metadata, spec }: Resource) => [
          metadata.name,
          spec.schedule,
          spec.timeZone,
          spec.concurrencyPolicy,
          spec.suspend,
        ]),
      ).toEqual([
        ["backup-drill", "0 8 * * 6", "Europe/Vienna", "Forbid", false],
        ["backup-prune", "30 6 * * *", "Europe/Vienna", "Forbid", false],
        ["backup-restore", "0 0 1 1 *", undefined, "Forbid", true],
        ["backup-snapshot", "15 2 * * *", "Europe/Vienna", "Forbid", false],
        ["backup-verify", "0 8 * * 0", "Europe/Vienna", "Forbid", false],
      ]);
    });

    test.each(COMMANDS)("runs %s under Pod Security restricted", async (command) => {
      await kubectl(["create", "job", command, `--from=cronjob/backup-${command}`, "--namespace", NAMESPACE]);
      await kubectl(["wait", "--for=condition=Complete", `job/${command}`, "--namespace", NAMESPACE, "--timeout=90s"]);
    });

    test("serves metrics", async () => {
      await kubectl(["rollout", "status", "deployment/backup-metrics", "--namespace", NAMESPACE, "--timeout=60s"]);
    });
  });

  describe("what moodle-backup schedule prints for clusters without it", () => {
    const commands = ["snapshot", "verify", "prune", "drill"] as const;
    const repository = { kind: "s3", bucket: "backups", region: "eu-central-1" };
    const printed = scheduled(configurationSchema.parse({ repository }), {
      namespace: NAMESPACE,
      name: "by-hand",
      image: "registry.example.edu/backup:0.1.0",
      serviceAccount: "default",
      schedules: Object.fromEntries(commands.map((command) => [command, "0 3 * * *"])),
      timeZone: "Etc/UTC",
      secrets: [{ name: "backup-database", path: "/run/secrets/database" }],
      claims: [{ name: "moodle-data", path: "/var/moodle/data" }],
      scratchGb: 1,
    }) as Resource[];

    test("has no field that Kubernetes lacks, and runs under Pod Security restricted", async () => {
      const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: printed });
      await expect(apply(list, NAMESPACE)).resolves.toHaveLength(1 + commands.length);
      await kubectl(["create", "job", "by-hand", "--from=cronjob/by-hand-prune", "--namespace", NAMESPACE]);
      const { items } = await get(["events", "--field-selector=reason=FailedCreate"], NAMESPACE);
      expect(items.filter((event: Resource) => event.involvedObject.name === "by-hand")).toEqual([]);
    });

    test("runs as the chart's pods do", async () => {
      const manifests = await manifestsOf({});
      for (const command of commands) {
        const [own, charts] = [
          named(printed, "CronJob", `by-hand-${command}`),
          named(manifests, "CronJob", `backup-${command}`),
        ];
        const rules = ({ spec: { schedule: _, jobTemplate, ...spec } }: Resource) => {
          const { template, ...job } = jobTemplate.spec;
          const { securityContext, containers, restartPolicy } = template.spec;
          const [{ args, terminationMessagePolicy, securityContext: security }] = containers;
          return [
            { ...spec, timeZone: "" },
            job,
            securityContext,
            restartPolicy,
            args,
            terminationMessagePolicy,
            security,
          ];
        };
        expect(rules(own)).toEqual(rules(charts));
      }
    });
  });

  describe("its pods", () => {
    let manifests: Resource[];
    beforeAll(async () => {
      manifests = await manifestsOf({});
    });

    test.each(COMMANDS)("%s is a command of the program", (command) => {
      const [container] = podOf(manifests, command).containers;
      expect(parseLine(`moodle-backup ${container.args.join(" ")}`)).toEqual([command]);
    });

    test("metrics are a command of the program", () => {
      const { args } = named(manifests, "Deployment", "backup-metrics").spec.template.spec.containers[0];
      expect(parseLine(`moodle-backup ${args.join(" ")}`)).toEqual(["metrics"]);
    });

    test.each([
      ["snapshot", ["database", "signing"]],
      ["verify", ["signing"]],
      ["prune", ["signing"]],
      ["drill", ["signing"]],
      ["restore", ["restore"]],
    ])("%s sees these secrets alone: %j", (command, expected) => {
      const { sources } = podOf(manifests, command).volumes.find(({ name }: Resource) => name === "secrets").projected;
      const folders = sources.flatMap(({ secret: { items } }: Resource) =>
        items.map(({ path }: Resource) => path.split("/")[0]),
      );
      expect([...new Set(folders)].sort()).toEqual(expected);
    });

    test("metrics see no secret", () => {
      expect(JSON.stringify(named(manifests, "Deployment", "backup-metrics"))).not.toContain('"secrets"');
    });

    test("only a restore can write to Moodle's files, and verifications cannot even see them", () => {
      const files = (command: string) =>
        podOf(manifests, command).containers[0].volumeMounts.find(({ name }: Resource) => name === "files");
      expect(files("snapshot")).toMatchObject({ mountPath: "/var/moodle/data", readOnly: true });
      expect(files("restore")).toMatchObject({ mountPath: "/var/moodle/data", readOnly: false });
      for (const command of ["verify", "prune", "drill"]) expect(files(command)).toBeUndefined();
    });

    test("a restore comes from another environment's backups where that is asked for", async () => {
      const restoreStore = { ...s3, bucketName: "moodle-production-1-backups" };
      const other = await manifestsOf({ restoreStore });
      const [{ env }] = podOf(other, "restore").containers;
      expect(env.map(({ name }: Resource) => name)).toEqual(["MOODLE_BACKUP__REPOSITORY"]);
      expect(JSON.parse(env[0].value)).toMatchObject({ kind: "s3", bucket: "moodle-production-1-backups" });
      for (const command of ["snapshot", "verify", "prune", "drill"]) {
        expect(podOf(other, command).containers[0]).not.toHaveProperty("env");
      }
    });

    test("a drill brings its own server, which nobody reaches over a network", () => {
      const { initContainers } = podOf(manifests, "drill");
      expect(initContainers).toHaveLength(1);
      expect(initContainers[0]).toMatchObject({ name: "database", restartPolicy: "Always" });
      expect(initContainers[0]).not.toHaveProperty("ports");
      expect(initContainers[0].command.at(-1)).toContain("--skip-networking");
    });

    test("a snapshot that lacks files counts as made only where the values say so", async () => {
      const argsWith = async (props: Partial<BackupCronJobsProps>) =>
        podOf(await manifestsOf(props), "snapshot").containers[0].args.slice(0, 4);
      expect(await argsWith({})).toEqual(["snapshot", "--init", "--allow-incomplete", "--config"]);
      expect(await argsWith({ allowPartial: true })).toEqual([
        "snapshot",
        "--init",
        "--allow-incomplete",
        "--allow-partial",
      ]);
    });

    test("too old is the newest complete snapshot, or where partial ones count the newest of both", async () => {
      const tooOld = async (allowPartial: boolean) => {
        const [{ alert, expr, annotations }] = named(await manifestsOf({ allowPartial }), "PrometheusRule", "backup")
          .spec.groups[0].rules;
        expect(alert).toBe("MoodleBackupTooOld");
        return `${expr} ${annotations.summary}`;
      };
      const complete = await tooOld(false);
      expect(complete).toContain("moodle_backup_last_complete_snapshot_timestamp_seconds{");
      expect(complete).toContain("has made no complete snapshot for 33 hours.");
      const newest = await tooOld(true);
      expect(newest).toContain("moodle_backup_last_snapshot_timestamp_seconds{");
      expect(newest).toContain("has made no snapshot for 33 hours.");
      expect(newest).not.toContain("complete");
    });

    test("another try is made after failures that may pass, and a node that goes away counts for nothing", () => {
      for (const command of COMMANDS) {
        expect(named(manifests, "CronJob", `backup-${command}`).spec.jobTemplate.spec.podFailurePolicy.rules).toEqual([
          { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
          {
            action: "FailJob",
            onExitCodes: { containerName: "backup", operator: "In", values: [2, 3, 10, 12, 20, 21] },
          },
        ]);
      }
    });

    test("only snapshots and restores reach the site's database, only Prometheus reaches the metrics", () => {
      const policy = (name: string) => named(manifests, "NetworkPolicy", name).spec;
      expect(policy("backup-database").podSelector.matchExpressions).toEqual([
        { key: "app.kubernetes.io/component", operator: "In", values: ["snapshot", "restore"] },
      ]);
      expect(policy("backup").ingress).toBeUndefined();
      expect(JSON.stringify(policy("backup").egress)).not.toContain("3306");
      expect(policy("backup-metrics").podSelector.matchLabels["app.kubernetes.io/component"]).toBe("metrics");
    });
  });
});
