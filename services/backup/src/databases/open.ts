import type { DatabaseConnection } from "./connection";
import type { SourceDatabase } from "./database";
import { MysqlSource } from "./mysql/source";
import { PostgresqlSource } from "./postgresql/source";

/** The database to back up. Connects when something is asked of it. */
export async function openSource(connection: DatabaseConnection): Promise<SourceDatabase> {
  return connection.engine === "postgresql" ? new PostgresqlSource(connection) : new MysqlSource(connection);
}
