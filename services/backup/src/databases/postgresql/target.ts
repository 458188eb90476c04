import { escapeIdentifier, escapeLiteral } from "pg";
import { anonymise, checkRules, emptiedTables, scrubbedTables } from "../../anonymise/anonymise";
import type { DatabaseConnection } from "../connection";
import type { AnonymiseRules, Reference, RestoreOptions, TargetDatabase, TargetState } from "../database";
import { type DumpDescription, readDescription } from "../dump-description";
import { DatabaseError } from "../failure";
import { fillConfig, MARKER, quieted } from "../finish";
import { inTransaction } from "../sql";
import { occupied, refuseOlderServer, refuseOther, refuseOtherEngine } from "../target-checks";
import { type MarkerRow, treatmentIn, treatmentOf } from "../treatment";
import { rewriteAddress } from "../wwwroot/rewrite";
import { countRows, findSchema, moodleTables, qualified, readReferences } from "./catalogue";
import { readConfigRows, restorePostgresql } from "./restore";
import { PostgresqlSession, withSession } from "./session";
import { postgresqlSql } from "./sql";
import { majorVersionOf } from "./tools";

/** Tables dropped by one statement: each takes locks of its own, and a server has room for some thousands. */
const DROPPED_AT_ONCE = 50;

/** Relations that are neither the server's nor an extension's, quoted in their schemas. */
const OWN_RELATIONS = `SELECT nspname AS schema, relname AS name, relkind AS kind
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
 WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\\_%'
   AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')`;

/** An empty PostgreSQL database, opened by the role that is to own Moodle's tables. */
export class PostgresqlTarget implements TargetDatabase {
  /** Of the dump that was restored. */
  private prefix: string | undefined;

  constructor(private readonly connection: DatabaseConnection) {}

  state(): Promise<TargetState> {
    return withSession(this.connection, readState);
  }

  async restore(options: RestoreOptions): Promise<void> {
    const description = await readDescription(options.folder);
    refuseOtherEngine(description, "postgresql");
    await withSession(this.connection, async (session) => {
      await session.takeYourTime();
      await session.query("SET default_transaction_read_only = off");
      await this.prepare(session, description, options);
      const { schema = "public", tablePrefix: prefix } = description;
      const { folder, anonymise: rules, signal } = options;
      const config = `${prefix}config`;
      const emptied = rules === undefined ? [] : emptiedTables(rules).map((name) => `${prefix}${name}`);
      await restorePostgresql(this.connection, session, {
        folder,
        description,
        withoutRows: [config, ...emptied],
        onTables: async () => {
          if (rules === undefined) return;
          await checkRules({ sql: postgresqlSql(session, schema), schema, prefix }, rules);
          await setAutovacuum(session, await scrubbed(session, schema, prefix, rules), false);
        },
        signal,
      });
      await this.finish(session, description, options, config);
    });
    this.prefix = description.tablePrefix;
  }

  async *references(signal?: AbortSignal): AsyncIterable<readonly Reference[]> {
    const session = await PostgresqlSession.open(this.connection);
    try {
      await session.takeYourTime();
      const schema = await findSchema(session, this.moodle());
      await session.query("BEGIN READ ONLY");
      yield* readReferences(session, schema, this.moodle().tablePrefix, signal);
    } finally {
      await session.close();
    }
  }

  rowCounts(signal?: AbortSignal): Promise<Readonly<Record<string, number>>> {
    return withSession(this.connection, async (session) => {
      await session.takeYourTime();
      const schema = await findSchema(session, this.moodle());
      return countRows(session, schema, this.moodle().tablePrefix, signal);
    });
  }

  /** Sessions last no longer than what they are for. */
  async close(): Promise<void> {}

  private moodle(): DatabaseConnection {
    return { ...this.connection, tablePrefix: this.prefix ?? this.connection.tablePrefix };
  }

  /** Leaves a database with nothing but the marker. The lock keeps two restores apart until the session ends. */
  private async prepare(
    session: PostgresqlSession,
    description: DumpDescription,
    options: RestoreOptions,
  ): Promise<void> {
    const [lock] = await session.query<{ taken: boolean }>(
      "SELECT pg_try_advisory_lock(hashtextextended('moodle-backup restore', 0)) AS taken",
    );
    if (lock?.taken !== true) throw new DatabaseError("unsuitable", "another restore into this database is under way");
    const [server] = await session.query<{ server_version: string }>("SHOW server_version");
    refuseOlderServer(description, server?.server_version ?? "", Number.parseInt);
    await this.checkTool(description);
    const state = await readState(session);
    if (state.kind === "occupied") throw occupied(this.connection.database, state.tables);
    if (state.kind === "unfinished") {
      refuseOther(this.connection.database, state, options);
      return dropAll(session);
    }
    const { schema = "public" } = description;
    await session.query(
      `DO $$ BEGIN IF to_regnamespace(${escapeLiteral(escapeIdentifier(schema))}) IS NULL THEN CREATE SCHEMA ${escapeIdentifier(schema)}; END IF; END $$`,
    );
    const marker = qualified(schema, MARKER);
    const { anonymised, wwwroot } = treatmentOf(options);
    await session.query(`DROP TABLE IF EXISTS ${marker}`);
    await session.query(`CREATE TABLE ${marker} (snapshot text NOT NULL, anonymised text, wwwroot text)`);
    await session.query(`INSERT INTO ${marker} VALUES ($1, $2, $3)`, [
      options.snapshot,
      anonymised ?? null,
      wwwroot ?? null,
    ]);
  }

