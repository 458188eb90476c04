import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { postgresqlInstallations } from "../../../scripts/site/programs";
import type { DatabaseConnection } from "../../../services/backup/src/databases/connection";
import { PostgresqlSource } from "../../../services/backup/src/databases/postgresql/source";
import { makeCertificates } from "../support/certificates";
import { PostgresqlTestServer } from "../support/postgresql";
import { allFiles, allReferences } from "./support/collect";
import { addFiles, hashOf, moodleTables } from "./support/moodle-tables";
import { watchCommandLines } from "./support/processes";

const PASSWORD = "a-password-nobody-may-see";
const EMPTY_HASH = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

let server: PostgresqlTestServer;
let connection: DatabaseConnection;
let folder: string;
let source: PostgresqlSource;

const admin = (sql: string) => server.superuser(sql, "moodle");

async function dumpFolder(): Promise<string> {
  const path = mkdtempSync(join(folder, "dump-"));
  await mkdir(path, { recursive: true });
  return path;
}

/** Rows of a table as a dump has them, by the database's own program. */
function dumpedRows(dump: string, table: string): string[][] {
  const sql = execFileSync("pg_restore", ["--data-only", `--table=${table}`, "--file=-", dump], { encoding: "utf8" });
  const rows = /^COPY .*;\n([\s\S]*?)^\\\.$/m.exec(sql)?.[1] ?? "";
  return rows
    .split("\n")
    .filter((row) => row !== "")
    .map((row) => row.split("\t"));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "backup-postgresql-"));
  const [installation] = postgresqlInstallations();
  if (installation === undefined) throw new Error("there is no PostgreSQL; apt install postgresql");
  server = await PostgresqlTestServer.start(installation.bin);
  connection = {
    engine: "postgresql",
    host: "localhost",
    port: server.port,
    tls: true,
    caCertificates: server.certificates.ca,
    database: "moodle",
    username: "backup",
    password: PASSWORD,
    tablePrefix: "mdl_",
  };
  source = new PostgresqlSource(connection);
  // What services/database-roles grants where it may not grant pg_read_all_data.
  await server.superuser("CREATE ROLE moodle LOGIN");
  await server.superuser(`CREATE ROLE backup LOGIN PASSWORD '${PASSWORD}'`);
  await server.superuser("ALTER ROLE backup SET default_transaction_read_only = on");
  await server.superuser("CREATE DATABASE moodle OWNER moodle");
  for (const sql of [
    "GRANT CONNECT ON DATABASE moodle TO backup",
    "GRANT USAGE ON SCHEMA public TO backup",
    "SET ROLE moodle; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO backup; ALTER DEFAULT PRIVILEGES GRANT SELECT ON SEQUENCES TO backup",
    ...moodleTables("postgresql").map((statement) => `SET ROLE moodle; ${statement}`),
  ]) {
    await admin(sql);
  }
});

