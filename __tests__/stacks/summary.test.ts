import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

  test("ends in one line that names what still holds an example", () => {
    expect(text.split("\n").at(-1)).toBe(
      "Before you deploy, put your own values in place of these examples: staging.account (111122223333), staging.domain (moodle.staging.example.edu), staging.ci.githubRepository (example-university/moodle-platform), staging.moodle.adminEmail (moodle@example.edu)",
    );
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
  expect(aws?.database).toBe("PostgreSQL 17, db.m7g.xlarge, multi-az, 100 to 1000 GiB, 1 read replica");
  expect(aws?.web).toBe("3 to 20 pods of 2 CPU and 3072 MiB");
  expect(google?.database).toBe("PostgreSQL 17, db-custom-4-15360, REGIONAL, 100 GiB and up, 1 read replica");
});

test("does not warn about values of one's own", () => {
  const own = {
    account: "123456789012",
    domain: "moodle.uni.ac.at",
    hostedZone: { id: "Z1", name: "uni.ac.at" },
    moodle: { ...staging.moodle, adminEmail: "moodle@uni.ac.at" },
    ci: { githubRepository: "uni/moodle-platform" },
  };
  expect(placeholders(loadEnvironments([{ ...staging, ...own }]))).toEqual([]);
});
