import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsEmulator } from "../support/aws";
import { makeCertificates } from "../support/certificates";
import { describeKills } from "../support/kills";
import { MysqlTestServer, mysqlInstallations } from "../support/mysql";
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
} from "../support/site";

const MASTER = { username: "administrator", password: "the-administrator-password-1" };

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.MasterAccounts.html */
const MASTER_PRIVILEGES =
  "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER";

const TABLE = "CREATE TABLE mdl_probe (id bigint AUTO_INCREMENT PRIMARY KEY, name varchar(255))";

type Role = keyof typeof SECRETS;

test("there is a MariaDB to test against", () => {
  expect(mysqlInstallations()).toContainEqual(expect.objectContaining({ engine: "mariadb" }));
});

describe.each(mysqlInstallations())("$engine", (installation) => {
  const { engine } = installation;
  let server: MysqlTestServer;
  let proxy: CountingProxy;
  let aws: AwsEmulator;
  let site: Site;
  let directory: string;

  const stored = (role: Role) => aws.current(SECRETS[role]) as { username: string; password: string };
  const as = (role: Role, sql: string) => server.as(stored(role), sql);
  const refused = (role: Role, sql: string) =>
    expect(as(role, sql)).rejects.toMatchObject({ code: expect.stringMatching(/ACCESS_?DENIED_ERROR$/) });
  const run = async (changes: Record<string, unknown> = {}) =>
    new Program(directory, { ...(site.configuration as object), ...changes }, site.environment).ended;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "database-roles-"));
    server = await MysqlTestServer.start(installation);
    proxy = await CountingProxy.start(server.port);
    aws = await new AwsEmulator().start();
    await server.superuser(`CREATE USER administrator IDENTIFIED BY '${MASTER.password}' REQUIRE SSL`);
    await server.superuser(`GRANT ${MASTER_PRIVILEGES} ON *.* TO administrator WITH GRANT OPTION`);
    const tokenFile = join(directory, "token");
    writeFileSync(tokenFile, "pod-token");
    site = {
      directory,
      environment: aws.environment(tokenFile),
      store: aws,
      configuration: {
        engine,
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
        const users = await server.superuser(
          "SELECT user AS user, host AS host, ssl_type AS tls FROM mysql.user WHERE user LIKE 'moodle%' ORDER BY user",
        );
        expect(users).toEqual([...ROLES].map((user) => ({ user, host: "%", tls: "ANY" })));
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
    test("makes users that can do what they should and nothing else", async () => {
      await expectRecovery(site);
    });

    test("makes the database as Moodle wants it", async () => {
      await runOnce(site);
      const rows = await server.superuser(
        "SELECT default_collation_name AS collation FROM information_schema.schemata WHERE schema_name = 'moodle'",
      );
      expect(rows).toEqual([{ collation: "utf8mb4_unicode_ci" }]);
    });

    test("sets the collation of an empty database, as RDS makes it", async () => {
      await server.superuser("CREATE DATABASE moodle CHARACTER SET latin1");
      expect(await run()).toMatchObject({ code: 0 });
      const [table] = await server.superuser("SHOW CREATE DATABASE moodle");
      expect(JSON.stringify(table)).toContain("utf8mb4_unicode_ci");
    });

    test("takes over the username and password that the store holds, quotes and backslashes included", async () => {
      aws.put(SECRETS.application, { username: "lms", password: `chosen'by"an\\operator%` });
      try {
        expect(await run()).toMatchObject({ code: 0 });
        expect(await as("application", "SELECT current_user() AS name")).toEqual([{ name: "lms@%" }]);
      } finally {
        await server.reset([...ROLES, "lms"]);
      }
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
      expect(logs).toContain(engine === "mysql" ? "<secret>" : "mysql_native_password USING '*");
    });
  });

  describe("privileges", () => {
    test("a dump by the backup user holds tables made after the run, and the binary log's place is its to read", async () => {
      const dumpCommand = engine === "mysql" ? process.env.TEST_MYSQLDUMP : "mariadb-dump";
      if (dumpCommand === undefined) return;
      await runOnce(site);
      await as("application", TABLE);
      await as("application", "INSERT INTO mdl_probe (name) VALUES ('dumped')");
      const { username, password } = stored("backup");
      const defaults = join(directory, "client.cnf");
      writeFileSync(defaults, `[client]\nuser=${username}\npassword=${password}\n`, { mode: 0o600 });
      const dump = execFileSync(
        dumpCommand,
        [
          `--defaults-file=${defaults}`,
          "--protocol=tcp",
          "--host=localhost",
          `--port=${server.port}`,
          `--ssl-ca=${server.certificates.caFile}`,
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
      await runOnce(site);
      await as("application", TABLE);
      await as("application", "LOCK TABLES mdl_probe WRITE");
      await as("application", "CREATE TEMPORARY TABLE mdl_scratch (id int)");
      await as("application", "ALTER TABLE mdl_probe ADD INDEX (name)");
    });

    test("nobody reads another database or makes one", async () => {
      await runOnce(site);
      await server.superuser("CREATE DATABASE IF NOT EXISTS moodle2");
      for (const role of ["application", "backup", "reader"] as const) {
        await expect(server.as(stored(role), "SELECT 1", "moodle2")).rejects.toMatchObject({
          code: "ER_DBACCESS_DENIED_ERROR",
        });
        await refused(role, "CREATE DATABASE other");
      }
      await server.superuser("DROP DATABASE moodle2");
    });

    test("an underscore in the database's name stands for itself", async () => {
      await server.superuser("CREATE DATABASE moodlexone");
      try {
        expect(await run({ database: "moodle_one" })).toMatchObject({ code: 0 });
        await server.as(stored("reader"), "SELECT 1", "moodle_one");
        await expect(server.as(stored("reader"), "SELECT 1", "moodlexone")).rejects.toMatchObject({
          code: "ER_DBACCESS_DENIED_ERROR",
        });
      } finally {
        await server.superuser("DROP DATABASE moodlexone");
        await server.superuser("DROP DATABASE IF EXISTS moodle_one");
      }
    });

    test("a wrong password is refused, and so is a right one without TLS", async () => {
      await runOnce(site);
      const reader = stored("reader");
      const denied = { code: "ER_ACCESS_DENIED_ERROR" };
      await expect(server.as({ ...reader, password: `${reader.password}x` }, "SELECT 1")).rejects.toMatchObject(denied);
      await expect(server.withoutTls(reader)).rejects.toMatchObject(denied);
    });
  });

  describe("a further run", () => {
    const state = async () =>
      JSON.stringify([
        await server.superuser("SELECT * FROM mysql.user WHERE user LIKE 'moodle%' ORDER BY user"),
        await server.superuser("SELECT * FROM mysql.db WHERE user LIKE 'moodle%' ORDER BY user"),
        await server.superuser("SELECT * FROM information_schema.schemata"),
        [...aws.secrets],
      ]);

    test("changes nothing", async () => {
      await runOnce(site);
      const before = await state();
      expect(await run()).toMatchObject({ code: 0 });
      expect(await state()).toBe(before);
    });

    test("sets the password that was changed in the store", async () => {
      await runOnce(site);
      const before = stored("backup");
      aws.put(SECRETS.backup, { ...before, password: "rotated-by-an-operator-1" });
      await run();
      await as("backup", "SELECT 1");
      await expect(server.as(before, "SELECT 1")).rejects.toMatchObject({ code: "ER_ACCESS_DENIED_ERROR" });
    });

    test("asks for TLS again where somebody took that away", async () => {
      await runOnce(site);
      await server.superuser("ALTER USER moodle_reader REQUIRE NONE");
      await run();
      await expect(server.withoutTls(stored("reader"))).rejects.toMatchObject({ code: "ER_ACCESS_DENIED_ERROR" });
    });
  });

  describe("refusals", () => {
    test("a user of an administrator", async () => {
      aws.put(SECRETS.reader, { username: "administrator", password: "another-password-of-it" });
      expect(await run()).toMatchObject({ code: 1, output: expect.stringContaining("is an administrator's user") });
      await server.as(MASTER, "SELECT 1", "mysql");
    });

    test("a database in use that has another character set", async () => {
      await server.superuser("CREATE DATABASE moodle CHARACTER SET latin1");
      await server.superuser("CREATE TABLE moodle.mdl_probe (id int)");
      expect(await run()).toMatchObject({ code: 1, output: expect.stringContaining("mysql_collation.php") });
    });

    test("a server whose certificate another authority signed, at once", async () => {
      const other = mkdtempSync(join(tmpdir(), "other-"));
      const { caFile } = makeCertificates(other);
      expect(await run({ caFile })).toMatchObject({ code: 1, output: expect.stringContaining("certificate") });
      expect(aws.secrets.get(SECRETS.application)).toEqual([]);
      rmSync(other, { recursive: true, force: true });
    });

    test("privileges that the administrator may not pass on are left out, with a warning", async () => {
      await server.superuser("REVOKE PROCESS, RELOAD, REPLICATION CLIENT ON *.* FROM administrator");
      try {
        const { code, output } = await run();
        expect(code).toBe(0);
        const warning = output.split("\n").find((line) => line.includes("WARNING")) ?? "{}";
        expect(JSON.parse(warning).privileges).toEqual(["PROCESS", "RELOAD", "REPLICATION CLIENT"]);
        await site.verify();
      } finally {
        await server.superuser(`GRANT ${MASTER_PRIVILEGES} ON *.* TO administrator WITH GRANT OPTION`);
      }
    });

    const onMariadb = engine === "mariadb" ? test : test.skip;

    onMariadb("a plugin that validates passwords gets them in plain text, over TLS", async () => {
      await server.superuser("INSTALL SONAME 'simple_password_check'");
      try {
        expect(await run()).toMatchObject({ code: 0 });
        await site.verify();
      } finally {
        await server.superuser("UNINSTALL SONAME 'simple_password_check'");
      }
    });
  });

  test("resets the master password of an instance that is busy at first", async () => {
    aws.setMasterPassword = async (password) => {
      await server.superuser(`ALTER USER administrator IDENTIFIED BY '${password}'`);
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
      await site.verify();
    } finally {
      await server.superuser(`ALTER USER administrator IDENTIFIED BY '${MASTER.password}'`);
    }
  });

  describeKills(
    () => site,
    () => proxy,
  );
});
