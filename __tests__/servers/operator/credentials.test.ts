/** moodle-operator follows a login from its store to the database: each store with PostgreSQL, and MariaDB once. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { postgresqlInstallations } from "../../../scripts/site/programs";
import type { Stores } from "../../../services/database-roles/src";
import { StoresAndDatabases } from "../../../services/operator/src/credentials/access";
import { makeCertificates } from "../support/certificates";
import { GoogleEmulator } from "../support/google";
import { MotoServer } from "../support/moto";
import { MysqlTestServer, mysqlInstallations } from "../support/mysql";
import { PostgresqlTestServer } from "../support/postgresql";
import { freePort } from "../support/process";
import { VaultEmulator } from "../support/vault";
import { SECRET, WatchedSite } from "./watched-site";

/** Two users that take turns. */
const BLUE = { username: "moodle_blue", password: "the-password-of-blue-1" };
const GREEN = { username: "moodle_green", password: "the-password-of-green-1" };
const STRANGER = { username: "stranger", password: "the-password-of-a-stranger" };

/** A store that tests write into; returns the version. */
interface TestStore {
  readonly name: keyof Stores;
  put(value: object | string): Promise<string>;
}

let directory: string;
let postgresql: PostgresqlTestServer;
let mariadb: MysqlTestServer;
let moto: MotoServer;
let google: GoogleEmulator;
let vault: VaultEmulator;
let stores: Stores;
const environment = { ...process.env };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "operator-credentials-"));
  const [newest] = postgresqlInstallations();
  const installed = mysqlInstallations().find(({ engine }) => engine === "mariadb");
  if (newest === undefined || installed === undefined) throw new Error("install PostgreSQL and MariaDB");
  const certificates = makeCertificates(directory);
  [postgresql, mariadb, moto, google, vault] = await Promise.all([
    PostgresqlTestServer.start(newest.bin),
    MysqlTestServer.start(installed),
    MotoServer.start(),
    new GoogleEmulator().start(),
    new VaultEmulator().start(certificates),
  ]);
  Object.assign(process.env, moto.environment(), google.environment());
  // Google's client imports node-fetch where it finds no window, which Jest's module loader cannot.
  Object.assign(globalThis, { window: { fetch } });
  writeFileSync(join(directory, "token"), "pod-token");
  stores = {
    "aws-secrets-manager": { region: "eu-central-1" },
    "google-secret-manager": { project: "test-project" },
    vault: {
      address: `https://localhost:${vault.port}`,
      mount: "secret",
      authMount: "kubernetes",
      role: "moodle",
      tokenFile: join(directory, "token"),
      caFile: certificates.caFile,
    },
  };
});

afterAll(async () => {
  process.env = environment;
  await Promise.all([postgresql, mariadb, moto, google, vault].map((server) => server?.stop()));
  rmSync(directory, { recursive: true, force: true });
});

const text = (value: object | string) => (typeof value === "string" ? value : JSON.stringify(value));

const STORES: Record<keyof Stores, () => Promise<TestStore>> = {
  "aws-secrets-manager": async () => {
    const client = new SecretsManagerClient({ region: "eu-central-1" });
    await client.send(new CreateSecretCommand({ Name: SECRET })).catch((error: Error) => {
      if (error.name !== "ResourceExistsException") throw error;
    });
    return {
      name: "aws-secrets-manager",
      put: async (value) => {
        await client.send(new PutSecretValueCommand({ SecretId: SECRET, SecretString: text(value) }));
        const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: SECRET }));
        return Object.keys(VersionIdsToStages).find((id) => VersionIdsToStages[id]?.includes("AWSCURRENT")) ?? "";
      },
    };
  },
  "google-secret-manager": async () => ({
    name: "google-secret-manager",
    put: async (value) => {
      google.secrets.set(SECRET, [...(google.secrets.get(SECRET) ?? []), text(value)]);
      return String(google.secrets.get(SECRET)?.length);
    },
  }),
  vault: async () => ({
    name: "vault",
    put: async (value) => {
      vault.put(SECRET, typeof value === "string" ? { text: value } : { ...value });
      return String(vault.secrets.get(SECRET)?.length);
    },
  }),
};

