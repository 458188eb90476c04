import { ConfigurationError, type Fault } from "../../constructs/core/errors";
import { loadEnvironments } from "../../environments/load";
import type { EnvironmentInput } from "../../environments/schema";
import { production } from "../../examples/aws/production";
import { staging } from "../../examples/aws/staging";
import { production as googleProduction } from "../../examples/google/production";
import { staging as googleStaging } from "../../examples/google/staging";

/** A copy with one field changed; `undefined` removes it. */
function withField(base: unknown, path: string, value: unknown): EnvironmentInput {
  const copy = structuredClone(base) as Record<string, unknown>;
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  let node = copy;
  for (const key of keys) {
    node[key] ??= {};
    node = node[key] as Record<string, unknown>;
  }
  if (value === undefined) delete node[last];
  else node[last] = value;
  return copy as EnvironmentInput;
}

function faultsOf(inputs: readonly EnvironmentInput[], variables: Record<string, string> = {}): readonly Fault[] {
  try {
    loadEnvironments(inputs, variables);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

const bases = {
  aws: staging,
  "aws production": production,
  google: googleStaging,
  "google production": googleProduction,
};

describe("the environments that come with the program", () => {
  test.each(Object.entries(bases))("%s has no fault", (_, input) => {
    expect(faultsOf([input])).toEqual([]);
  });
});

describe("refuses, naming path, value, allowed and remedy", () => {
  const cases: [string, keyof typeof bases, string, unknown, RegExp][] = [
    ["an unknown region form", "aws", "region", "Frankfurt", /an AWS region/],
    ["an unknown region form", "google", "region", "eu-central-1", /a Google Cloud region/],
    ["an account that is not 12 digits", "aws", "account", "1234", /12 digits/],
    ["a production that is disposable", "aws production", "protection", "disposable", /"protected"/],
    [
      "fewer zones than a protected site needs",
      "aws production",
      "zones",
      ["eu-central-1a", "eu-central-1b"],
      /3 different zones/,
    ],
    ["a text in place of a list", "aws", "zones", "eu-central-1a", /^a list$/],
    ["zones of another region", "aws", "zones", ["eu-west-1a", "eu-west-1b"], /zones of eu-central-1/],
    ["a VPC that is too small", "aws", "network.cidr", "10.20.0.0/24", /between \/16 and \/20/],
    ["a VPC outside the private ranges", "aws", "network.cidr", "8.8.0.0/16", /private IPv4/],
    ["a range that is not written with its first address", "aws", "network.cidr", "10.20.1.0/16", /first address/],
    ["services inside the VPC", "aws", "network.serviceCidr", "10.20.0.0/20", /apart from network\.cidr/],
    ["pods that overlap nodes", "google", "network.podsCidr", "10.28.0.0/14", /apart from network\.nodesCidr/],
    ["a domain without its zone", "aws", "domain", "moodle.other.org", /a name in the zone/],
    ["a domain without its zone", "google", "domain", "moodle.other.org", /a name in the zone/],
    ["an ALB on Google Cloud", "google", "edge.type", "alb", /"gateway"/],
    ["a Google field on AWS", "aws", "project", "example", /no such field/],
    ["an AWS field on Google Cloud", "google", "account", "111122223333", /no such field/],
    ["an engine that the cloud does not have", "google", "database.engine", "mariadb", /"postgresql" or "mysql"/],
    ["a database older than Moodle accepts", "google", "database.version", "14", /"15" or "16" or "17"/],
    ["ObjectFS with a Moodle it does not support", "aws", "moodle.version", "5.1", /"shared-files" for Moodle 5\.1/],
    ["an instance too small for Moodle", "aws", "database.instanceClass", "db.t4g.micro", /2 GiB of memory or more/],
    ["web pods too small for Moodle", "aws", "moodle.web.memoryMb", 256, /1024 or more/],
    [
      "a Cloud SQL tier of less memory than its processors ask for",
      "google",
      "database.tier",
      "db-custom-8-3840",
      /0\.9 GiB/,
    ],
    [
      "a tier of the other edition",
      "google",
      "database",
      { engine: "postgresql", edition: "ENTERPRISE_PLUS", tier: "db-custom-2-7680" },
      /db-perf-optimized/,
    ],
    [
      "more replicas at least than at most",
      "aws",
      "moodle.web",
      { minReplicas: 11, maxReplicas: 10 },
      /at most moodle\.web\.maxReplicas/,
    ],
    [
      "more web pods than the nodes have room for in an upgrade",
      "aws",
      "cluster.nodes.cpuLimit",
      12,
      /^13 or more: room for twice/,
    ],
    ["more memory of pods than the nodes have", "google", "cluster.nodes.memoryLimitGb", 64, /^68 or more/],
    [
      "more connections at the worst moment than the database takes",
      "aws",
      "database.maxConnections",
      94,
      /^95 or more: 3 web pods with 9 each/,
    ],
    ["mail by the port that clouds block", "google", "moodle.mail", { host: "smtp.example.edu", port: 25 }, /than 25/],
    ["more students than a size is known for", "aws", "sizing.concurrentStudents", 20001, /20000 or less/],
    ["storage that cannot grow", "aws", "database.maxStorageGb", 20, /a tenth more/],
    ["locked backups that could not be destroyed", "aws", "backups.lockDays", 7, /0 where protection is disposable/],
    [
      "a copy of the backups in the site's own region",
      "aws",
      "backups.replicaRegion",
      "eu-central-1",
      /other than eu-central-1/,
    ],
    ["a cluster that nobody could deploy to", "aws", "ci", undefined, /where no CI deploys/],
    ["a bucket name that S3 does not allow", "aws", "state.bucket", "Moodle_State", /lower-case letters/],
    ["a bucket name that S3 reserves", "aws", "state.bucket", "xn--state", /prefixes and suffixes that S3 reserves/],
    ["a bucket name that Cloud Storage does not allow", "google", "state.bucket", "my-google-state", /holds "google"/],
    ["a schedule that is not one", "aws", "backups.schedules.snapshot", "nightly", /five cron fields/],
    ["a model that is not offered", "aws", "model", "mainframe", /"managed"/],
    ["an unknown field", "aws", "databse", {}, /no such field/],
    ["a missing field", "aws", "owner", undefined, /string/],
  ];
  test.each(cases)("%s (%s)", (_, base, path, value, allowed) => {
    const input = withField(bases[base], path, value);
    const faults = faultsOf([input]);
    const fault = faults.find((one) => one.allowed.match(allowed));
    expect(faults).toHaveLength(1);
    expect(fault?.path.startsWith(`${input.name}.`)).toBe(true);
    expect(fault?.remedy).toMatch(/\w/);
  });

  test("read replicas of an instance whose password RDS manages", () => {
    const input = withField(production, "database.masterPassword", "rds-managed");
    expect(faultsOf([input])).toMatchObject([{ path: "production.database.masterPassword", given: "rds-managed" }]);
  });

  test("each reason why a Multi-AZ DB cluster cannot be", () => {
    const database = {
      engine: "mariadb",
      topology: "multi-az-cluster",
      readReplicas: 2,
      storageGb: 20,
      masterPassword: "write-only",
      instanceClass: "db.m7g.large",
    };
    const paths = faultsOf([withField(production, "database", database)]).map(({ path }) => path);
    expect(paths.sort()).toEqual([
      "production.database.instanceClass",
      "production.database.masterPassword",
      "production.database.readReplicas",
      "production.database.storageGb",
      "production.database.topology",
    ]);
  });

  test("two OIDC providers of GitHub in one account", () => {
    const inputs = [staging, withField(production, "account", staging.account)];
    expect(faultsOf(inputs).map(({ path }) => path)).toEqual(["production.ci.oidcProvider"]);
    expect(faultsOf([staging, withField(inputs[1], "ci.oidcProvider", "existing")])).toEqual([]);
  });

  test("two environments in one Google project, in which their pods would be the same", () => {
    const twin = withField(googleProduction, "project", googleStaging.project);
    expect(faultsOf([googleStaging, twin])).toEqual([
      expect.objectContaining({
        path: "production.project",
        given: googleStaging.project,
        allowed: expect.stringContaining("other than that of staging"),
      }),
    ]);
    expect(faultsOf([googleStaging, googleProduction])).toEqual([]);
  });

  test("a name that begins with another's in the same account: permissions go by the beginning of names", () => {
    const eu = withField(withField(staging, "name", "staging-eu"), "domain", "moodle.eu.staging.example.edu");
    const nested = withField(eu, "ci.oidcProvider", "existing");
    expect(faultsOf([staging, nested]).map(({ path }) => path)).toEqual(["staging-eu.name"]);
    expect(faultsOf([staging, withField(nested, "account", production.account)])).toEqual([]);
    expect(faultsOf([staging, withField(nested, "name", "stagingeu")])).toEqual([]);
  });

  test("one domain for two sites", () => {
    const twin = withField(production, "hostedZone.name", "example.edu");
    expect(faultsOf([staging, withField(twin, "domain", staging.domain)])).toEqual([
      expect.objectContaining({
        path: "production.domain",
        given: staging.domain,
        allowed: "a domain other than that of staging",
      }),
    ]);
  });

  test("a time zone that there is not", () => {
    const zone = (name: string) => faultsOf([withField(staging, "backups.timeZone", name)]).map(({ path }) => path);
    expect(zone("Europe/Viena")).toEqual(["staging.backups.timeZone"]);
    expect(zone("+01:00")).toEqual(["staging.backups.timeZone"]);
    expect(["Europe/Vienna", "Etc/UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5"].flatMap(zone)).toEqual([]);
  });

  test("an API server open to the whole internet", () => {
    const [fault] = faultsOf([withField(staging, "cluster.publicAccessCidrs", ["203.0.113.0/24", "0.0.0.0/0"])]);
    expect(fault).toMatchObject({ path: "staging.cluster.publicAccessCidrs.1", given: "0.0.0.0/0" });
  });

  test("a range that meets several, as one fault that names them all", () => {
    const faults = faultsOf([withField(staging, "network", { cidr: "10.0.0.0/16", serviceCidr: "10.0.0.0/20" })]);
    expect(faults).toEqual([
      expect.objectContaining({
        path: "staging.network.serviceCidr",
        allowed: "a range apart from network.cidr (10.0.0.0/16)",
      }),
    ]);
  });

  test("a name with two hyphens in a row, which RDS and ElastiCache refuse", () => {
    expect(faultsOf([withField(staging, "name", "a--b")]).map(({ path }) => path)).toEqual(["a--b.name"]);
  });

  test("PostgreSQL 15 under Moodle 5.2", () => {
    const input = withField(
      withField(withField(staging, "moodle.version", "5.2"), "moodle.fileStorage", "shared-files"),
      "database.version",
      "15",
    );
    expect(faultsOf([input])).toMatchObject([
      { path: "staging.database.version", allowed: "16 or newer for Moodle 5.2" },
    ]);
  });

  test("two environments of one name", () => {
    expect(faultsOf([staging, staging])).toMatchObject([{ path: "staging" }]);
  });

  test("a cloud that is not offered", () => {
    expect(faultsOf([withField(staging, "cloud", "azure")])).toMatchObject([
      { path: "staging.cloud", given: "azure", allowed: '"aws" or "google"' },
    ]);
  });
});

test("reports the faults of all environments and of shape and rules at once", () => {
  const first = withField(withField(staging, "region", "Frankfurt"), "domain", "moodle.other.org");
  const second = withField(withField(production, "database.masterPassword", "rds-managed"), "owner", "Some One");
  const paths = faultsOf([first, second]).map(({ path }) => path);
  expect(paths).toEqual(["staging.region", "staging.domain", "production.owner", "production.database.masterPassword"]);
});

test("the message shows each fault's four parts", () => {
  const input = withField(staging, "region", "Frankfurt");
  expect(() => loadEnvironments([input])).toThrow(
    /1 fault\n {2}staging\.region\n {4}given: {3}"Frankfurt"\n {4}allowed: an AWS region.*\n {4}remedy: {2}.*environments\/staging\.ts/,
  );
});

describe("overrides from the outside", () => {
  const load = (variables: Record<string, string>) => loadEnvironments([staging, production], variables);

  test("set one field of one environment", () => {
    const [first, second] = load({ MOODLE_PLATFORM__STAGING__ACCOUNT: "999988887777" });
    expect(first).toMatchObject({ account: "999988887777" });
    expect(second).toMatchObject({ account: "444455556666" });
  });

  test("reach nested fields, whatever the spelling of the words", () => {
    const [first] = load({ MOODLE_PLATFORM__STAGING__DATABASE__INSTANCE_CLASS: "db.t4g.large" });
    expect(first?.cloud === "aws" && first.database.instanceClass).toBe("db.t4g.large");
  });

  test.each([
    ["MOODLE__WEB__MAX_REPLICAS", "7", { moodle: { web: { maxReplicas: 7 } } }],
    ["EDGE__WAF", "true", { edge: { waf: true } }],
    ["ZONES", '["eu-central-1b","eu-central-1c"]', { zones: ["eu-central-1b", "eu-central-1c"] }],
    ["DATABASE__VERSION", "16", { database: { version: "16" } }],
    ["DATABASE__APPLY_IMMEDIATELY", "true", { database: { applyImmediately: true } }],
  ])("%s is read as the type of its field", (field, text, expected) => {
    expect(load({ [`MOODLE_PLATFORM__STAGING__${field}`]: text })[0]).toMatchObject(expected);
  });

  test("a wrong value names the variable", () => {
    const [fault] = faultsOf([staging], { MOODLE_PLATFORM__STAGING__REGION: "Frankfurt" });
    expect(fault?.remedy).toContain("MOODLE_PLATFORM__STAGING__REGION");
    const [element] = faultsOf([staging], { MOODLE_PLATFORM__STAGING__CLUSTER__ADMINISTRATORS: '["someone"]' });
    expect(element?.path).toBe("staging.cluster.administrators.0");
    expect(element?.remedy).toContain("MOODLE_PLATFORM__STAGING__CLUSTER__ADMINISTRATORS");
  });

  test.each([
    ["MOODLE_PLATFORM__STAGING__ACOUNT", /account/],
    ["MOODLE_PLATFORM__STAGIN__ACCOUNT", /staging/],
    ["MOODLE_PLATFORM__STAGING", /account/],
  ])("%s is refused with what exists", (variable, allowed) => {
    expect(faultsOf([staging], { [variable]: "1" })).toMatchObject([
      { path: variable, allowed: expect.stringMatching(allowed) },
    ]);
  });
});

describe("defaults that follow from protection", () => {
  const [disposable, guarded] = loadEnvironments([staging, production]);
  test("a disposable site is small", () => {
    expect(disposable).toMatchObject({
      prefix: "moodle-staging-1",
      network: { natGateways: "single" },
      database: { topology: "single", masterPassword: "rds-managed", backupRetentionDays: 1 },
      redis: { groups: "shared" },
      backups: { lockDays: 0 },
      edge: { waf: false },
    });
  });

  test("a protected site is redundant", () => {
    expect(guarded).toMatchObject({
      zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
      network: { natGateways: "per-zone" },
      database: { topology: "multi-az", masterPassword: "write-only", backupRetentionDays: 14 },
      redis: { groups: "separate" },
      backups: { lockDays: 30 },
      edge: { waf: true },
    });
  });
});
