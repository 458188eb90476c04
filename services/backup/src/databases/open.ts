import type { DatabaseConnection, ServerConnection } from "./connection";
import type { ScratchServer, SourceDatabase, TargetDatabase } from "./database";
import { MysqlSource } from "./mysql/source";
import { MysqlTarget } from "./mysql/target";
import { PostgresqlSource } from "./postgresql/source";
import { PostgresqlTarget } from "./postgresql/target";
import { DrillServer } from "./scratch";

/** The database to back up. Connects when something is asked of it. */
export async function openSource(connection: DatabaseConnection): Promise<SourceDatabase> {
  return connection.engine === "postgresql" ? new PostgresqlSource(connection) : new MysqlSource(connection);
}

/** An empty database to restore into, opened by the role that is to own Moodle's tables. */
export async function openTarget(connection: DatabaseConnection): Promise<TargetDatabase> {
  return connection.engine === "postgresql" ? new PostgresqlTarget(connection) : new MysqlTarget(connection);
}

/** The server on which drills make databases. */
export async function openScratchServer(connection: ServerConnection): Promise<ScratchServer> {
  return new DrillServer(connection);
}
