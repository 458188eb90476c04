import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { postgresqlInstallations } from "../../../scripts/site/programs";
import { AwsEmulator } from "../support/aws";
import { makeCertificates } from "../support/certificates";
import { describeKills } from "../support/kills";
import { PostgresqlTestServer } from "../support/postgresql";
import { freePort } from "../support/process";
import { Program } from "../support/program";
import { CountingProxy } from "../support/proxy";
import {
  emptySecrets,
  expectRecovery,
  GENERATED,
  ROLES,
  runOnce,
  SECRETS,
  type Site,
  secretsIn,
  start,
} from "../support/site";

const MASTER = { username: "administrator", password: "the-administrator-password-1" };
const TABLE = "CREATE TABLE mdl_probe (id bigserial PRIMARY KEY, name text)";

type Role = keyof typeof SECRETS;

const installations = postgresqlInstallations();

test("there is a PostgreSQL to test against", () => {
  expect(installations).not.toEqual([]);
});

describe.each(installations)("$version", ({ bin }) => {
  let server: PostgresqlTestServer;
  let proxy: CountingProxy;
  let aws: AwsEmulator;
  let site: Site;
  let directory: string;

  const stored = (role: Role) => aws.current(SECRETS[role]) as { username: string; password: string };
  const as = (role: Role, sql: string) => server.as(stored(role), sql);
  /** Refused for the want of a privilege, and not by a session's default, which anyone may change. */
  const refused = (role: Role, sql: string) => expect(as(role, sql)).rejects.toMatchObject({ code: "42501" });
  const run = async (changes: Record<string, unknown> = {}) =>
    new Program(directory, { ...(site.configuration as object), ...changes }, site.environment).ended;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "database-roles-"));
    server = await PostgresqlTestServer.start(bin);
    proxy = await CountingProxy.start(server.port);
    aws = await new AwsEmulator().start();
    // As RDS and Cloud SQL have it: no superuser, but allowed to make roles and databases.
    await server.superuser(`CREATE ROLE administrator LOGIN CREATEROLE CREATEDB PASSWORD '${MASTER.password}'`);
    const tokenFile = join(directory, "token");
    writeFileSync(tokenFile, "pod-token");
    site = {
      directory,
      environment: aws.environment(tokenFile),
      store: aws,
      configuration: {
        engine: "postgresql",
        host: "localhost",
        port: proxy.port,
        database: "moodle",
        caFile: server.certificates.caFile,
        administrator: { kind: "rds-managed-secret", secretArn: "master", region: "eu-central-1" },
        stores: { "aws-secrets-manager": { region: "eu-central-1" } },
        ...secretsIn("aws-secrets-manager"),
        deadlineSeconds: 60,
      },
      reset: async () => {
        await server.reset(ROLES);
        aws.secrets.clear();
        emptySecrets(aws);
        aws.put("master", MASTER);
      },
      verify: async () => {
        await as("application", TABLE);
        await as("application", "INSERT INTO mdl_probe (name) VALUES ('one')");
        for (const role of ["backup", "reader"] as const) {
          expect(await as(role, "SELECT name FROM mdl_probe")).toEqual([{ name: "one" }]);
          await refused(role, "INSERT INTO mdl_probe (name) VALUES ('two')");
          await refused(role, "CREATE TABLE mdl_other (id int)");
        }
        await as("application", "DROP TABLE mdl_probe");
        const roles = await server.superuser<{ rolname: string }>(
          "SELECT rolname FROM pg_roles WHERE rolname LIKE 'moodle%' ORDER BY rolname",
        );
        expect(roles.map(({ rolname }) => rolname)).toEqual([...ROLES]);
        const memberships = await server.superuser(
          `SELECT 1 FROM pg_auth_members WHERE roleid = 'moodle'::regrole AND grantor = 'administrator'::regrole`,
        );
        expect(memberships).toEqual([]);
      },
    };
  });

  beforeEach(() => site.reset());

  afterAll(async () => {
    await aws?.stop();
    await proxy?.stop();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  describe("a first run", () => {
    test("makes roles that can do what they should and nothing else", async () => {
      await expectRecovery(site);
    });

    test("makes the database in UTF8, owned by the application", async () => {
      await runOnce(site);
      const [database] = await server.superuser(
        "SELECT pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = 'moodle'",
      );
      expect(database).toEqual({ owner: "moodle", encoding: "UTF8" });
    });

    test("fills the generated keys and keeps those that exist", async () => {
      aws.put(GENERATED.name, { upgradeKey: "kept", other: 7 });
      await runOnce(site);
      expect(aws.current(GENERATED.name)).toEqual({
        upgradeKey: "kept",
        other: 7,
        adminPassword: expect.stringMatching(/^[\w-]{32}$/),
      });
    });

    test("takes over the usernames and passwords that the store holds", async () => {
      const password = "chosen-by-an-operator: $'\\\"%";
      aws.put(SECRETS.application, { username: "lms", password });
      expect(await run()).toMatchObject({ code: 1 }); // a space is no part of a password
      aws.put(SECRETS.application, { username: "lms", password: password.replaceAll(" ", "") });
      try {
        expect(await run()).toMatchObject({ code: 0 });
        expect(await as("application", "SELECT current_user::text AS name")).toEqual([{ name: "lms" }]);
      } finally {
        await server.reset([...ROLES, "lms"]);
      }
    });

    test("gives an existing database of the administrator to the application, with its tables readable", async () => {
      await runOnce(site);
      await as("application", TABLE);
      await server.superuser("REVOKE ALL ON mdl_probe, mdl_probe_id_seq FROM moodle_backup, moodle_reader", "moodle");
      await server.superuser("REVOKE pg_read_all_data FROM moodle_backup");
      await server.superuser("ALTER DATABASE moodle OWNER TO administrator");
      expect(await run()).toMatchObject({ code: 0 });
      for (const role of ["backup", "reader"] as const) expect(await as(role, "SELECT * FROM mdl_probe")).toEqual([]);
    });

    test("writes no password to its output or the server's log", async () => {
      const { output, errors } = await runOnce(site);
      const logs = output + errors + readFileSync(server.logFile, "utf8");
      const { adminPassword, upgradeKey } = aws.current(GENERATED.name);
      const passwords = (Object.keys(SECRETS) as Role[]).map((role) => stored(role).password);
      for (const secret of [...passwords, adminPassword, upgradeKey]) {
        expect(secret).toMatch(/.{20,}/);
        expect(logs).not.toContain(secret);
      }
      expect(logs).toContain("SCRAM-SHA-256$4096:");
    });

    test("writes one JSON object a line", async () => {
      const { output } = await runOnce(site);
      const lines = output
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(lines.at(-1)).toMatchObject({ severity: "INFO", message: "secrets and database agree" });
    });
  });

  describe("privileges", () => {
    test("a dump by the backup role holds tables made after the run", async () => {
      const pgDump = join(bin, "pg_dump");
      if (!existsSync(pgDump)) return;
      await runOnce(site);
      await as("application", TABLE);
      await as("application", "INSERT INTO mdl_probe (name) VALUES ('dumped')");
      const { username, password } = stored("backup");
      const address = `host=localhost port=${server.port} dbname=moodle user=${username} sslmode=verify-full`;
      const dump = execFileSync(pgDump, [`${address} sslrootcert=${server.certificates.caFile}`], {
        env: { PGPASSWORD: password },
        encoding: "utf8",
      });
      expect(dump).toContain("dumped");
    });

    test("without the right to grant pg_read_all_data, the backup role still reads every table and sequence", async () => {
      const [{ major } = { major: 0 }] = await server.superuser<{ major: number }>(
        "SELECT current_setting('server_version_num')::int / 10000 AS major",
      );
      const { output } = await runOnce(site);
      expect(output.includes("may not grant pg_read_all_data")).toBe(major >= 16);
      await as("application", TABLE);
      expect(await as("backup", "SELECT last_value FROM mdl_probe_id_seq")).toHaveLength(1);
    });

    test("with that right, the backup role is a member of pg_read_all_data", async () => {
      await server.superuser("GRANT pg_read_all_data TO administrator WITH ADMIN OPTION");
      try {
        await runOnce(site);
        const [row] = await server.superuser(
          "SELECT pg_has_role('moodle_backup', 'pg_read_all_data', 'MEMBER') AS member",
        );
        expect(row).toEqual({ member: true });
      } finally {
        await server.superuser("REVOKE pg_read_all_data FROM administrator CASCADE");
      }
    });

    test("the reader has no business with sequences, other databases or other roles", async () => {
      await runOnce(site);
      await as("application", TABLE);
      await refused("reader", "SELECT nextval('mdl_probe_id_seq')");
      await refused("reader", "CREATE DATABASE other");
      await refused("reader", "CREATE ROLE other");
      await refused("reader", "CREATE TEMPORARY TABLE other (id int)");
    });

    test("the application is no administrator", async () => {
      await runOnce(site);
      await refused("application", "CREATE DATABASE other");
      await refused("application", "CREATE ROLE other");
    });

    test("others do not get into the database", async () => {
      await runOnce(site);
      await expect(server.as(MASTER, "SELECT 1")).rejects.toMatchObject({ code: "42501" });
    });

    test("a wrong password is refused", async () => {
      await runOnce(site);
      const { username, password } = stored("reader");
      await expect(server.as({ username, password: `${password}x` }, "SELECT 1")).rejects.toMatchObject({
        code: "28P01",
      });
    });

    test("an extension's view in schema public does not stop a run", async () => {
      await runOnce(site);
      await server.superuser("CREATE VIEW public.of_an_extension AS SELECT 1 AS one", "moodle");
      expect(await run()).toMatchObject({ code: 0 });
    });
  });

  describe("a further run", () => {
    const state = () =>
      server.superuser(
        `SELECT (SELECT json_agg(r ORDER BY rolname) FROM (SELECT rolname, rolpassword, rolcanlogin FROM pg_authid) r) AS roles,
                (SELECT json_agg(m ORDER BY roleid, member, grantor) FROM pg_auth_members m) AS members,
                (SELECT json_agg(s) FROM pg_db_role_setting s) AS settings,
                (SELECT json_agg(d) FROM (SELECT datacl, datdba FROM pg_database WHERE datname = 'moodle') d) AS database,
                (SELECT json_agg(a ORDER BY oid) FROM pg_default_acl a) AS defaults,
                (SELECT json_agg(c ORDER BY oid) FROM (SELECT oid, relacl FROM pg_class WHERE relname LIKE 'mdl_%') c) AS tables`,
        "moodle",
      );

    test("changes nothing", async () => {
      await runOnce(site);
      await as("application", TABLE);
      const [before, secrets] = [await state(), JSON.stringify([...aws.secrets])];
      expect(await run()).toMatchObject({ code: 0 });
      expect(await state()).toEqual(before);
      expect(JSON.stringify([...aws.secrets])).toBe(secrets);
    });

    test("sets the password that was changed in the store", async () => {
      await runOnce(site);
      const { username, password } = stored("backup");
      aws.put(SECRETS.backup, { username, password: "rotated-by-an-operator-1" });
      await run();
      await as("backup", "SELECT 1");
      await expect(server.as({ username, password }, "SELECT 1")).rejects.toMatchObject({ code: "28P01" });
    });

    test("sets the password that was changed in the database back to the store's", async () => {
      await runOnce(site);
      await server.superuser("ALTER ROLE moodle NOLOGIN PASSWORD 'changed'");
      await run();
      await as("application", "SELECT 1");
    });

    test("takes back CREATE on schema public from everyone", async () => {
      await runOnce(site);
      await server.superuser("GRANT CREATE ON SCHEMA public TO PUBLIC", "moodle");
      await run();
      await refused("reader", "CREATE TABLE mdl_other (id int)");
    });
  });

  describe("refusals", () => {
    test("a role of an administrator, by exit code 1", async () => {
      aws.put(SECRETS.reader, { username: "administrator", password: "another-password-of-it" });
      expect(await run()).toMatchObject({ code: 1, output: expect.stringContaining("is an administrator's role") });
      await server.as(MASTER, "SELECT 1", "postgres");
    });

    test("one username for two roles", async () => {
      aws.put(SECRETS.reader, { username: "moodle" });
      expect(await run()).toMatchObject({ code: 1, output: expect.stringContaining("three different usernames") });
    });

    test("a database in another encoding", async () => {
      await server.superuser("CREATE DATABASE moodle ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
      expect(await run()).toMatchObject({ code: 1, output: expect.stringContaining("LATIN1") });
    });

    test("a server whose certificate another authority signed, at once and without a word to the store", async () => {
      const other = mkdtempSync(join(tmpdir(), "other-"));
      const { caFile } = makeCertificates(other);
      expect(await run({ caFile })).toMatchObject({ code: 1, output: expect.stringContaining("certificate") });
      expect(aws.secrets.get(SECRETS.application)).toEqual([]);
      rmSync(other, { recursive: true, force: true });
    });

    test("a store that knows no such secret", async () => {
      aws.secrets.delete(SECRETS.backup);
      expect(await run()).toMatchObject({ code: 1, output: expect.stringContaining("Terraform makes it") });
    });

    test("a configuration that cannot work, with every fault and exit code 2", async () => {
      const { code, output } = await run({ engine: "oracle", port: 0, host: "10.0.0.1" });
      expect(code).toBe(2);
      const { faults } = JSON.parse(output);
      expect(faults.map((fault: string) => fault.split(":")[0])).toEqual(["engine", "host", "port"]);
    });
  });

  describe("patience", () => {
    test("waits for a database that is not up yet", async () => {
      const port = await freePort();
      const program = new Program(directory, { ...(site.configuration as object), port }, site.environment);
      await sleep(1500);
      const late = await CountingProxy.start(server.port, port);
      expect(await program.ended).toMatchObject({ code: 0 });
      await late.stop();
    });

    test("gives up at its deadline", async () => {
      const outcome = await run({ port: await freePort(), deadlineSeconds: 10 });
      expect(outcome).toMatchObject({ code: 1, output: expect.stringContaining("ECONNREFUSED") });
    });

    test("reads the managed password again when it was rotated meanwhile", async () => {
      aws.put("master", { ...MASTER, password: "before-the-rotation" });
      const program = start(site);
      await sleep(1500);
      aws.put("master", MASTER);
      expect(await program.ended).toMatchObject({ code: 0 });
    });

    test("resets the master password of an instance that is busy at first, applying nothing else that waits", async () => {
      aws.setMasterPassword = async (password) => {
        await server.superuser(`ALTER ROLE administrator PASSWORD '${password}'`);
      };
      aws.refusedModifications = 2;
      aws.busyAnswers = 2;
      const administrator = {
        kind: "rds-reset-password",
        instanceIdentifier: "moodle-test",
        username: "administrator",
        region: "eu-central-1",
      };
      try {
        expect(await run({ administrator })).toMatchObject({ code: 0 });
        expect(aws.modifications.at(-1)?.ApplyImmediately).toBeUndefined();
        await site.verify();
      } finally {
        await server.superuser(`ALTER ROLE administrator PASSWORD '${MASTER.password}'`);
      }
    });
  });

  describeKills(
    () => site,
    () => proxy,
  );
});
