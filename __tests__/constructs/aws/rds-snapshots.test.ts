import { TerraformResource } from "cdktf";
import { rdsSnapshots } from "../../../constructs/aws/rds-snapshots";
import { Template } from "../../support/template";

/** As Terraform reads it: the parts of the ARN are known only then. */
function rendered(of: "instance" | "cluster"): string {
  const kind = of === "cluster" ? "cluster" : "db";
  const databaseArn = `arn:aws:rds:eu-central-1:111122223333:${kind}:moodle-db`;
  const template = Template.from((scope) => {
    const { source, statements } = rdsSnapshots({ databaseArn, of, region: "eu-central-1" });
    const resource = new TerraformResource(scope, "result", { terraformResourceType: "kind" });
    resource.addOverride("value", JSON.stringify({ source, statements }));
  });
  const part = (_: string, index: string) => databaseArn.split(":")[Number(index)] ?? "";
  return String(template.only("kind").value).replaceAll(/\$\{element\(split\(\\?":\\?", [^)]*\), (\d)\)\}/g, part);
}

test.each([
  ["instance", "rds", "snapshot", "DBSnapshot", "db"],
  ["cluster", "rds-cluster", "cluster-snapshot", "DBClusterSnapshot", "cluster"],
] as const)(
  "of an %s, snapshots are made, and none but those of the backups deleted",
  (of, kind, type, noun, resource) => {
    const arn = (what: string) => `arn:aws:rds:eu-central-1:111122223333:${what}`;
    const snapshots = arn(`${type}:moodle-db-backup-*`);
    expect(JSON.parse(rendered(of))).toEqual({
      source: { kind, identifier: "moodle-db", region: "eu-central-1" },
      statements: [
        {
          Effect: "Allow",
          Action: [`rds:Create${noun}`, `rds:Describe${noun}s`],
          Resource: [arn(`${resource}:moodle-db`), snapshots],
        },
        { Effect: "Allow", Action: [`rds:Delete${noun}`], Resource: snapshots },
      ],
    });
  },
);
