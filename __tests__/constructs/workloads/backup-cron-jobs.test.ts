import { TerraformResource } from "cdktf";
import { parse } from "yaml";
import { BackupCronJobs, type BackupCronJobsProps } from "../../../constructs/workloads/backup-cron-jobs";
import { cluster, database, gcs, identity, s3 } from "../../support/ports";
import { Template } from "../../support/template";

function build(props: Partial<BackupCronJobsProps> = {}) {
  const template = Template.from((scope) => {
    const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
    new BackupCronJobs(scope, "backup", {
      cluster: { ...cluster, ready: [resource("cluster")] },
      identity: { ...identity("moodle"), serviceAccountName: "backup", ready: [resource("identity")] },
      database: { ...database("mysql"), ready: [resource("database")] },
      objectStore: { ...s3, ready: [resource("files")] },
      filesClaimName: "moodle-data",
      backupStore: { ...s3, bucketName: "moodle-staging-1-backups", ready: [resource("backups")] },
      schedule: "15 2 * * *",
      keepDaily: 14,
      keepWeekly: 8,
      keepMonthly: 12,
      lockDays: 30,
      image: "registry.example.edu/backup:0.1.0",
      dependsOn: [resource("site")],
      ...props,
    });
  });
  const release = template.only("helm_release");
  return { release, values: parse(release.values[0]) };
}

test("a backup is made when the schedule says, in its time zone", () => {
  const { schedules, timeZone } = build({ timeZone: "Europe/Vienna" }).values;
  expect([schedules.snapshot, timeZone]).toEqual(["15 2 * * *", "Europe/Vienna"]);
});

test("old backups go every week, unless told otherwise", () => {
  expect(build().values.schedules.prune).toBe("30 6 * * 0");
  expect(build({ pruneSchedule: "0 5 * * *" }).values.schedules.prune).toBe("0 5 * * *");
});

test("the program knows what to back up, where to, and what to keep", () => {
  expect(build().values.config).toEqual({
    database: { engine: "mysql", host: "database.example.edu", port: 3306, name: "moodle" },
    objectStore: { kind: "s3", bucket: "moodle-staging-1-files", region: "eu-central-1" },
    repository: { kind: "s3", bucket: "moodle-staging-1-backups", region: "eu-central-1" },
    retention: { keepDaily: 14, keepWeekly: 8, keepMonthly: 12, lockDays: 30 },
  });
});

test("Google's buckets are opened by identity, not by the key that ObjectFS needs", () => {
  expect(JSON.stringify(build({ objectStore: gcs }).values)).not.toContain("object-store");
});

test("a site without a bucket is backed up from its shared volume alone", () => {
  expect(build({ objectStore: undefined }).values.config).not.toHaveProperty("objectStore");
});

test("the dump is made by the role that only reads", () => {
  expect(build().values.databaseSecret).toEqual({
    storeName: "aws-secrets-manager",
    name: "moodle-staging-1/database-backup",
  });
});

test("the CronJobs come after everything that a run needs", () => {
  expect(build().release.depends_on).toEqual([
    "kind.cluster",
    "kind.identity",
    "kind.database",
    "kind.files",
    "kind.backups",
    "kind.site",
  ]);
});