/** The database of a site, owned by a role that both users have; the stranger may log in and has no rights. */
async function resetPostgresql(): Promise<void> {
  await postgresql.superuser("DROP DATABASE IF EXISTS moodle WITH (FORCE)");
  for (const role of [BLUE.username, GREEN.username, STRANGER.username, "moodle"]) {
    await postgresql.superuser(`DROP ROLE IF EXISTS ${role}`);
  }
  await postgresql.superuser("CREATE ROLE moodle");
  await postgresql.superuser("CREATE DATABASE moodle OWNER moodle");
  for (const { username, password } of [BLUE, GREEN]) {
    await postgresql.superuser(`CREATE ROLE ${username} LOGIN PASSWORD '${password}' IN ROLE moodle`);
  }
  await postgresql.superuser(`CREATE ROLE ${STRANGER.username} LOGIN PASSWORD '${STRANGER.password}'`);
  await postgresql.superuser("SET ROLE moodle; CREATE TABLE mdl_config (id int)", "moodle");
}

const login = (user: { username: string; password: string }) => postgresql.as(user, "SELECT * FROM mdl_config");

describe.each(Object.keys(STORES) as (keyof Stores)[])("a login in %s", (name) => {
  let store: TestStore;
  let site: WatchedSite;
  let first: string;

  beforeEach(async () => {
    await resetPostgresql();
    store = await STORES[name]();
    const { port, certificates } = postgresql;
    site = new WatchedSite(stores, name, {
      type: "pgsql",
      host: "localhost",
      port,
      name: "moodle",
      certificates: certificates.ca,
    });
    first = await store.put(BLUE);
    expect(await site.look()).toEqual({
      logins: [{ name: "database", key: SECRET, version: first, phase: "InUse" }],
      finding: expect.objectContaining({ status: "True", reason: "Current" }),
    });
  });

  // Whatever was done: nothing secret was told.
  afterEach(() => {
    for (const secret of [BLUE, GREEN, STRANGER].flatMap(Object.values)) expect(site.told).not.toContain(secret);
  });

  test("a new version is tried, copied, rolled out; both logins work until no pod has the old one", async () => {
    const second = await store.put(GREEN);
    const found = await site.look();
    expect(found.logins).toEqual([{ name: "database", key: SECRET, version: second, phase: "Synchronizing" }]);
    expect(found.finding).toMatchObject({ status: "False", reason: "Synchronizing" });
    expect((await site.look()).logins[0]?.phase).toBe("Synchronizing");
    site.copy(first);
    expect((await site.look()).logins[0]?.phase).toBe("Synchronizing");
    site.copy(second, true);
    expect((await site.look()).logins[0]?.phase).toBe("Synchronizing");
    site.copy(name === "aws-secrets-manager" ? `uuid/${second}` : second);
    const rolling = await site.look();
    expect(rolling.logins[0]).toMatchObject({ version: second, phase: "RollingOut", restartedAt: expect.any(String) });
    expect(rolling.finding).toMatchObject({ status: "False", reason: "RollingOut" });
    await Promise.all([login(BLUE), login(GREEN)]);
    const settled = await site.settle();
    expect(settled.logins[0]).toMatchObject({ version: second, phase: "InUse" });
    expect(settled.finding).toMatchObject({ status: "True", reason: "Current" });
    await postgresql.superuser(`ALTER ROLE ${BLUE.username} NOLOGIN`);
    expect((await site.look()).finding).toMatchObject({ status: "True" });
    await expect(login(BLUE)).rejects.toThrow(/not permitted/);
  });

  test("a new version that the database refuses changes nothing, and is taken once it is right", async () => {
    const bad = await store.put({ ...BLUE, password: "not-the-password-of-blue" });
    const refused = await site.look();
    expect(refused.logins).toEqual([{ name: "database", key: SECRET, version: first, phase: "InUse" }]);
    expect(refused.finding).toMatchObject({ status: "False", reason: "LoginRefused" });
    expect(refused.finding?.message).toBe(
      `the database refuses version ${bad} of ${SECRET}: the site goes on with version ${first}, which works`,
    );
    // As database-roles does it: the password follows its secret, and the one before ends.
    await postgresql.superuser(`ALTER ROLE ${BLUE.username} PASSWORD 'not-the-password-of-blue'`);
    const found = await site.look();
    expect(found.logins[0]).toMatchObject({ version: bad, phase: "Synchronizing" });
  });

  test("says where the login that the site uses is refused as well", async () => {
    await store.put({ ...BLUE, password: "not-the-password-of-blue" });
    await postgresql.superuser(`ALTER ROLE ${BLUE.username} PASSWORD 'a-third-password-of-blue'`);
    expect((await site.look()).finding?.message).toMatch(/it refuses version \S+ as well, which the site uses/);
  });

  test("a user without rights on Moodle's tables is refused", async () => {
    await store.put(STRANGER);
    expect((await site.look()).finding).toMatchObject({ status: "False", reason: "NoPrivileges" });
  });

  test.each([["text"], [{ username: "moodle_blue" }], [{ ...BLUE, password: "" }]])(
    "a secret that holds %j is refused",
    async (value) => {
      await store.put(value);
      const { finding, logins } = await site.look();
      expect(finding).toMatchObject({ status: "False", reason: "SecretInvalid" });
      expect(logins[0]?.version).toBe(first);
    },
  );

  test("a database that cannot be asked decides nothing", async () => {
    await store.put(GREEN);
    const { finding, logins } = await site.look({ port: await freePort() });
    expect(finding).toMatchObject({ status: "Unknown", reason: "DatabaseUnavailable" });
    expect(logins[0]?.version).toBe(first);
  });
});