  private async checkTool({ engineVersion }: DumpDescription): Promise<void> {
    const tool = await majorVersionOf("pg_restore");
    const dumped = Number.parseInt(engineVersion, 10);
    if (tool >= dumped) return;
    throw new DatabaseError(
      "tool",
      `pg_restore ${tool} may not read a dump of PostgreSQL ${dumped}; install postgresql-client-${dumped} or later`,
    );
  }

  private async finish(
    session: PostgresqlSession,
    description: DumpDescription,
    { folder, untouched, wwwroot, previousWwwroot, anonymise: rules, signal }: RestoreOptions,
    config: string,
  ): Promise<void> {
    const { schema = "public", tablePrefix } = description;
    const sql = postgresqlSql(session, schema);
    let rows = await readConfigRows(folder, config);
    if (rules !== undefined) rows = await anonymise({ sql, schema, prefix: tablePrefix, rules, config: rows, signal });
    if (wwwroot !== undefined) {
      rows = await rewriteAddress({ sql, schema, prefix: tablePrefix, wwwroot, previousWwwroot, config: rows, signal });
    }
    if (untouched !== true) rows = quieted(rows);
    if (rules !== undefined) {
      const tables = await scrubbed(session, schema, tablePrefix, rules);
      await session.query(`VACUUM (FULL) ${tables.join(", ")}`);
      await setAutovacuum(session, tables, true);
    }
    await session.query("ANALYZE");
    await inTransaction(sql, async () => {
      await fillConfig(sql, config, rows);
      await session.query(`DROP TABLE ${sql.table(MARKER)}`);
    });
  }
}

/** Qualified names of the tables that anonymising changes. */
async function scrubbed(
  session: PostgresqlSession,
  schema: string,
  prefix: string,
  rules: AnonymiseRules,
): Promise<readonly string[]> {
  const present = new Set(await moodleTables(session, schema, prefix));
  const names = scrubbedTables(rules).map((name) => `${prefix}${name}`);
  return names.filter((name) => present.has(name)).map((name) => qualified(schema, name));
}

/** Autovacuum would note the most common values of a column, names of people among them, where nobody can delete them. */
async function setAutovacuum(session: PostgresqlSession, tables: readonly string[], on: boolean): Promise<void> {
  for (const table of tables) {
    await session.query(
      `ALTER TABLE ${table} ${on ? "RESET (autovacuum_enabled)" : "SET (autovacuum_enabled = false)"}`,
    );
  }
}

async function readState(session: PostgresqlSession): Promise<TargetState> {
  const relations = await session.query<{ schema: string; name: string; kind: string }>(OWN_RELATIONS);
  const marker = relations.find(({ name }) => name === MARKER);
  if (marker !== undefined) {
    const [row] = await session.query<MarkerRow>(`SELECT * FROM ${qualified(marker.schema, MARKER)}`);
    if (row !== undefined) return { kind: "unfinished", snapshot: row.snapshot, treatment: treatmentIn(row) };
  }
  const others = relations.filter(({ name }) => name !== MARKER);
  return others.length === 0 ? { kind: "empty" } : { kind: "occupied", tables: others.length };
}

async function dropAll(session: PostgresqlSession): Promise<void> {
  for (const [kinds, statement] of [
    [["v"], "DROP VIEW"],
    [["m"], "DROP MATERIALIZED VIEW"],
    [["r", "p"], "DROP TABLE"],
    [["f"], "DROP FOREIGN TABLE"],
    [["S"], "DROP SEQUENCE"],
  ] as const) {
    // Looked up anew: what depends on something else goes with it.
    const relations = await session.query<{ schema: string; name: string; kind: string }>(OWN_RELATIONS);
    const names = relations
      .filter(({ kind, name }) => (kinds as readonly string[]).includes(kind) && name !== MARKER)
      .map(({ schema, name }) => qualified(schema, name));
    for (let at = 0; at < names.length; at += DROPPED_AT_ONCE) {
      await session.query(`${statement} ${names.slice(at, at + DROPPED_AT_ONCE).join(", ")} CASCADE`);
    }
  }
}
