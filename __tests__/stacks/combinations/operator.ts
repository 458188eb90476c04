/** What moodle-operator may read: the logins that Moodle uses, and nothing else. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud, Combinations } from "../../support/stacks";
import type { Template } from "../../support/template";

const LOGINS = ["secret-database-application", "secret-database-reader"];

export function operator(cloud: Cloud, all: Combinations): void {
  test("moodle-operator may read Moodle's own logins alone, and only where it delivers the site", () => {
    const readable = cloud === "aws" ? readableOnAws : readableOnGoogle;
    const delivered = all().filter(({ input }) => input.delivery === "operator");
    expect(delivered.length).toBeGreaterThan(0);
    for (const { input, environment } of all()) {
      const isWatched = input.delivery === "operator" && input.secrets?.store !== "vault";
      expect(readable(environment)).toEqual(isWatched ? LOGINS : []);
    }
  });

  if (cloud === "aws")
    test("what is built here and runs on system nodes, which may be Graviton, is built for both architectures", () => {
      const images = all().flatMap(({ environment }) => imagesOnSystemNodes(environment));
      expect([...new Set(images)]).toEqual(["operator"]);
      const page = readFileSync(join(__dirname, "../../../docs/setup/aws.md"), "utf8");
      expect(page).toContain("--platform linux/amd64,linux/arm64 -f images/operator/Dockerfile");
      expect(page.match(/for image in (.+); do/)?.[1]?.split(" ")).not.toContain("operator");
    });
}

/** Names of the images of the environment's own registry, in releases that go to the system nodes. */
function imagesOnSystemNodes(template: Template): string[] {
  return template
    .resources("helm_release")
    .map(({ values }) => String(values))
    .filter((values) => /nodeSelector\W+node-pool\W+system/.test(values))
    .flatMap((values) => [...values.matchAll(/\.dkr\.ecr\.[^"\s]+\/([\w-]+)[:@]/g)].map(([, name = ""]) => name));
}

function readableOnAws(template: Template): string[] {
  const [role] = Object.entries(template.all("aws_iam_role")).filter(([, { name }]) =>
    name.endsWith("-moodle-operator"),
  );
  if (role === undefined) return [];
  const policies = template.resources("aws_iam_role_policy").filter((policy) => policy.role.includes(role[0]));
  const statements = policies.flatMap(({ policy }) => JSON.parse(policy).Statement);
  const actions = new Set(statements.flatMap(({ Action }) => Action));
  expect([...actions].sort()).toEqual([
    "kms:Decrypt",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
  ]);
  return secretsIn(statements.filter(({ Action }) => Action.includes("secretsmanager:GetSecretValue")));
}

function readableOnGoogle(template: Template): string[] {
  const grants = template
    .resources()
    .filter(({ member }) => member?.endsWith("/ns/moodle-operator/sa/moodle-operator"));
  return secretsIn(grants);
}

/** Ids of the constructs of the secrets that something refers to. */
const secretsIn = (value: unknown) =>
  [...new Set(JSON.stringify(value).match(/secret-(database-\w+|administrator|backup-signing|grafana|smtp|alerts)/g))]
    .map((id) => id.replace(/_.*$/, ""))
    .sort();
