import { anonymise, checkRules, emptiedTables, scrubbedTables } from "../../anonymise/anonymise";
import type { DatabaseConnection } from "../connection";
import type { Reference, RestoreOptions, TargetDatabase, TargetState } from "../database";
import { type DumpDescription, readDescription } from "../dump-description";
import { DatabaseError } from "../failure";
import { type ConfigRow, fillConfig, MARKER, quieted } from "../finish";
import { inTransaction, type Sql } from "../sql";
import { occupied, refuseOlderServer, refuseOther, refuseOtherEngine } from "../target-checks";
import { type MarkerRow, treatmentIn, treatmentOf } from "../treatment";
import { rewriteAddress } from "../wwwroot/rewrite";
import { checkVersion, countRows, readReferences, tablesOf } from "./catalogue";
import { escapeName } from "./names";
import { readConfigStatements, restoreMysql } from "./restore";
import { MysqlSession, withMysqlSession } from "./session";
import { mysqlSql } from "./sql";

/** An empty MySQL or MariaDB database. */
export class MysqlTarget implements TargetDatabase {
  /** Of the dump that was restored. */
  private prefix: string | undefined;

  constructor(private readonly connection: DatabaseConnection) {}

  state(): Promise<TargetState> {
    return this.session(readState);
  }

  async restore(options: RestoreOptions): Promise<void> {
    const description = await readDescription(options.folder);
    refuseOtherEngine(description, this.connection.engine);
    await this.session(async (session) => {
      await this.prepare(session, description, options);
      const { folder, anonymise: rules, signal } = options;
      const { tablePrefix: prefix } = description;
      const schema = this.connection.database;
      await restoreMysql(this.connection, {
        folder,
        withoutRows: rules === undefined ? [] : emptiedTables(rules).map((name) => `${prefix}${name}`),
        onTables: async () => {
          if (rules !== undefined) await checkRules({ sql: mysqlSql(session), schema, prefix }, rules);
        },
        signal,
      });
      await finish(session, schema, description, options);
    });
    this.prefix = description.tablePrefix;
  }

  async *references(signal?: AbortSignal): AsyncIterable<readonly Reference[]> {
    const session = await MysqlSession.open(this.connection, this.connection.database);
    try {
      yield* readReferences(session, this.prefix ?? this.connection.tablePrefix, signal);
    } finally {
      await session.close();
    }
  }

  rowCounts(signal?: AbortSignal): Promise<Readonly<Record<string, number>>> {
    return this.session((session) => countRows(session, this.prefix ?? this.connection.tablePrefix, signal));
  }

  /** Sessions last no longer than what they are for. */
  async close(): Promise<void> {}

  private session<T>(use: (session: MysqlSession) => Promise<T>): Promise<T> {
    return withMysqlSession(this.connection, this.connection.database, use);
  }

  /** Leaves a database with nothing but the marker. The lock keeps two restores apart until the session ends. */
  private async prepare(session: MysqlSession, description: DumpDescription, options: RestoreOptions): Promise<void> {
    const { database, engine } = this.connection;
    const [lock] = await session.rows("SELECT get_lock(left(concat('moodle-backup restore ', database()), 64), 0)");
    if (lock?.[0] !== "1") throw new DatabaseError("unsuitable", "another restore into this database is under way");
    refuseOlderServer(description, await checkVersion(session, engine), series);
    const state = await readState(session);
    if (state.kind === "occupied") throw occupied(database, state.tables);
    if (state.kind === "unfinished") {
      refuseOther(database, state, options);
      for (const { name, storage } of await tablesOf(session)) {
        if (name !== MARKER) await session.run(`DROP ${storage === null ? "VIEW" : "TABLE"} ${escapeName(name)}`);
      }
      return;
    }
    const { anonymised, wwwroot } = treatmentOf(options);
    await session.run(`DROP TABLE IF EXISTS ${MARKER}`);
    await session.run(
      `CREATE TABLE ${MARKER} (snapshot varchar(26) PRIMARY KEY, anonymised char(64), wwwroot text) ENGINE=InnoDB`,
    );
    await session.run(`INSERT INTO ${MARKER} VALUES (?, ?, ?)`, [
      options.snapshot,
      anonymised ?? null,
      wwwroot ?? null,
    ]);
  }
}

async function finish(
  session: MysqlSession,
  schema: string,
  { tablePrefix: prefix }: DumpDescription,
  { folder, untouched, wwwroot, previousWwwroot, anonymise: rules, signal }: RestoreOptions,
): Promise<void> {
  const sql = mysqlSql(session);
  const config = `${prefix}config`;
  let rows = await readConfigRows(sql, folder, config);
  if (rules !== undefined) rows = await anonymise({ sql, schema, prefix, rules, config: rows, signal });
  if (wwwroot !== undefined) {
    rows = await rewriteAddress({ sql, schema, prefix, wwwroot, previousWwwroot, config: rows, signal });
  }
  if (untouched !== true) rows = quieted(rows);
  if (rules !== undefined) {
    const scrubbed = new Set(scrubbedTables(rules).map((name) => `${prefix}${name}`));
    const present = (await tablesOf(session)).filter(({ name }) => scrubbed.has(name));
    await sql.rows(`OPTIMIZE TABLE ${present.map(({ name }) => escapeName(name)).join(", ")}`);
  }
  await inTransaction(sql, () => fillConfig(sql, config, rows));
  await session.run(`DROP TABLE ${MARKER}`);
}

/** The rows of `mdl_config` in a dump: the server reads its own literals, and forgets them. */
async function readConfigRows(sql: Sql, folder: string, table: string): Promise<readonly ConfigRow[]> {
  const statements = await readConfigStatements(folder);
  await sql.rows("BEGIN");
  try {
    for (const statement of statements) await sql.rows(statement);
    const rows = await sql.rows(`SELECT id, name, value FROM ${sql.table(table)}`);
    return rows.map(([id = null, name, value = null]) => ({ id, name: name ?? "", value }));
  } finally {
    await sql.rows("ROLLBACK");
  }
}

async function readState(session: MysqlSession): Promise<TargetState> {
  const tables = await tablesOf(session);
  if (tables.some(({ name }) => name === MARKER)) {
    const [row] = await session.query<MarkerRow>(`SELECT * FROM ${MARKER}`);
    if (row !== undefined) return { kind: "unfinished", snapshot: row.snapshot, treatment: treatmentIn(row) };
  }
  const others = tables.filter(({ name }) => name !== MARKER);
  return others.length === 0 ? { kind: "empty" } : { kind: "occupied", tables: others.length };
}

/** `10.11.19` is of the series 10.11, as a number that can be compared. */
function series(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 1000 + minor;
}
