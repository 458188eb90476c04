import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { DatabaseConnection } from "../../../services/backup/src/databases/connection";
import { restoreMysql } from "../../../services/backup/src/databases/mysql/restore";
import { MysqlSource } from "../../../services/backup/src/databases/mysql/source";
import { makeCertificates } from "../support/certificates";
import { MysqlTestServer, mysqlInstallations } from "../support/mysql";
import { allFiles, allReferences } from "./support/collect";
import { addFiles, hashOf, moodleTables } from "./support/moodle-tables";
import { watchCommandLines } from "./support/processes";

const PASSWORD = `a-password"nobody\\may see`;
const EMPTY_HASH = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

test("there is a MariaDB to test against", () => {
  expect(mysqlInstallations()).toContainEqual(expect.objectContaining({ engine: "mariadb" }));
});

describe.each(mysqlInstallations())("$engine", (installation) => {
  const { engine } = installation;
  let server: MysqlTestServer;
  let connection: DatabaseConnection;
  let folder: string;
  let source: MysqlSource;

  const admin = (sql: string) => server.as({ username: "moodle", password: PASSWORD }, sql);
  const dumpFolder = () => mkdtempSync(join(folder, "dump-"));

  /** The SQL of a dump as a person would restore it. */
  const sqlOf = (dump: string) => {
    const data = readdirSync(dump).filter((name) => name.startsWith("data-"));
    const parts = ["schema.sql.gz", ...data, "config.sql.gz"].map((name) => join(dump, name));
    return execFileSync("zcat", parts, { encoding: "utf8", maxBuffer: 2 ** 30 });
  };
  const hashesIn = (sql: string) => [
    ...new Set([...sql.matchAll(/\(\d+,'([0-9a-f]{40})',1,'mod_resource'/g)].map(([, hash]) => hash)),
  ];

  beforeAll(async () => {
    server = await MysqlTestServer.start(installation);
    folder = mkdtempSync(join(tmpdir(), "backup-mysql-"));
    process.env.TMPDIR = folder;
    connection = {
      engine,
      host: "localhost",
      port: server.port,
      tls: true,
      caCertificates: server.certificates.ca,
      database: "moodle",
      username: "backup",
      password: PASSWORD,
      tablePrefix: "mdl_",
    };
    source = new MysqlSource(connection);
    const quoted = `'${PASSWORD.replaceAll("\\", "\\\\")}'`;
    for (const sql of [
      "CREATE DATABASE moodle CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
      `CREATE USER moodle IDENTIFIED BY ${quoted} REQUIRE SSL`,
      "GRANT ALL ON moodle.* TO moodle",
      // What services/database-roles grants where the administrator may pass on nothing global.
      `CREATE USER backup IDENTIFIED BY ${quoted} REQUIRE SSL`,
      "GRANT SELECT, SHOW VIEW, TRIGGER, LOCK TABLES, EVENT ON moodle.* TO backup",
    ]) {
      await server.superuser(sql);
    }
    for (const sql of moodleTables("mysql")) await admin(sql);
  });

  beforeEach(async () => {
    await admin("TRUNCATE mdl_files");
    await admin("TRUNCATE mdl_tool_objectfs_objects");
  });

  afterAll(async () => {
    await server?.stop();
    delete process.env.TMPDIR;
    rmSync(folder, { recursive: true, force: true });
  });

  describe("preflight", () => {
    test("reads site, settings of ObjectFS and sizes, and no secret", async () => {
      expect(await source.preflight()).toEqual({
        engine,
        engineVersion: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        moodleRelease: "4.5.6 (Build: 20250811)",
        moodleVersion: "2024100706.00",
        tablePrefix: "mdl_",
        objectFs: {
          filesystem: "\\tool_objectfs\\s3_file_system",
          bucket: "moodle-files",
          keyPrefix: "",
          deleteLocal: true,
          deleteExternal: false,
        },
        databaseBytes: expect.any(Number),
        leftOut: [],
      });
    });

    test("refuses tables that are not InnoDB", async () => {
      await admin("CREATE TABLE mdl_old (id int) ENGINE=MyISAM");
      try {
        await expect(source.preflight()).rejects.toThrow(/^mdl_old: only InnoDB tables can be read at one moment/);
      } finally {
        await admin("DROP TABLE mdl_old");
      }
    });

    test("names views as left out", async () => {
      await admin("CREATE VIEW report AS SELECT name FROM mdl_page");
      try {
        expect(await source.preflight()).toMatchObject({ leftOut: ["1 view, which Moodle does not have"] });
        const snapshot = await source.snapshot();
        const dump = dumpFolder();
        await allFiles(snapshot.dump(dump));
        expect(sqlOf(dump)).not.toContain("report");
        await snapshot.close();
      } finally {
        await admin("DROP VIEW report");
      }
    });

    test("names triggers and events as left out, and routines that the role may run", async () => {
      await server.superuser(
        "CREATE TRIGGER moodle.one BEFORE INSERT ON moodle.mdl_page FOR EACH ROW SET NEW.name = 'x'",
      );
      await server.superuser(
        "CREATE TRIGGER moodle.two BEFORE UPDATE ON moodle.mdl_page FOR EACH ROW SET NEW.name = 'x'",
      );
      await admin("CREATE EVENT tidy ON SCHEDULE EVERY 1 YEAR DO DELETE FROM mdl_page WHERE id = 0");
      await admin("CREATE PROCEDURE report() SELECT 1");
      const triggersAndEvents = ["2 triggers, which Moodle does not have", "1 event, which Moodle does not have"];
      try {
        expect((await source.preflight()).leftOut).toEqual(triggersAndEvents);
        await server.superuser("GRANT EXECUTE ON PROCEDURE moodle.report TO backup");
        expect((await source.preflight()).leftOut).toEqual([
          "2 triggers, which Moodle does not have",
          "1 routine, which Moodle does not have",
          "1 event, which Moodle does not have",
        ]);
      } finally {
        await server.superuser("DROP TRIGGER moodle.one");
        await server.superuser("DROP TRIGGER moodle.two");
        await admin("DROP EVENT tidy");
        await admin("DROP PROCEDURE report");
      }
    });

    test("says that the server is of another make", async () => {
      const other = engine === "mysql" ? "mariadb" : "mysql";
      await expect(new MysqlSource({ ...connection, engine: other }).preflight()).rejects.toThrow(
        new RegExp(`^the server is ${engine} .*, not ${other}; correct engine$`),
      );
    });

    test.each([
      ["a wrong password", () => ({ password: "another" }), "denied", "refuses the login of backup"],
      [
        "another authority's certificate",
        () => ({ caCertificates: otherAuthority() }),
        "tls",
        "correct host or caFile",
      ],
      ["a host that the certificate does not name", () => ({ host: "127.1" }), "tls", "correct host or caFile"],
      ["no TLS, which the role must use", () => ({ tls: false }), "denied", "refuses the login of backup"],
      ["a port where nobody listens", () => ({ port: 1 }), "unreachable", "does not answer (ECONNREFUSED)"],
      ["another database", () => ({ database: "none" }), "privilege", "lacks a privilege"],
    ])("%s: a typed error without secrets", async (_, change, failure, message) => {
      const attempt = new MysqlSource({ ...connection, ...change() }).preflight();
      await expect(attempt).rejects.toMatchObject({ failure, message: expect.stringContaining(message) });
      await expect(attempt).rejects.not.toMatchObject({ message: expect.stringContaining(PASSWORD) });
    });
  });

  describe("references of now", () => {
    test("are distinct, sorted by bytes, without the empty hash, and know what the bucket holds", async () => {
      const contents = ["one", "two", "three", "four"];
      await admin(addFiles(...contents, ...contents));
      await admin(`INSERT INTO mdl_files (contenthash, filesize) VALUES ('${EMPTY_HASH}', 0), ('', 0), (NULL, 1)`);
      await admin(
        `INSERT INTO mdl_tool_objectfs_objects (contenthash, location) VALUES ('${hashOf("one")}', 2), ('${hashOf("two")}', 0), ('${hashOf("three")}', 1)`,
      );
      const expected = contents
        .map((content) => ({
          hash: hashOf(content),
          size: content.length,
          ...(["one", "three"].includes(content) ? { external: true } : {}),
        }))
        .sort((a, b) => (a.hash < b.hash ? -1 : 1));
      expect(await allReferences(source.references())).toEqual(expected);
    });
  });

  describe("a snapshot", () => {
    test("references, counts and dump are of one moment, whatever is written meanwhile", async () => {
      await admin(addFiles(...Array.from({ length: 2_000 }, (_, index) => `first ${index}`)));
      await admin(
        `INSERT INTO mdl_tool_objectfs_objects (contenthash, location) VALUES ('${hashOf("first 1999")}', 2)`,
      );
      let writing = true;
      const writer = (async () => {
        for (let index = 0; writing; index++) {
          await admin(addFiles(`later ${index}`));
          await admin("DELETE FROM mdl_files ORDER BY id LIMIT 1");
        }
      })();
      const snapshot = await source.snapshot();
      try {
        await sleep(100);
        const dump = dumpFolder();
        const [references, counts, files] = await Promise.all([
          allReferences(snapshot.references()),
          snapshot.rowCounts(),
          allFiles(snapshot.dump(dump)),
        ]);
        const dumped = hashesIn(sqlOf(dump));
        expect(references.map(({ hash }) => hash)).toEqual([...dumped].sort());
        expect(references).toContainEqual({ hash: hashOf("first 1999"), size: 10, external: true });
        const rows = [...sqlOf(dump).matchAll(/\(\d+,'[0-9a-f]{40}',1,'mod_resource'/g)].length;
        expect(counts).toMatchObject({ mdl_files: rows, mdl_config: 5, mdl_page: 0, mdl_tool_objectfs_objects: 1 });
        expect(Object.keys(counts)).toHaveLength(8);
        expect(await allReferences(snapshot.references())).toEqual(references);
        expect(files.map(({ name }) => name).sort()).toEqual([
          "config.sql.gz",
          "data-0001.sql.gz",
          "data-0002.sql.gz",
          "dump.json",
          "schema.sql.gz",
        ]);
        const now = (await admin("SELECT contenthash FROM mdl_files")).map(({ contenthash }) => contenthash);
        expect(new Set(now)).not.toEqual(new Set(dumped));
      } finally {
        writing = false;
        await writer;
        await snapshot.close();
      }
    });

    test("says when it was, and where the binary log stood where the role may ask", async () => {
      const blind = await source.snapshot();
      expect(Math.abs(blind.t0.getTime() - Date.now())).toBeLessThan(5_000);
      await blind.close();
      await server.superuser("GRANT REPLICATION CLIENT ON *.* TO backup");
      const sighted = await source.snapshot();
      expect(sighted.position).toMatch(
        engine === "mariadb" ? /^0-1-\d+$/ : /^([0-9a-f-]{36}:\d+(-\d+)?|binlog\.\d+:\d+)$/,
      );
      await sighted.close();
      await server.superuser("REVOKE REPLICATION CLIENT ON *.* FROM backup");
    });

    test("a million rows in constant memory, and back again past a filter", async () => {
      await admin(`INSERT INTO mdl_files (contenthash, contextid, filesize)
        WITH digits AS (SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL
          SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9),
        numbers AS (SELECT a.d + 10*b.d + 100*c.d + 1000*d.d + 10000*e.d + 100000*f.d AS n
          FROM digits a, digits b, digits c, digits d, digits e, digits f)
        SELECT left(sha2(n % 700000, 256), 40), 1, n % 700000 FROM numbers`);
      await admin("INSERT INTO mdl_page (content) VALUES ('not to be restored')");
      const dump = dumpFolder();
      let [count, last] = [0, ""];
      const dumping = await memoryOf(async () => {
        const snapshot = await source.snapshot();
        await Promise.all([
          allFiles(snapshot.dump(dump)),
          (async () => {
            for await (const page of snapshot.references()) {
              count += page.length;
              expect((page[0]?.hash ?? "") > last).toBe(true);
              last = page.at(-1)?.hash ?? "";
            }
          })(),
        ]);
        await snapshot.close();
      });
      expect(count).toBe(700_000);
      expect(dumping).toBeLessThan(200);

      await server.superuser("CREATE DATABASE target CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci");
      await server.superuser("GRANT ALL ON target.* TO moodle");
      const target = { ...connection, username: "moodle", database: "target" };
      const restoring = await memoryOf(() =>
        restoreMysql(target, { folder: dump, withoutRows: ["mdl_page"], onTables: async () => {} }),
      );
      expect(restoring).toBeLessThan(100);
      const counts =
        "SELECT (SELECT count(*) FROM target.mdl_files) AS files, (SELECT count(*) FROM target.mdl_page) AS pages";
      expect((await server.superuser(counts)).map(({ files, pages }) => [Number(files), Number(pages)])).toEqual([
        [1_000_000, 0],
      ]);
      await server.superuser("DROP DATABASE target");
    }, 600_000);

    test("no password is on a command line while tools run, and no option file is left", async () => {
      const snapshot = await source.snapshot();
      const lines = await watchCommandLines(allFiles(snapshot.dump(dumpFolder())));
      await snapshot.close();
      expect([...lines].filter((line) => line.includes("--single-transaction"))).not.toEqual([]);
      expect([...lines].filter((line) => line.includes(PASSWORD))).toEqual([]);
      expect(readdirSync(folder).filter((name) => name.startsWith("moodle-backup-"))).toEqual([]);
    });

    test("stops when it is told to", async () => {
      const snapshot = await source.snapshot();
      const stop = new AbortController();
      const reason = new Error("told to stop");
      const attempts = [
        allFiles(snapshot.dump(dumpFolder(), stop.signal)),
        allReferences(snapshot.references(stop.signal)),
        snapshot.rowCounts(stop.signal),
      ];
      stop.abort(reason);
      for (const outcome of await Promise.allSettled(attempts)) {
        expect(outcome).toEqual({ status: "rejected", reason });
      }
      await snapshot.close();
    });

    test("references that are never dumped end when the snapshot is closed", async () => {
      const snapshot = await source.snapshot();
      const references = allReferences(snapshot.references());
      await snapshot.close();
      await expect(references).rejects.toThrow("the snapshot was closed before its dump was made");
    });

    test("a dump into a full disk says so", async () => {
      await admin(addFiles(...Array.from({ length: 20_000 }, (_, index) => `first ${index}`)));
      const snapshot = await source.snapshot();
      const dump = dumpFolder();
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", dump]);
      try {
        await expect(allFiles(snapshot.dump(dump))).rejects.toMatchObject({ failure: "no-space" });
      } finally {
        await snapshot.close();
        execFileSync("umount", [dump]);
      }
    });

    test("a server that goes down in mid-dump: a typed error everywhere", async () => {
      await admin("INSERT INTO mdl_page (content) VALUES (repeat('x', 1000000))");
      for (let doublings = 0; doublings < 8; doublings++) {
        await admin("INSERT INTO mdl_page (content) SELECT content FROM mdl_page");
      }
      const snapshot = await source.snapshot();
      const data = join(dirname(server.logFile), "data");
      const pidFile = readdirSync(data).find((name) => name.endsWith(".pid")) ?? "";
      const pid = Number(readFileSync(join(data, pidFile), "utf8"));
      const outcomes = Promise.allSettled([
        allFiles(snapshot.dump(dumpFolder())),
        allReferences(snapshot.references()),
        snapshot.rowCounts(),
      ]);
      await sleep(20);
      process.kill(pid, "SIGTERM");
      for (const outcome of await outcomes) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { name: "DatabaseError" } });
        expect((outcome as { reason: { failure: string } }).reason.failure).toMatch(/lost|unreachable/);
      }
      await snapshot.close();
      expect(readFileSync(server.logFile, "utf8")).not.toContain(PASSWORD);
    });
  });

  function otherAuthority(): string {
    return makeCertificates(mkdtempSync(join(folder, "authority-"))).ca;
  }
});

/** Megabytes by which the process grows at most while `work` goes on. */
async function memoryOf(work: () => Promise<void>): Promise<number> {
  global.gc?.();
  const before = process.memoryUsage().rss;
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss - before);
  }, 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return peak / 2 ** 20;
}
