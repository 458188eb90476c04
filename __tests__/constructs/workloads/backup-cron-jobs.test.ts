import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TerraformResource } from "cdktf";
import { parse } from "yaml";
import { BackupCronJobs, type BackupCronJobsProps } from "../../../constructs/workloads/backup-cron-jobs";
import { configurationSchema } from "../../../services/backup/src/configuration/schema";
import { cluster, database, gcs, identity, s3, secret } from "../../support/ports";
import { Template } from "../../support/template";

function build(props: Partial<BackupCronJobsProps> = {}) {
  const template = Template.from((scope) => {
    const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
    const account = (use: string) => ({
      ...identity("moodle"),
      serviceAccountName: `backup-${use}`,
      ready: [resource(use)],
    });
    new BackupCronJobs(scope, "backup", {
      cluster: { ...cluster, ready: [resource("cluster")] },
      identities: {
        snapshot: account("snapshot"),
        verify: account("verify"),
        prune: account("prune"),
        restore: account("restore"),
      },
      database: { ...database("mysql"), ready: [resource("database")] },
      objectStore: { ...s3, ready: [resource("files")] },
      filesClaimName: "moodle-data",
      backupStore: { ...s3, bucketName: "moodle-staging-1-backups", ready: [resource("backups")] },
      signingSecret: secret("backup-signing"),
      retention: { keepDaily: 14, keepWithin: "1m" },
      lockDays: 30,
      image: "registry.example.edu/backup:0.1.0",
      dependsOn: [resource("roles")],
      ...props,
    });
  });
  const release = template.only("helm_release");
  return { release, values: parse(release.values[0]) };
}

/** The configuration as Helm merges it: what is given over the chart's own. */
function merged(base: unknown, given: unknown): unknown {
  if (typeof base !== "object" || base === null || typeof given !== "object" || given === null) return given ?? base;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(given)])];
  const at = (map: object, key: string) => (map as Record<string, unknown>)[key];
  return Object.fromEntries(keys.map((key) => [key, merged(at(base, key), at(given, key))]));
}

const chart = parse(readFileSync(join(__dirname, "../../../charts/backup/values.yaml"), "utf8"));

test("everything runs by itself, unless told otherwise", () => {
  expect(build().values.schedules).toEqual({
    snapshot: "15 2 * * *",
    verify: "0 8 * * 0",
    prune: "30 6 * * *",
    drill: "0 8 * * 6",
  });
  expect(build({ schedules: { snapshot: "0 * * * *" } }).values.schedules).toMatchObject({
    snapshot: "0 * * * *",
    drill: "0 8 * * 6",
  });
});

test("schedules are in the time zone that is given", () => {
  expect(build({ timeZone: "Europe/Vienna" }).values.timeZone).toBe("Europe/Vienna");
});

test("the program knows what to back up, where to, and what to keep", () => {
  expect(build().values.config).toEqual({
    database: { engine: "mysql", host: "database.example.edu", port: 3306, name: "moodle" },
    files: { objectStore: { kind: "s3", bucket: "moodle-staging-1-files", region: "eu-central-1" } },
    repository: { kind: "s3", bucket: "moodle-staging-1-backups", region: "eu-central-1" },
    retention: { keepDaily: 14, keepWithin: "1m" },
    lockDays: 30,
    readDataSubset: "5%",
  });
});

test.each([
  ["S3", {}],
  ["Cloud Storage", { objectStore: gcs, backupStore: gcs }],
  ["a bucket that sites share", { objectStore: { ...s3, keyPrefix: "campus/" } }],
  ["the shared volume alone", { objectStore: undefined }],
  ["PostgreSQL", { database: database("postgresql") }],
])("the program understands what it is told, with %s", (_, props) => {
  const result = configurationSchema.safeParse(merged(chart.config, build(props).values.config));
  expect(result.error?.issues).toBeUndefined();
});

test("files of a bucket that sites share are below the site's prefix", () => {
  const { config } = build({ objectStore: { ...s3, keyPrefix: "campus/" } }).values;
  expect(config.files.objectStore.prefix).toBe("campus/");
});

test("Google's buckets are opened by identity, not by the key that ObjectFS needs", () => {
  expect(JSON.stringify(build({ objectStore: gcs }).values)).not.toContain("object-store");
});

test("a site without a bucket is backed up from its shared volume alone", () => {
  expect(build({ objectStore: undefined }).values.config.files).not.toHaveProperty("objectStore");
});

test("each kind of work has an account of its own", () => {
  expect(build().values.serviceAccounts).toEqual({
    snapshot: { name: "backup-snapshot" },
    verify: { name: "backup-verify" },
    prune: { name: "backup-prune" },
    restore: { name: "backup-restore" },
  });
});

test("dumps are made by the role that only reads, restores by Moodle's own", () => {
  const { databaseSecret, restoreSecret, signingSecret } = build().values;
  const store = { kind: "SecretStore", name: "aws-secrets-manager" };
  expect(databaseSecret).toEqual({ store, key: "moodle-staging-1/database-backup" });
  expect(restoreSecret).toEqual({ store, key: "moodle-staging-1/database-application" });
  expect(signingSecret).toEqual({ store, key: "moodle-staging-1/backup-signing" });
});

test("restores come from the site's own backups, unless told otherwise", () => {
  expect(build().values).not.toHaveProperty("restoreRepository");
  expect(
    build({ restoreStore: { ...s3, bucketName: "moodle-production-1-backups" } }).values.restoreRepository,
  ).toEqual({
    kind: "s3",
    bucket: "moodle-production-1-backups",
    region: "eu-central-1",
  });
});

test("a snapshot that lacks files does not count as made, unless told otherwise", () => {
  expect(build().values.allowPartial).toBe(false);
  expect(build({ allowPartial: true }).values.allowPartial).toBe(true);
});

test("volumes are of the cluster's class, and as large as asked for", () => {
  const volumes = { cluster: { ...cluster, volumeClassName: "encrypted" }, scratchGb: 40, drillGb: 300 };
  const { scratch, drill } = build(volumes).values;
  expect([scratch, drill]).toEqual([{ storageClassName: "encrypted", sizeGb: 40 }, { sizeGb: 300 }]);
});

test("nothing watches, unless a namespace is given", () => {
  expect(build().values).not.toHaveProperty("monitoring");
});

test("what is too old follows from the schedules", () => {
  const monitoring = { namespace: "monitoring" };
  expect(build({ monitoring }).values.monitoring).toEqual({
    namespace: "monitoring",
    maxAgeHours: { snapshot: 33, verify: 213, drill: 213 },
  });
  const hourly = build({ monitoring, schedules: { snapshot: "0 * * * *", drill: "0 3 1 * *" } });
  expect(hourly.values.monitoring.maxAgeHours).toEqual({ snapshot: 5, verify: 213, drill: 933 });
});

test("the chart's own ages are those of the default schedules", () => {
  const { maxAgeHours } = build({ monitoring: { namespace: "monitoring" } }).values.monitoring;
  expect(chart.monitoring.maxAgeHours).toEqual(maxAgeHours);
});

test("a schedule that never runs is refused", () => {
  expect(() => build({ schedules: { drill: "0 0 30 2 *" } })).toThrow(/schedules\.drill.*0 0 30 2 \*/s);
});

test("the CronJobs come after everything that a run needs", () => {
  expect(build().release.depends_on).toEqual(
    ["cluster", "snapshot", "verify", "prune", "restore", "database", "files", "backups", "roles"].map(
      (name) => `kind.${name}`,
    ),
  );
});
