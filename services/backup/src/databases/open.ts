import type { DatabaseConnection, ServerConnection } from "./connection";
import type { ScratchServer, SourceDatabase, TargetDatabase } from "./database";

// Drivers are loaded only where they are needed: each takes a tenth of a second.

/** The database to back up. Connects when something is asked of it. */
export async function openSource(connection: DatabaseConnection): Promise<SourceDatabase> {
  if (connection.engine === "postgresql") {
    const { PostgresqlSource } = await import("./postgresql/source.js");
    return new PostgresqlSource(connection);
  }
  const { MysqlSource } = await import("./mysql/source.js");
  return new MysqlSource(connection);
}

/** An empty database to restore into, opened by the role that is to own Moodle's tables. */
export async function openTarget(connection: DatabaseConnection): Promise<TargetDatabase> {
  if (connection.engine === "postgresql") {
    const { PostgresqlTarget } = await import("./postgresql/target.js");
    return new PostgresqlTarget(connection);
  }
  const { MysqlTarget } = await import("./mysql/target.js");
  return new MysqlTarget(connection);
}

/** The server on which drills make databases. */
export async function openScratchServer(connection: ServerConnection): Promise<ScratchServer> {
  const { DrillServer } = await import("./scratch.js");
  return new DrillServer(connection);
}
