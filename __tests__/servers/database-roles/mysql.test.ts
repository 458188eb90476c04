import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MysqlTestServer, mysqlInstallations } from "../support/mysql";
import { ROLES, runOnce, SECRETS } from "../support/site";
import { describeEitherEngine } from "./support/either-engine";
import { MASTER, type Role, World } from "./support/world";

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.MasterAccounts.html */
const MASTER_PRIVILEGES =
  "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER";

const TABLE = "CREATE TABLE mdl_probe (id bigint AUTO_INCREMENT PRIMARY KEY, name varchar(255))";

test("there is a MariaDB to test against", () => {
  expect(mysqlInstallations()).toContainEqual(expect.objectContaining({ engine: "mariadb" }));
});

describe.each(mysqlInstallations())("$engine", (installation) => {
  const { engine } = installation;
  let world: World<MysqlTestServer>;

  const as = (role: Role, sql: string) => world.as(role, sql);
  const refused = (role: Role, sql: string) =>
    expect(as(role, sql)).rejects.toMatchObject({ code: expect.stringMatching(/ACCESS_?DENIED_ERROR$/) });

  beforeAll(async () => {
    const server = await MysqlTestServer.start(installation);
    await server.superuser(`CREATE USER administrator IDENTIFIED BY '${MASTER.password}' REQUIRE SSL`);
    await server.superuser(`GRANT ${MASTER_PRIVILEGES} ON *.* TO administrator WITH GRANT OPTION`);
    world = await World.start(engine, server, async () => {
      await world.verifyPrivileges(TABLE, refused);
      const users = await server.superuser(
        "SELECT user AS user, host AS host, ssl_type AS tls FROM mysql.user WHERE user LIKE 'moodle%' ORDER BY user",
      );
      expect(users).toEqual([...ROLES].map((user) => ({ user, host: "%", tls: "ANY" })));
    });
  });

  beforeEach(() => world.site.reset());

  afterAll(() => world?.stop());

  describeEitherEngine(() => world, {
    wrongPassword: { code: "ER_ACCESS_DENIED_ERROR" },
    inPlaceOfPasswords: engine === "mysql" ? "<secret>" : "mysql_native_password USING '*",
    administratorsDatabase: "mysql",
    setAdministratorPassword: (password) => `ALTER USER administrator IDENTIFIED BY '${password}'`,
  });

  describe("a first run", () => {
    test("makes the database as Moodle wants it", async () => {
      await runOnce(world.site);
      const rows = await world.server.superuser(
        "SELECT default_collation_name AS collation FROM information_schema.schemata WHERE schema_name = 'moodle'",
      );
      expect(rows).toEqual([{ collation: "utf8mb4_unicode_ci" }]);
    });

    test("sets the collation of an empty database, as RDS makes it", async () => {
      await world.server.superuser("CREATE DATABASE moodle CHARACTER SET latin1");
      expect(await world.run()).toMatchObject({ code: 0 });
      const [table] = await world.server.superuser("SHOW CREATE DATABASE moodle");
      expect(JSON.stringify(table)).toContain("utf8mb4_unicode_ci");
    });

    test("takes over the username and password that the store holds, quotes and backslashes included", async () => {
      world.aws.put(SECRETS.application, { username: "lms", password: `chosen'by"an\\operator%` });
      try {
        expect(await world.run()).toMatchObject({ code: 0 });
        expect(await as("application", "SELECT current_user() AS name")).toEqual([{ name: "lms@%" }]);
      } finally {
        await world.server.reset([...ROLES, "lms"]);
      }
    });
  });

  describe("privileges", () => {
    test("a dump by the backup user holds tables made after the run, and the binary log's place is its to read", async () => {
      const dumpCommand = engine === "mysql" ? process.env.TEST_MYSQLDUMP : "mariadb-dump";
      if (dumpCommand === undefined) return;
      await runOnce(world.site);
      await as("application", TABLE);
      await as("application", "INSERT INTO mdl_probe (name) VALUES ('dumped')");
      const { username, password } = world.stored("backup");
      const defaults = join(world.directory, "client.cnf");
      writeFileSync(defaults, `[client]\nuser=${username}\npassword=${password}\n`, { mode: 0o600 });
      const dump = execFileSync(
        dumpCommand,
        [
          `--defaults-file=${defaults}`,
          "--protocol=tcp",
          "--host=localhost",
          `--port=${world.server.port}`,
          `--ssl-ca=${world.server.certificates.caFile}`,
          ...(engine === "mysql" ? ["--ssl-mode=VERIFY_IDENTITY"] : ["--ssl-verify-server-cert"]),
          "--single-transaction",
          "--flush-logs",
          "--triggers",
          "--events",
          "moodle",
        ],
        { encoding: "utf8" },
      );
      expect(dump).toContain("dumped");
      await as("backup", engine === "mysql" ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS");
    });

    test("the application restores what such a dump holds", async () => {
      await runOnce(world.site);
      await as("application", TABLE);
      await as("application", "LOCK TABLES mdl_probe WRITE");
      await as("application", "CREATE TEMPORARY TABLE mdl_scratch (id int)");
      await as("application", "ALTER TABLE mdl_probe ADD INDEX (name)");
    });

    test("nobody reads another database or makes one", async () => {
      await runOnce(world.site);
      await world.server.superuser("CREATE DATABASE IF NOT EXISTS moodle2");
      for (const role of ["application", "backup", "reader"] as const) {
        await expect(world.server.as(world.stored(role), "SELECT 1", "moodle2")).rejects.toMatchObject({
          code: "ER_DBACCESS_DENIED_ERROR",
        });
        await refused(role, "CREATE DATABASE other");
      }
      await world.server.superuser("DROP DATABASE moodle2");
    });

    test("an underscore in the database's name stands for itself", async () => {
      await world.server.superuser("CREATE DATABASE moodlexone");
      try {
        expect(await world.run({ database: "moodle_one" })).toMatchObject({ code: 0 });
        await world.server.as(world.stored("reader"), "SELECT 1", "moodle_one");
        await expect(world.server.as(world.stored("reader"), "SELECT 1", "moodlexone")).rejects.toMatchObject({
          code: "ER_DBACCESS_DENIED_ERROR",
        });
      } finally {
        await world.server.superuser("DROP DATABASE moodlexone");
        await world.server.superuser("DROP DATABASE IF EXISTS moodle_one");
      }
    });

    test("a right password is refused without TLS", async () => {
      await runOnce(world.site);
      await expect(world.server.withoutTls(world.stored("reader"))).rejects.toMatchObject({
        code: "ER_ACCESS_DENIED_ERROR",
      });
    });
  });

  describe("a further run", () => {
    const state = async () =>
      JSON.stringify([
        await world.server.superuser("SELECT * FROM mysql.user WHERE user LIKE 'moodle%' ORDER BY user"),
        await world.server.superuser("SELECT * FROM mysql.db WHERE user LIKE 'moodle%' ORDER BY user"),
        await world.server.superuser("SELECT * FROM information_schema.schemata"),
        [...world.aws.secrets],
      ]);

    test("changes nothing", async () => {
      await runOnce(world.site);
      const before = await state();
      expect(await world.run()).toMatchObject({ code: 0 });
      expect(await state()).toBe(before);
    });

    test("asks for TLS again where somebody took that away", async () => {
      await runOnce(world.site);
      await world.server.superuser("ALTER USER moodle_reader REQUIRE NONE");
      await world.run();
      await expect(world.server.withoutTls(world.stored("reader"))).rejects.toMatchObject({
        code: "ER_ACCESS_DENIED_ERROR",
      });
    });
  });

  describe("refusals", () => {
    test("a database in use that has another character set", async () => {
      await world.server.superuser("CREATE DATABASE moodle CHARACTER SET latin1");
      await world.server.superuser("CREATE TABLE moodle.mdl_probe (id int)");
      expect(await world.run()).toMatchObject({ code: 1, output: expect.stringContaining("mysql_collation.php") });
    });

    test("privileges that the administrator may not pass on are left out, with a warning", async () => {
      await world.server.superuser("REVOKE PROCESS, RELOAD, REPLICATION CLIENT ON *.* FROM administrator");
      try {
        const { code, output } = await world.run();
        expect(code).toBe(0);
        const warning = output.split("\n").find((line) => line.includes("WARNING")) ?? "{}";
        expect(JSON.parse(warning).privileges).toEqual(["PROCESS", "RELOAD", "REPLICATION CLIENT"]);
        await world.site.verify();
      } finally {
        await world.server.superuser(`GRANT ${MASTER_PRIVILEGES} ON *.* TO administrator WITH GRANT OPTION`);
      }
    });

    const onMariadb = engine === "mariadb" ? test : test.skip;

    onMariadb("a plugin that validates passwords gets them in plain text, over TLS", async () => {
      await world.server.superuser("INSTALL SONAME 'simple_password_check'");
      try {
        expect(await world.run()).toMatchObject({ code: 0 });
        await world.site.verify();
      } finally {
        await world.server.superuser("UNINSTALL SONAME 'simple_password_check'");
      }
    });
  });
});