test("a store that cannot be read decides nothing, and an expired token of Vault is renewed", async () => {
  await resetPostgresql();
  const { port, certificates } = postgresql;
  const database = { type: "pgsql", host: "localhost", port, name: "moodle", certificates: certificates.ca } as const;
  vault.put(SECRET, BLUE);
  const site = new WatchedSite(stores, "vault", database);
  await site.look();
  vault.sealedAnswers = 1;
  expect((await site.look()).finding).toMatchObject({ status: "Unknown", reason: "StoreUnavailable" });
  const access = new StoresAndDatabases(stores);
  const { version } = await access.read("vault", SECRET);
  vault.token = "hvs.another-client-token";
  expect((await access.read("vault", SECRET)).version).toBe(version);
});

test("MariaDB: a new version is tried, and a bad one refused", async () => {
  await mariadb.reset([BLUE.username, GREEN.username]);
  await mariadb.superuser("CREATE DATABASE moodle");
  await mariadb.superuser("CREATE TABLE moodle.mdl_config (id int)");
  for (const { username, password } of [BLUE, GREEN]) {
    await mariadb.superuser(`CREATE USER '${username}'@'%' IDENTIFIED BY '${password}' REQUIRE SSL`);
    await mariadb.superuser(`GRANT ALL ON moodle.* TO '${username}'@'%'`);
  }
  const store = await STORES["aws-secrets-manager"]();
  const { port, certificates } = mariadb;
  const database = { type: "mariadb", host: "localhost", port, name: "moodle", certificates: certificates.ca } as const;
  const site = new WatchedSite(stores, "aws-secrets-manager", database);
  const first = await store.put(BLUE);
  expect((await site.look()).logins[0]).toMatchObject({ version: first, phase: "InUse" });
  await store.put({ ...GREEN, password: "not-the-password-of-green" });
  expect((await site.look()).finding).toMatchObject({ status: "False", reason: "LoginRefused" });
  const third = await store.put(GREEN);
  expect((await site.look()).logins[0]).toMatchObject({ version: third, phase: "Synchronizing" });
  await Promise.all([BLUE, GREEN].map((user) => mariadb.as(user, "SELECT * FROM mdl_config")));
});
