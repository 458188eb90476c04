import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../../environments/defaults";
import { loadEnvironments } from "../../environments/load";
import { production } from "../../examples/aws/production";
import { staging } from "../../examples/aws/staging";
import { production as googleProduction } from "../../examples/google/production";
import { describeResources, describeSizes, describeState, kindOf, placeholders, summarize } from "../../stacks/summary";

const bootstrap = {
  terraform: { backend: { local: { path: "terraform.bootstrap-staging.tfstate" } } },
  resource: { aws_s3_bucket: { state: {} }, aws_kms_key: { state: {} } },
};
const environment = {
  terraform: { backend: { s3: { bucket: "state", key: "staging.tfstate", use_lockfile: true } } },
  resource: { aws_subnet: { a: {}, b: {}, c: {} }, aws_vpc: { vpc: {} }, helm_release: { moodle: {} } },
};

describe("the summary of an environment", () => {
  const outdir = mkdtempSync(join(tmpdir(), "summary-"));
  let text = "";

  beforeAll(() => {
    for (const [stack, json] of Object.entries({ "bootstrap-staging": bootstrap, staging: environment })) {
      mkdirSync(join(outdir, "stacks", stack), { recursive: true });
      writeFileSync(join(outdir, "stacks", stack, "cdk.tf.json"), JSON.stringify(json));
    }
    text = summarize(loadEnvironments([staging]), outdir);
  });
  afterAll(() => rmSync(outdir, { recursive: true }));

  test("puts the bootstrap first, each stack with the command that deploys it", () => {
    const commands = text.split("\n").filter((line) => line.includes("npx"));
    expect(commands.map((line) => line.trim())).toEqual([
      expect.stringMatching(/^first time +MOODLE_PLATFORM_BOOTSTRAP_STATE=local npx cdktf deploy bootstrap-staging$/),
      expect.stringMatching(/^then +npx cdktf deploy bootstrap-staging --migrate-state$/),
      expect.stringMatching(/^next +npx cdktf deploy staging$/),
    ]);
  });

  test("says what is created and where the state lives", () => {
    expect(text).toMatch(/creates +5 resources: network 4, Helm releases 1/);
    expect(text).toMatch(/state +s3:\/\/state\/staging.tfstate, lock file/);
  });

  test("aligns what it says", () => {
    const starts = text
      .split("\n")
      .filter((line) => /^ {4}\S/.test(line))
      .map((line) => line.slice(4))
      .map((line) => line.search(/ {2}\S/) + 2);
    expect(new Set(starts).size).toBe(1);
  });

  test("fits into a terminal", () => {
    const described = text.split("\n").filter((line) => line.startsWith("  "));
    expect(Math.max(...described.map((line) => line.length))).toBeLessThanOrEqual(110);
  });

  test("ends in what still holds an example", () => {
    const lines = text.split("\n");
    expect(
      lines.slice(lines.indexOf("Before you deploy, put your own values in place of these examples:") + 1),
    ).toEqual([
      "  staging.account (111122223333)",
      "  staging.hostedZone.id (Z0123456789ABCDEFGHIJ)",
      "  staging.hostedZone.name (staging.example.edu)",
      "  staging.cluster.publicAccessCidrs (203.0.113.0/24)",
      "  staging.domain (moodle.staging.example.edu)",
      "  staging.ci.githubRepository (example-university/moodle-platform)",
      "  staging.moodle.siteName (Example University (staging))",
      "  staging.moodle.adminEmail (moodle@example.edu)",
    ]);
  });
});

test.each([
  [{ s3: { bucket: "b", key: "k", dynamodb_table: "t" } }, "s3://b/k, lock in DynamoDB table t"],
  [{ s3: { bucket: "b", key: "k" } }, "s3://b/k, no lock"],
  [{ gcs: { bucket: "b", prefix: "p" } }, "gs://b/p/default.tfstate, lock file"],
  [{ local: { path: "terraform.bootstrap-x.tfstate" } }, "terraform.bootstrap-x.tfstate, a local file"],
])("describes the backend %j", (backend, expected) => {
  expect(describeState({ terraform: { backend } })).toBe(expected);
});

