import { TerraformResource } from "cdktf";
import { parse } from "yaml";
import { DrillGate } from "../../../constructs/workloads/drill-gate";
import { configurationSchema } from "../../../services/backup/src/configuration/schema";
import { cluster, identity, s3 } from "../../support/ports";
import { Template } from "../../support/template";

const template = Template.from((scope) => {
  const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
  new DrillGate(scope, "gate", {
    cluster: { ...cluster, ready: [resource("cluster")] },
    identity: { ...identity("moodle"), serviceAccountName: "moodle-backup-verify", ready: [resource("identity")] },
    backupStore: { ...s3, bucketName: "moodle-staging-1-backups", ready: [resource("backups")] },
    within: "7d",
    subject: "registry.example.edu/moodle:0.2.0",
    image: "registry.example.edu/backup:0.1.0",
    dependsOn: [resource("cron-jobs")],
  });
});
const release = template.only("helm_release");
const values = parse(release.values[0]);

test("the gate asks the backups' own repository, as the one who may read it", () => {
  expect(values.config.repository).toEqual({
    kind: "s3",
    bucket: "moodle-staging-1-backups",
    region: "eu-central-1",
  });
  expect(values.serviceAccountName).toBe("moodle-backup-verify");
  expect(configurationSchema.safeParse(values.config).success).toBe(true);
});

test("another image of Moodle is another release of the gate", () => {
  expect(values).toMatchObject({ within: "7d", subject: "registry.example.edu/moodle:0.2.0" });
});

test("the gate comes after the backups", () => {
  expect(release.depends_on).toEqual(["kind.cluster", "kind.identity", "kind.backups", "kind.cron-jobs"]);
});

test("Helm waits longer than the Job may take", () => {
  expect(release.timeout).toBeGreaterThan(300);
});
