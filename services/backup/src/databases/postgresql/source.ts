import type { DatabaseConnection } from "../connection";
import type { DatabaseSnapshot, Reference, SiteFacts, SourceDatabase } from "../database";
import { DatabaseError } from "../failure";
import { CONFIG_NAMES, OBJECTFS_NAMES, readObjectFs, readSite } from "../moodle";
import { findSchema, qualified, readReferences } from "./catalogue";
import { PostgresqlSession, withSession } from "./session";
import { PostgresqlSnapshot } from "./snapshot";
import { majorVersionOf } from "./tools";

/** https://docs.moodle.org/405/en/PostgreSQL */
const OLDEST_SERVER = 13;

/** A PostgreSQL database in which Moodle is. A role that reads is enough. */
export class PostgresqlSource implements SourceDatabase {
  constructor(private readonly connection: DatabaseConnection) {}

  async preflight(signal?: AbortSignal): Promise<SiteFacts> {
    signal?.throwIfAborted();
    return withSession(this.connection, async (session) => {
      const { tablePrefix } = this.connection;
      const engineVersion = await this.checkVersions(session);
      const schema = await findSchema(session, this.connection);
      await this.checkPrivileges(session, schema);
      const config = await settings(
        session,
        `SELECT name, value FROM ${qualified(schema, `${tablePrefix}config`)} WHERE name = ANY ($1)`,
        CONFIG_NAMES,
      );
      const objectFs = await settings(
        session,
        `SELECT name, value FROM ${qualified(schema, `${tablePrefix}config_plugins`)} WHERE plugin = 'tool_objectfs' AND name = ANY ($1)`,
        OBJECTFS_NAMES,
      );
      const [size] = await session.query<{ bytes: string; now: Date; large: boolean }>(
        `SELECT coalesce(sum(pg_table_size(oid)), 0) AS bytes, now(), EXISTS (SELECT FROM pg_largeobject_metadata) AS large
           FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident($1)) AND relkind = 'r'`,
        [schema],
      );
      return {
        engine: "postgresql",
        engineVersion,
        ...readSite(config, size?.now ?? new Date()),
        tablePrefix,
        objectFs: readObjectFs(objectFs),
        databaseBytes: Number(size?.bytes),
        leftOut: size?.large ? ["large objects, which Moodle does not have"] : [],
      };
    });
  }

  async *references(signal?: AbortSignal): AsyncIterable<readonly Reference[]> {
    const session = await PostgresqlSession.open(this.connection);
    try {
      await session.takeYourTime();
      const schema = await findSchema(session, this.connection);
      await session.query("BEGIN READ ONLY");
      yield* readReferences(session, schema, this.connection.tablePrefix, signal);
    } finally {
      await session.close();
    }
  }

  snapshot(signal?: AbortSignal): Promise<DatabaseSnapshot> {
    signal?.throwIfAborted();
    return PostgresqlSnapshot.open(this.connection);
  }

  /** Sessions last no longer than what they are for. */
  async close(): Promise<void> {}

  /** `pg_dump` refuses servers newer than itself. */
  private async checkVersions(session: PostgresqlSession): Promise<string> {
    const [row] = await session.query<{ server_version: string }>("SHOW server_version");
    const version = (row?.server_version ?? "").split(" ")[0] ?? "";
    const server = Number.parseInt(version, 10);
    if (server < OLDEST_SERVER) {
      throw new DatabaseError(
        "unsuitable",
        `the server is PostgreSQL ${version}; Moodle needs ${OLDEST_SERVER} or later`,
      );
    }
    const tool = await majorVersionOf("pg_dump");
    if (tool < server) {
      throw new DatabaseError(
        "tool",
        `pg_dump ${tool} cannot dump the server, which is PostgreSQL ${version}; install postgresql-client-${server} or later`,
      );
    }
    return version;
  }

  private async checkPrivileges(session: PostgresqlSession, schema: string): Promise<void> {
    const unreadable = await session.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class
        WHERE relnamespace = to_regnamespace(quote_ident($1)) AND relkind IN ('r', 'p', 'v', 'm', 'S')
          AND NOT CASE relkind WHEN 'S' THEN has_sequence_privilege(oid, 'SELECT') ELSE has_table_privilege(oid, 'SELECT') END
          AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
        ORDER BY relname COLLATE "C"`,
      [schema],
    );
    if (unreadable.length === 0) return;
    const named = unreadable.slice(0, 5).map(({ name }) => name);
    const more = unreadable.length > named.length ? ` and ${unreadable.length - named.length} more` : "";
    throw new DatabaseError(
      "privilege",
      `${this.connection.username} cannot read ${named.join(", ")}${more}; grant it SELECT, or run the Job of the database roles again`,
    );
  }
}

async function settings(
  session: PostgresqlSession,
  sql: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await session.query<{ name: string; value: string | null }>(sql, [names]);
  return new Map(rows.map(({ name, value }) => [name, value ?? ""]));
}