test("counts a bucket's policy with the bucket, and its access with identity", () => {
  expect(["aws_s3_bucket_policy", "google_storage_bucket", "google_storage_bucket_iam_member"].map(kindOf)).toEqual([
    "buckets",
    "buckets",
    "identity",
  ]);
});

test("has a word for every kind of resource that the constructs use", () => {
  const folders = ["aws", "google", "workloads", "core"].map((folder) => join(__dirname, "../../constructs", folder));
  const sources = folders.flatMap((folder) =>
    readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8")),
  );
  const types = sources
    .flatMap((source) => [...source.matchAll(/"@cdktf\/provider-(\w+)\/lib\/([\w-]+)"/g)])
    .filter(([, , name]) => !name?.startsWith("data-"))
    .map(([, provider, name]) => `${provider}_${name?.replaceAll("-", "_")}`);
  expect(types.length).toBeGreaterThan(100);
  expect(types.filter((type) => kindOf(type) === type)).toEqual([]);
});

test("names a type of no known kind by itself", () => {
  expect(describeResources({ resource: { null_resource: { one: {} } } })).toBe("1 resource: null_resource 1");
});

test("gives the sizes that decide bill and capacity", () => {
  const [aws, google] = loadEnvironments([production, { ...googleProduction, name: "elsewhere" }]).map((one) =>
    Object.fromEntries(describeSizes(one)),
  );
  expect(aws?.size).toBe("2,000 students at a time; first gives out: database at 2,000");
  expect(aws?.database).toBe("PostgreSQL 17, db.m7g.2xlarge, multi-az, 100 to 1000 GiB, 1 read replica");
  expect(aws?.web).toBe("3 to 9 pods of 2 CPU and 3072 MiB");
  expect(google?.database).toBe("PostgreSQL 17, db-custom-8-30720, REGIONAL, 100 GiB and up, 1 read replica");
  const [grown] = loadEnvironments([
    { ...googleProduction, database: { ...googleProduction.database, replicaTier: "db-custom-20-76800" } },
  ]);
  expect(Object.fromEntries(describeSizes(grown as Environment)).database).toMatch(
    /1 read replica, db-custom-20-76800$/,
  );
});

test("names the secret that has to be filled for mail", () => {
  const mailOf = (mail?: { host: string; login?: boolean }) => {
    const [environment] = loadEnvironments([{ ...production, moodle: { ...production.moodle, mail } }]);
    return environment && Object.fromEntries(describeSizes(environment)).mail;
  };
  expect(mailOf()).toBe("none");
  expect(mailOf({ host: "smtp.uni.ac.at", login: false })).toBe("smtp.uni.ac.at");
  expect(mailOf({ host: "smtp.uni.ac.at" })).toMatch(/into the secret moodle-production-1-smtp$/);
});

test("warns of a figure that is too small for the students", () => {
  const input = { ...production, database: { engine: "postgresql", instanceClass: "db.m7g.large" } } as const;
  const [environment] = loadEnvironments([input]);
  const sizes = Object.fromEntries(environment === undefined ? [] : describeSizes(environment));
  expect(sizes.size).toMatch(
    /^2,000 students at a time, BUT database gives out at 500: npm run size -- --environment production/,
  );
});

test("knows the examples of Google Cloud", () => {
  expect(placeholders(loadEnvironments([googleProduction])).map((one) => one.replace(/ \(.*/, ""))).toEqual(
    [
      ...["project", "projectNumber", "managedZone.name", "managedZone.dnsName", "budget.billingAccount"],
      ...["domain", "ci.githubRepository", "moodle.siteName", "moodle.adminEmail"],
      ...["monitoring.alerts.email", "budget.email"],
    ].map((field) => `production.${field}`),
  );
});

test("does not warn about values of one's own", () => {
  const own = {
    account: "987600001234",
    domain: "moodle.uni.ac.at",
    hostedZone: { id: "Z1", name: "uni.ac.at" },
    cluster: { publicAccessCidrs: ["193.170.0.0/24"] },
    moodle: { siteName: "University", adminEmail: "moodle@uni.ac.at" },
    ci: { githubRepository: "uni/moodle-platform" },
  };
  expect(placeholders(loadEnvironments([{ ...staging, ...own }]))).toEqual([]);
});
