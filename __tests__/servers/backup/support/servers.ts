import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { postgresqlInstallations } from "../../../../scripts/site/programs";
import type { Engine } from "../../../../services/backup/src/databases/database";
import { MysqlTestServer, mysqlInstallations } from "../../support/mysql";
import { PostgresqlTestServer } from "../../support/postgresql";

/** Bytes. */
const LARGEST_DUMP = 64 * 1024 * 1024;

export type TextRow = Record<string, string | null>;

/** A real server, with a role `moodle` that may make databases. */
export interface DatabaseServer {
  readonly port: number;
  readonly ca: string;
  query(database: string | undefined, sql: string): Promise<TextRow[]>;
  /** Makes it anew, owned by `moodle`. */
  makeDatabase(name: string): Promise<void>;
  databases(): Promise<string[]>;
  /** Ends all sessions of a database, as a server does that goes down. */
  cutOff(name: string): Promise<void>;
  /** Runs many statements, by the database's own program. */
  script(database: string, sql: string): void;
  /** All of a database as text, by the database's own program. */
  dumpText(database: string): string;
  /** The files in which the server keeps a database's tables. */
  tableFiles(database: string): Promise<Buffer[]>;
  stop(): Promise<void>;
}

/** The newest PostgreSQL, and every MySQL and MariaDB that tests know. */
export function databaseServers(): { engine: Engine; start: (password: string) => Promise<DatabaseServer> }[] {
  const [postgresql] = postgresqlInstallations();
  return [
    ...(postgresql === undefined
      ? []
      : [{ engine: "postgresql" as const, start: (password: string) => startPostgresql(postgresql.bin, password) }]),
    ...mysqlInstallations().map((installation) => ({
      engine: installation.engine,
      start: async (password: string) => startMysql(await MysqlTestServer.start(installation), password),
    })),
  ];
}

async function startPostgresql(bin: string, password: string): Promise<DatabaseServer> {
  const server = await PostgresqlTestServer.start(bin);
  await server.superuser(`CREATE ROLE moodle LOGIN CREATEDB PASSWORD '${password}'`);
  const query = (database: string | undefined, sql: string) =>
    server.as<TextRow>({ username: "moodle", password }, sql, database ?? "postgres");
  return {
    port: server.port,
    ca: server.certificates.ca,
    query,
    makeDatabase: async (name) => {
      await server.superuser(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await query(undefined, `CREATE DATABASE ${name} TEMPLATE template0`);
    },
    databases: async () =>
      (await query(undefined, "SELECT datname AS name FROM pg_database")).map(({ name }) => name ?? ""),
    cutOff: async (name) => {
      await server.superuser(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    },
    script: (database, sql) => {
      const address = ["-h", dirname(server.logFile), "-p", String(server.port), "-U", "superuser", "-d", database];
      execFileSync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", ...address], {
        input: `SET ROLE moodle; ${sql}`,
        stdio: ["pipe", "ignore", "inherit"],
      });
    },
    dumpText: (database) =>
      execFileSync("pg_dump", ["-h", dirname(server.logFile), "-p", String(server.port), "-U", "superuser", database], {
        encoding: "utf8",
        maxBuffer: LARGEST_DUMP,
      }),
    tableFiles: async (database) => {
      await server.superuser("CHECKPOINT");
      const [row] = await server.superuser<{ oid: number }>(
        `SELECT oid FROM pg_database WHERE datname = '${database}'`,
      );
      return contentsOf(join(dirname(server.logFile), "data", "base", String(row?.oid)));
    },
    stop: () => server.stop(),
  };
}

async function startMysql(server: MysqlTestServer, password: string): Promise<DatabaseServer> {
  await server.superuser(`CREATE USER moodle IDENTIFIED BY '${password}' REQUIRE SSL`);
  await server.superuser("GRANT ALL ON *.* TO moodle");
  const socket = ["--no-defaults", "-S", join(dirname(server.logFile), "socket"), "-u", "root", "--skip-ssl"];
  const query = async (database: string | undefined, sql: string) =>
    JSON.parse(
      JSON.stringify(await server.as({ username: "moodle", password }, sql, database ?? "mysql")),
    ) as TextRow[];
  return {
    port: server.port,
    ca: server.certificates.ca,
    query,
    makeDatabase: async (name) => {
      await query(undefined, `DROP DATABASE IF EXISTS ${name}`);
      await query(undefined, `CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
    },
    databases: async () => (await server.superuser("SHOW DATABASES")).map(({ Database }) => Database),
    cutOff: async (name) => {
      const sessions = await server.superuser(`SELECT id FROM information_schema.processlist WHERE db = '${name}'`);
      for (const { id } of sessions) await server.superuser(`KILL ${id}`).catch(() => {});
    },
    script: (database, sql) => {
      execFileSync("mariadb", [...socket, database], { input: sql, stdio: ["pipe", "ignore", "inherit"] });
    },
    dumpText: (database) =>
      execFileSync("mariadb-dump", [...socket, database], { encoding: "utf8", maxBuffer: LARGEST_DUMP }),
    tableFiles: async (database) => {
      // Until then some of it is in memory only.
      await server.superuser("SET GLOBAL innodb_max_dirty_pages_pct = 0");
      for (let dirty = 1, attempt = 0; dirty > 0 && attempt < 300; attempt++) {
        const [row] = await server.superuser("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'");
        dirty = Number(row?.Value);
        await sleep(100);
      }
      return contentsOf(join(dirname(server.logFile), "data", database));
    },
    stop: () => server.stop(),
  };
}

function contentsOf(folder: string): Buffer[] {
  return readdirSync(folder).map((name) => readFileSync(join(folder, name)));
}
