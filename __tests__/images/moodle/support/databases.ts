import { readdirSync } from "node:fs";
import { join } from "node:path";
import { MysqlTestServer, mysqlInstallations } from "../../../servers/support/mysql";
import { PostgresqlTestServer } from "../../../servers/support/postgresql";

const postgresql = "/usr/lib/postgresql";
export const password = "p'\"$\\ ü";
/** Who Moodle connects as. */
export const login = { username: "moodle", password };

/** An empty server, to which Moodle connects over TLS. */
export interface Database {
  readonly server: PostgresqlTestServer | MysqlTestServer;
  readonly environment: Record<string, string>;
  /** An empty database. */
  empty(): Promise<void>;
}

export async function startPostgresql(): Promise<Database> {
  const server = await PostgresqlTestServer.start(join(postgresql, readdirSync(postgresql)[0] ?? "", "bin"));
  await server.superuser(`CREATE ROLE moodle LOGIN PASSWORD '${password.replaceAll("'", "''")}'`);
  const empty = async () => {
    await server.superuser("DROP DATABASE IF EXISTS moodle WITH (FORCE)");
    await server.superuser("CREATE DATABASE moodle OWNER moodle");
  };
  return { server, empty, environment: { MOODLE_DATABASE_TYPE: "pgsql" } };
}

export async function startMariadb(): Promise<Database> {
  const [installation] = mysqlInstallations();
  if (installation === undefined) throw new Error("MariaDB is not installed");
  const server = await MysqlTestServer.start(installation);
  const quoted = password.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
  await server.superuser("DELETE FROM mysql.global_priv WHERE User = ''");
  await server.superuser("FLUSH PRIVILEGES");
  await server.superuser(`CREATE USER moodle@'%' IDENTIFIED BY '${quoted}' REQUIRE SSL`);
  await server.superuser("GRANT ALL ON moodle.* TO moodle@'%'");
  const empty = async () => {
    await server.superuser("DROP DATABASE IF EXISTS moodle");
    await server.superuser("CREATE DATABASE moodle");
  };
  return { server, empty, environment: { MOODLE_DATABASE_TYPE: "mariadb" } };
}
