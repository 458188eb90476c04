import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { postgresqlInstallations } from "../../../../scripts/site/programs";
import type { Engine } from "../../../../services/backup/src/databases/database";
import { MysqlTestServer, mysqlInstallations } from "../../support/mysql";
import { PostgresqlTestServer } from "../../support/postgresql";

export type TextRow = Record<string, string | null>;

/** A real server, with a role `moodle` that may make databases. */
export interface DatabaseServer {
  readonly port: number;
  readonly ca: string;
  query(database: string | undefined, sql: string): Promise<TextRow[]>;
  /** Makes it anew, owned by `moodle`. */
  makeDatabase(name: string): Promise<void>;
  databases(): Promise<string[]>;
  /** All of a database as text, by the database's own program. */
  dumpText(database: string): string;
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
    dumpText: (database) =>
      execFileSync("pg_dump", ["-h", dirname(server.logFile), "-p", String(server.port), "-U", "superuser", database], {
        encoding: "utf8",
      }),
    stop: () => server.stop(),
  };
}

async function startMysql(server: MysqlTestServer, password: string): Promise<DatabaseServer> {
  await server.superuser(`CREATE USER moodle IDENTIFIED BY '${password}' REQUIRE SSL`);
  await server.superuser("GRANT ALL ON *.* TO moodle");
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
    dumpText: (database) =>
      execFileSync(
        "mariadb-dump",
        ["--no-defaults", "-S", join(dirname(server.logFile), "socket"), "-u", "root", "--skip-ssl", database],
        { encoding: "utf8" },
      ),
    stop: () => server.stop(),
  };
}