beforeEach(async () => {
  await admin("TRUNCATE mdl_files, mdl_tool_objectfs_objects");
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("preflight", () => {
  test("reads site, settings of ObjectFS and sizes, and no secret", async () => {
    const facts = await source.preflight();
    expect(facts).toEqual({
      engine: "postgresql",
      engineVersion: expect.stringMatching(/^\d+\.\d+$/),
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

  test("says where no Moodle is", async () => {
    const other = new PostgresqlSource({ ...connection, tablePrefix: "lms_" });
    await expect(other.preflight()).rejects.toThrow(
      "database moodle holds no table lms_config; correct tablePrefix, or name Moodle's database",
    );
  });

  test("refuses while Moodle is being upgraded", async () => {
    await admin(
      "INSERT INTO mdl_config (name, value) VALUES ('upgraderunning', (extract(epoch FROM now())::int + 60)::text)",
    );
    try {
      await expect(source.preflight()).rejects.toMatchObject({ failure: "changed" });
    } finally {
      await admin("DELETE FROM mdl_config WHERE name = 'upgraderunning'");
    }
  });

  test("names tables and sequences that the role cannot read", async () => {
    await admin("CREATE TABLE mdl_hidden (id bigserial)");
    try {
      await expect(source.preflight()).rejects.toThrow(
        "backup cannot read mdl_hidden, mdl_hidden_id_seq; grant it SELECT, or run the Job of the database roles again",
      );
    } finally {
      await admin("DROP TABLE mdl_hidden");
    }
  });

  test.each([
    [
      "older than the server",
      "#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.22'\n",
      /^pg_dump 12 cannot dump the server, which is PostgreSQL .*; install postgresql-client-\d+ or later$/,
    ],
    ["missing", undefined, /^pg_dump is not installed; install the database's client programs$/],
  ])("says that pg_dump is %s", async (_, script, message) => {
    const bin = mkdtempSync(join(folder, "bin-"));
    if (script !== undefined) writeFileSync(join(bin, "pg_dump"), script, { mode: 0o755 });
    const { PATH } = process.env;
    process.env.PATH = bin;
    try {
      await expect(source.preflight()).rejects.toMatchObject({
        failure: "tool",
        message: expect.stringMatching(message),
      });
    } finally {
      process.env.PATH = PATH;
    }
  });

  test("names large objects as left out", async () => {
    const [row] = (await server.superuser("SELECT lo_create(0) AS oid", "moodle")) as { oid: number }[];
    try {
      expect(await source.preflight()).toMatchObject({ leftOut: ["large objects, which Moodle does not have"] });
    } finally {
      await admin(`SELECT lo_unlink(${row?.oid})`);
    }
  });

  test.each([
    ["a wrong password", () => ({ password: "another" }), "denied", "refuses the login of backup"],
    ["another authority's certificate", () => ({ caCertificates: otherAuthority() }), "tls", "correct host or caFile"],
    ["a host that the certificate does not name", () => ({ host: "127.1" }), "tls", "correct host or caFile"],
    ["a port where nobody listens", () => ({ port: 1 }), "unreachable", "does not answer (ECONNREFUSED)"],
    ["a database that does not exist", () => ({ database: "none" }), "unsuitable", "there is no database none"],
  ])("%s: a typed error without secrets", async (_, change, failure, message) => {
    const attempt = new PostgresqlSource({ ...connection, ...change() }).preflight();
    await expect(attempt).rejects.toMatchObject({ failure, message: expect.stringContaining(message) });
    await expect(attempt).rejects.not.toMatchObject({ message: expect.stringContaining(PASSWORD) });
  });
});

describe("references", () => {
  test("are distinct, sorted by bytes, without the empty hash, and know what the bucket holds", async () => {
    const contents = ["one", "two", "three", "four"];
    await admin(addFiles(...contents, ...contents));
    await admin(
      `UPDATE mdl_files SET contenthash = '${EMPTY_HASH}', filesize = 0 WHERE id = (SELECT max(id) FROM mdl_files)`,
    );
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

  test("leave out what could never be a blob", async () => {
    await admin(addFiles("one"));
    await admin("INSERT INTO mdl_files (contenthash, filesize) VALUES ('', 0), ('ABCDEF', 3), (NULL, 4)");
    expect(await allReferences(source.references())).toEqual([{ hash: hashOf("one"), size: 3 }]);
  });

  test("a million rows in constant memory", async () => {
    await admin(`INSERT INTO mdl_files (contenthash, filesize)
      SELECT md5((n % 700000)::text) || left(md5((n % 700000)::text), 8), n % 700000 FROM generate_series(1, 1000000) n`);
    global.gc?.();
    const before = process.memoryUsage().rss;
    let [count, peak, last] = [0, 0, ""];
    for await (const page of source.references()) {
      count += page.length;
      expect((page[0]?.hash ?? "") > last).toBe(true);
      last = page.at(-1)?.hash ?? "";
      peak = Math.max(peak, process.memoryUsage().rss - before);
    }
    expect(count).toBe(700_000);
    expect(peak / 2 ** 20).toBeLessThan(100);
  });
});

describe("a snapshot", () => {
  test("references, counts and dump are of one moment, whatever is written meanwhile", async () => {
    await admin(addFiles(...Array.from({ length: 500 }, (_, index) => `first ${index}`)));
    let writing = true;
    const writer = (async () => {
      for (let index = 0; writing; index++) {
        await admin(addFiles(`later ${index}`));
        await admin(`DELETE FROM mdl_files WHERE id IN (SELECT min(id) FROM mdl_files)`);
      }
    })();
    const snapshot = await source.snapshot();
    try {
      await sleep(100);
      const dump = await dumpFolder();
      const [early, counts, files] = await Promise.all([
        allReferences(snapshot.references()),
        snapshot.rowCounts(),
        allFiles(snapshot.dump(dump)),
      ]);
      const late = await allReferences(snapshot.references());
      const dumped = dumpedRows(dump, "mdl_files").map((row) => row[1] ?? "");
      expect(late).toEqual(early);
      expect(early.map(({ hash }) => hash)).toEqual([...new Set(dumped)].sort());
      expect(counts.mdl_files).toBe(dumped.length);
      expect(Object.keys(counts)).toHaveLength(8);
      const names = files.map(({ name }) => name);
      expect(names.slice(-2)).toEqual(["toc.dat", "dump.json"]);
      expect(new Set(names).size).toBe(8 + 2);
      const now = (await admin("SELECT contenthash FROM mdl_files")).map(({ contenthash }) => contenthash);
      expect(now).not.toEqual(dumped);
    } finally {
      writing = false;
      await writer;
      await snapshot.close();
    }
  });

  test("says when it was and where the log stood", async () => {
    const before = new Date();
    const snapshot = await source.snapshot();
    expect(snapshot.t0.getTime()).toBeGreaterThanOrEqual(before.getTime() - 5);
    expect(snapshot.t0.getTime()).toBeLessThanOrEqual(Date.now() + 5);
    expect(snapshot.position).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    await snapshot.close();
  });

  test("holds tables that were made after the grants", async () => {
    await admin(
      "SET ROLE moodle; CREATE TABLE mdl_later (id bigserial PRIMARY KEY); INSERT INTO mdl_later DEFAULT VALUES",
    );
    const snapshot = await source.snapshot();
    try {
      const dump = await dumpFolder();
      await allFiles(snapshot.dump(dump));
      expect(dumpedRows(dump, "mdl_later")).toEqual([["1"]]);
    } finally {
      await snapshot.close();
      await admin("DROP TABLE mdl_later");
    }
  });

  test("yields files that may be taken away at once", async () => {
    const snapshot = await source.snapshot();
    const dump = await dumpFolder();
    for await (const { name, size } of snapshot.dump(dump)) {
      expect(readFileSync(join(dump, name))).toHaveLength(size);
      rmSync(join(dump, name));
    }
    await snapshot.close();
  });

  test("no password is on a command line while tools run", async () => {
    const snapshot = await source.snapshot();
    const lines = await watchCommandLines(dumpFolder().then((dump) => allFiles(snapshot.dump(dump))));
    await snapshot.close();
    expect([...lines].filter((line) => line.includes("pg_dump"))).not.toEqual([]);
    expect([...lines].filter((line) => line.includes(PASSWORD))).toEqual([]);
  });

  test("stops when it is told to", async () => {
    const snapshot = await source.snapshot();
    const stop = new AbortController();
    const reason = new Error("told to stop");
    const files = (async () => {
      for await (const _ of snapshot.dump(await dumpFolder(), stop.signal)) stop.abort(reason);
    })();
    await expect(files).rejects.toBe(reason);
    await snapshot.close();
  });

  test("a dump into a full disk says so", async () => {
    const snapshot = await source.snapshot();
    await admin(addFiles(...Array.from({ length: 20_000 }, (_, index) => `first ${index}`)));
    const late = await source.snapshot();
    const dump = await dumpFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", dump]);
    try {
      await expect(allFiles(late.dump(dump))).rejects.toMatchObject({ failure: "no-space" });
    } finally {
      await late.close();
      await snapshot.close();
      execFileSync("umount", [dump]);
    }
  });

  test.each([
    ["the connection is lost where the session that holds the view is", true, "lost"],
    ["the tool failed where that session is well", false, "tool"],
  ])("pg_dump knows of its worker alone: %s", async (_, isLost, failure) => {
    const bin = mkdtempSync(join(folder, "bin-"));
    const script =
      "#!/bin/sh\ncase $1 in --version) echo 'pg_dump (PostgreSQL) 15.1'; exit;; esac\necho 'pg_dump: error: a worker process died unexpectedly' >&2\nexit 1\n";
    writeFileSync(join(bin, "pg_dump"), script, { mode: 0o755 });
    const snapshot = await source.snapshot();
    if (isLost) await admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'backup'");
    const { PATH } = process.env;
    process.env.PATH = `${bin}:${PATH}`;
    try {
      await expect(allFiles(snapshot.dump(await dumpFolder()))).rejects.toMatchObject({
        name: "DatabaseError",
        failure,
      });
    } finally {
      process.env.PATH = PATH;
      await snapshot.close();
    }
  });

  test("a server that goes down in mid-dump: a typed error", async () => {
    await admin(addFiles(...Array.from({ length: 20_000 }, (_, index) => `first ${index}`)));
    const snapshot = await source.snapshot();
    const postmaster = join(dirname(server.logFile), "data/postmaster.pid");
    const pid = Number(readFileSync(postmaster, "utf8").split("\n")[0]);
    let isUp = true;
    const attempt = (async () => {
      for await (const _ of snapshot.dump(await dumpFolder())) {
        if (isUp) process.kill(pid, "SIGQUIT");
        isUp = false;
      }
    })();
    await expect(attempt).rejects.toMatchObject({
      name: "DatabaseError",
      failure: expect.stringMatching(/lost|unreachable/),
    });
    await expect(allReferences(snapshot.references())).rejects.toMatchObject({ name: "DatabaseError" });
    await snapshot.close();
  });
});

function otherAuthority(): string {
  return makeCertificates(mkdtempSync(join(folder, "authority-"))).ca;
}
