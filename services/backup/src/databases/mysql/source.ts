import type { DatabaseConnection } from "../connection";
import type { DatabaseSnapshot, Reference, SiteFacts, SourceDatabase } from "../database";
import { DatabaseError } from "../failure";
import { CONFIG_NAMES, noMoodle, OBJECTFS_NAMES, readObjectFs, readSite } from "../moodle";
import { checkVersion, readReferences, type TableFacts, tablesOf } from "./catalogue";
import { escapeName } from "./names";
import { MysqlSession, withMysqlSession } from "./session";
import { MysqlSnapshot } from "./snapshot";
import { findTool } from "./tools";

/** A MySQL or MariaDB database in which Moodle is. A role that reads is enough. */
export class MysqlSource implements SourceDatabase {
  constructor(private readonly connection: DatabaseConnection) {}

  async preflight(signal?: AbortSignal): Promise<SiteFacts> {
    signal?.throwIfAborted();
    const { database, engine, tablePrefix } = this.connection;
    return withMysqlSession(this.connection, database, async (session) => {
      const engineVersion = await checkVersion(session, engine);
      await findTool("dump", engine);
      const tables = await tablesOf(session);
      this.checkTables(tables);
      const config = await settings(
        session,
        `SELECT name, value FROM ${escapeName(`${tablePrefix}config`)} WHERE name IN (?)`,
        CONFIG_NAMES,
      );
      const objectFs = await settings(
        session,
        `SELECT name, value FROM ${escapeName(`${tablePrefix}config_plugins`)} WHERE plugin = 'tool_objectfs' AND name IN (?)`,
        OBJECTFS_NAMES,
      );
      const [clock] = await session.query<{ now: string }>("SELECT unix_timestamp() AS now");
      return {
        engine,
        engineVersion,
        ...readSite(config, new Date(Number(clock?.now) * 1000)),
        tablePrefix,
        objectFs: readObjectFs(objectFs),
        databaseBytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
        leftOut: await findLeftOut(session, tables),
      };
    });
  }

  async *references(signal?: AbortSignal): AsyncIterable<readonly Reference[]> {
    const session = await MysqlSession.open(this.connection, this.connection.database);
    try {
      yield* readReferences(session, this.connection.tablePrefix, signal);
    } finally {
      await session.close();
    }
  }

  snapshot(signal?: AbortSignal): Promise<DatabaseSnapshot> {
    signal?.throwIfAborted();
    return MysqlSnapshot.open(this.connection);
  }

  /** Sessions last no longer than what they are for. */
  async close(): Promise<void> {}

  private checkTables(tables: readonly TableFacts[]): void {
    const { database, tablePrefix } = this.connection;
    if (!tables.some(({ name }) => name === `${tablePrefix}config`)) throw noMoodle(database, `${tablePrefix}config`);
    const others = tables.filter(({ storage }) => storage !== null && storage !== "InnoDB").map(({ name }) => name);
    if (others.length === 0) return;
    throw new DatabaseError(
      "unsuitable",
      `${others.slice(0, 5).join(", ")}${others.length > 5 ? ` and ${others.length - 5} more` : ""}: only InnoDB tables can be read at one moment; convert them with Moodle's admin/cli/mysql_engine.php`,
    );
  }
}

/** What Moodle does not make, and what could not be restored by a role like Moodle's: it may name other users. */
async function findLeftOut(session: MysqlSession, tables: readonly TableFacts[]): Promise<string[]> {
  const [counts] = await session.query<{ triggers: string; routines: string; events: string }>(
    `SELECT (SELECT count(*) FROM information_schema.triggers WHERE trigger_schema = database()) AS triggers,
            (SELECT count(*) FROM information_schema.routines WHERE routine_schema = database()) AS routines,
            (SELECT count(*) FROM information_schema.events WHERE event_schema = database()) AS events`,
  );
  const views = tables.filter(({ storage }) => storage === null).length;
  return Object.entries({ views: String(views), ...counts })
    .filter(([, count]) => count !== "0")
    .map(([kinds, count]) => `${count} ${count === "1" ? kinds.slice(0, -1) : kinds}, which Moodle does not have`);
}

async function settings(
  session: MysqlSession,
  sql: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await session.query<{ name: string; value: string | null }>(sql, [names]);
  return new Map(rows.map(({ name, value }) => [name, value ?? ""]));
}
