import { readFileSync } from "node:fs";
import { join } from "node:path";
import { awsSchema } from "../../environments/aws-schema";
import { googleSchema } from "../../environments/google-schema";
import { loadEnvironments } from "../../environments/load";
import { production } from "../../examples/aws/production";
import { staging } from "../../examples/aws/staging";
import { backupConfigurationPage } from "../../scripts/docs/backup";
import { environmentPage, environmentRows } from "../../scripts/docs/environment";
import { namesPage } from "../../scripts/docs/names";
import { sizingPage } from "../../scripts/docs/sizing";
import { versionsPage } from "../../scripts/docs/versions";
import { configurationSchema } from "../../services/backup/src/configuration/schema";

const docs = join(__dirname, "../../docs");
const rows = {
  aws: environmentRows(awsSchema),
  google: environmentRows(googleSchema),
  "moodle-backup": environmentRows(configurationSchema),
};

test.each([
  ["reference/environment.md", environmentPage],
  ["reference/backup-configuration.md", backupConfigurationPage],
  ["names.md", namesPage],
  ["sizing.md", sizingPage],
  ["versions.md", versionsPage],
])("docs/%s is as npm run docs would write it", (path, page) => {
  expect(readFileSync(join(docs, path), "utf8")).toBe(`${page().trimEnd()}\n`);
});

test.each(Object.entries(rows))("every field of %s is described", (_, fields) => {
  expect(fields.length).toBeGreaterThan(60);
  expect(fields.filter(({ description }) => !/\w.*\.$/.test(description)).map(({ path }) => path)).toEqual([]);
});

test("a field says what is allowed in the words of the error that refuses the rest", () => {
  const find = (path: string) => rows.aws.find((row) => row.path === path);
  expect(find("account")).toMatchObject({ allowed: "the 12 digits of an AWS account", default: "required" });
  expect(find("moodle.maxUploadMb")).toMatchObject({ allowed: "1 to 4096", default: "`256`" });
  expect(find("zones")?.allowed).toBe("a list: an availability zone, such as eu-central-1a");
  expect(find("edge.waf")).toMatchObject({ allowed: "`true`, `false`", default: "" });
});

test("a field of one variant alone says so, and a field of all stands once", () => {
  const versions = rows.aws.filter(({ path }) => path === "database.version").map(({ description }) => description);
  expect(versions).toHaveLength(3);
  expect(versions[2]).toBe('Version of MariaDB. Only with engine `"mariadb"`.');
  expect(rows.aws.filter(({ path }) => path === "database.instanceClass")).toHaveLength(1);
});

test("the page for AWS asks for the processors that the nodes of each example may have", () => {
  const page = readFileSync(join(docs, "setup/aws.md"), "utf8");
  const asked = { staging: /--quota-code L-1216C47A --desired-value (\d+)/, production: /(\d+) for `production`/ };
  for (const { name, ...environment } of loadEnvironments([staging, production])) {
    if (environment.cloud !== "aws") continue;
    const { systemNodes, nodes } = environment.cluster;
    const processors = Number(asked[name as keyof typeof asked].exec(page)?.[1]);
    // A "large" instance has two.
    expect(systemNodes.instanceType).toMatch(/\.large$/);
    expect(processors).toBeGreaterThanOrEqual(2 * (systemNodes.count + 1) + nodes.cpuLimit);
  }
});
