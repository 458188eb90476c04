import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { postgresqlInstallations } from "../../../scripts/site/programs";
import { PostgresqlTestServer } from "../support/postgresql";
import { freePort } from "../support/process";
import { CountingProxy } from "../support/proxy";
import { GENERATED, ROLES, runOnce, SECRETS, start } from "../support/site";
import { describeEitherEngine } from "./support/either-engine";
import { MASTER, type Role, World } from "./support/world";

const TABLE = "CREATE TABLE mdl_probe (id bigserial PRIMARY KEY, name text)";

const installations = postgresqlInstallations();

test("there is a PostgreSQL to test against", () => {
  expect(installations).not.toEqual([]);
});

describe.each(installations)("$version", ({ bin }) => {
  let world: World<PostgresqlTestServer>;

  const as = (role: Role, sql: string) => world.as(role, sql);
  /** Refused for the want of a privilege, and not by a session's default, which anyone may change. */
  const refused = (role: Role, sql: string) => expect(as(role, sql)).rejects.toMatchObject({ code: "42501" });

  beforeAll(async () => {
    const server = await PostgresqlTestServer.start(bin);
    // As RDS and Cloud SQL have it: no superuser, but allowed to make roles and databases.
    await server.superuser(`CREATE ROLE administrator LOGIN CREATEROLE CREATEDB PASSWORD '${MASTER.password}'`);
    world = await World.start("postgresql", server, async () => {
      await world.verifyPrivileges(TABLE, refused);
      const roles = await server.superuser<{ rolname: string }>(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'moodle%' ORDER BY rolname",
      );
      expect(roles.map(({ rolname }) => rolname)).toEqual([...ROLES]);
      const memberships = await server.superuser(
        `SELECT 1 FROM pg_auth_members WHERE roleid = 'moodle'::regrole AND grantor = 'administrator'::regrole`,
      );
      expect(memberships).toEqual([]);
    });
  });

  beforeEach(() => world.site.reset());

  afterAll(() => world?.stop());

  describeEitherEngine(() => world, {
    wrongPassword: { code: "28P01" },
    inPlaceOfPasswords: "SCRAM-SHA-256$4096:",
    administratorsDatabase: "postgres",
    setAdministratorPassword: (password) => `ALTER ROLE administrator PASSWORD '${password}'`,
  });

  describe("a first run", () => {
    test("makes the database in UTF8, owned by the application", async () => {
      await runOnce(world.site);
      const [database] = await world.server.superuser(
        "SELECT pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = 'moodle'",
      );
      expect(database).toEqual({ owner: "moodle", encoding: "UTF8" });
    });

    test("fills the generated keys and keeps those that exist", async () => {
      world.aws.put(GENERATED.name, { upgradeKey: "kept", other: 7 });
      await runOnce(world.site);
      expect(world.aws.current(GENERATED.name)).toEqual({
        upgradeKey: "kept",
        other: 7,
        adminPassword: expect.stringMatching(/^[\w-]{32}$/),
      });
    });

    test("takes over the usernames and passwords that the store holds", async () => {
      const password = "chosen-by-an-operator: $'\\\"%";
      world.aws.put(SECRETS.application, { username: "lms", password });
      expect(await world.run()).toMatchObject({ code: 1 }); // a space is no part of a password
      world.aws.put(SECRETS.application, { username: "lms", password: password.replaceAll(" ", "") });
      try {
        expect(await world.run()).toMatchObject({ code: 0 });
        expect(await as("application", "SELECT current_user::text AS name")).toEqual([{ name: "lms" }]);
      } finally {
        await world.server.reset([...ROLES, "lms"]);
      }
    });

    test("gives an existing database of the administrator to the application, with its tables readable", async () => {
      await runOnce(world.site);
      await as("application", TABLE);
      await world.server.superuser(
        "REVOKE ALL ON mdl_probe, mdl_probe_id_seq FROM moodle_backup, moodle_reader",
        "moodle",
      );
      await world.server.superuser("REVOKE pg_read_all_data FROM moodle_backup");
      await world.server.superuser("ALTER DATABASE moodle OWNER TO administrator");
      expect(await world.run()).toMatchObject({ code: 0 });
      for (const role of ["backup", "reader"] as const) expect(await as(role, "SELECT * FROM mdl_probe")).toEqual([]);
    });

    test("writes one JSON object a line", async () => {
      const { output } = await runOnce(world.site);
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
      await runOnce(world.site);
      await as("application", TABLE);
      await as("application", "INSERT INTO mdl_probe (name) VALUES ('dumped')");
      const { username, password } = world.stored("backup");
      const address = `host=localhost port=${world.server.port} dbname=moodle user=${username} sslmode=verify-full`;
      const dump = execFileSync(pgDump, [`${address} sslrootcert=${world.server.certificates.caFile}`], {
        env: { PGPASSWORD: password },
        encoding: "utf8",
      });
      expect(dump).toContain("dumped");
    });

    test("without the right to grant pg_read_all_data, the backup role still reads every table and sequence", async () => {
      const [{ major } = { major: 0 }] = await world.server.superuser<{ major: number }>(
        "SELECT current_setting('server_version_num')::int / 10000 AS major",
      );
      const { output } = await runOnce(world.site);
      expect(output.includes("may not grant pg_read_all_data")).toBe(major >= 16);
      await as("application", TABLE);
      expect(await as("backup", "SELECT last_value FROM mdl_probe_id_seq")).toHaveLength(1);
    });

    test("with that right, the backup role is a member of pg_read_all_data", async () => {
      await world.server.superuser("GRANT pg_read_all_data TO administrator WITH ADMIN OPTION");
      try {
        await runOnce(world.site);
        const [row] = await world.server.superuser(
          "SELECT pg_has_role('moodle_backup', 'pg_read_all_data', 'MEMBER') AS member",
        );
        expect(row).toEqual({ member: true });
      } finally {
        await world.server.superuser("REVOKE pg_read_all_data FROM administrator CASCADE");
      }
    });

    test("the reader has no business with sequences, other databases or other roles", async () => {
      await runOnce(world.site);
      await as("application", TABLE);
      await refused("reader", "SELECT nextval('mdl_probe_id_seq')");
      await refused("reader", "CREATE DATABASE other");
      await refused("reader", "CREATE ROLE other");
      await refused("reader", "CREATE TEMPORARY TABLE other (id int)");
    });

    test("the application is no administrator", async () => {
      await runOnce(world.site);
      await refused("application", "CREATE DATABASE other");
      await refused("application", "CREATE ROLE other");
    });

    test("others do not get into the database", async () => {
      await runOnce(world.site);
      await expect(world.server.as(MASTER, "SELECT 1")).rejects.toMatchObject({ code: "42501" });
    });

    test("an extension's view in schema public does not stop a run", async () => {
      await runOnce(world.site);
      await world.server.superuser("CREATE VIEW public.of_an_extension AS SELECT 1 AS one", "moodle");
      expect(await world.run()).toMatchObject({ code: 0 });
    });
  });

  describe("a further run", () => {
    const state = () =>
      world.server.superuser(
        `SELECT (SELECT json_agg(r ORDER BY rolname) FROM (SELECT rolname, rolpassword, rolcanlogin FROM pg_authid) r) AS roles,
                (SELECT json_agg(m ORDER BY roleid, member, grantor) FROM pg_auth_members m) AS members,
                (SELECT json_agg(s) FROM pg_db_role_setting s) AS settings,
                (SELECT json_agg(d) FROM (SELECT datacl, datdba FROM pg_database WHERE datname = 'moodle') d) AS database,
                (SELECT json_agg(a ORDER BY oid) FROM pg_default_acl a) AS defaults,
                (SELECT json_agg(c ORDER BY oid) FROM (SELECT oid, relacl FROM pg_class WHERE relname LIKE 'mdl_%') c) AS tables`,
        "moodle",
      );

    test("changes nothing", async () => {
      await runOnce(world.site);
      await as("application", TABLE);
      const [before, secrets] = [await state(), JSON.stringify([...world.aws.secrets])];
      expect(await world.run()).toMatchObject({ code: 0 });
      expect(await state()).toEqual(before);
      expect(JSON.stringify([...world.aws.secrets])).toBe(secrets);
    });

    test("sets the password that was changed in the database back to the store's", async () => {
      await runOnce(world.site);
      await world.server.superuser("ALTER ROLE moodle NOLOGIN PASSWORD 'changed'");
      await world.run();
      await as("application", "SELECT 1");
    });

    test("takes back CREATE on schema public from everyone", async () => {
      await runOnce(world.site);
      await world.server.superuser("GRANT CREATE ON SCHEMA public TO PUBLIC", "moodle");
      await world.run();
      await refused("reader", "CREATE TABLE mdl_other (id int)");
    });
  });

  describe("refusals", () => {
    test("one username for two roles", async () => {
      world.aws.put(SECRETS.reader, { username: "moodle" });
      expect(await world.run()).toMatchObject({
        code: 1,
        output: expect.stringContaining("three different usernames"),
      });
    });

    test("a database in another encoding", async () => {
      await world.server.superuser("CREATE DATABASE moodle ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
      expect(await world.run()).toMatchObject({ code: 1, output: expect.stringContaining("LATIN1") });
    });

    test("a store that knows no such secret", async () => {
      world.aws.secrets.delete(SECRETS.backup);
      expect(await world.run()).toMatchObject({ code: 1, output: expect.stringContaining("Terraform makes it") });
    });

    test("a configuration that cannot work, with every fault and exit code 2", async () => {
      const { code, output } = await world.run({ engine: "oracle", port: 0, host: "10.0.0.1" });
      expect(code).toBe(2);
      const { faults } = JSON.parse(output);
      expect(faults.map((fault: string) => fault.split(":")[0])).toEqual(["engine", "host", "port"]);
    });
  });

  describe("patience", () => {
    test("waits for a database that is not up yet", async () => {
      const port = await freePort();
      const ended = world.run({ port });
      await sleep(1500);
      const late = await CountingProxy.start(world.server.port, port);
      expect(await ended).toMatchObject({ code: 0 });
      await late.stop();
    });

    test("gives up at its deadline", async () => {
      const outcome = await world.run({ port: await freePort(), deadlineSeconds: 10 });
      expect(outcome).toMatchObject({ code: 1, output: expect.stringContaining("ECONNREFUSED") });
    });

    test("reads the managed password again when it was rotated meanwhile", async () => {
      world.aws.put("master", { ...MASTER, password: "before-the-rotation" });
      const program = start(world.site);
      await sleep(1500);
      world.aws.put("master", MASTER);
      expect(await program.ended).toMatchObject({ code: 0 });
    });
  });
});
