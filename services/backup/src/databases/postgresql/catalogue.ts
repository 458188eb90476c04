import { escapeIdentifier } from "pg";
import type { DatabaseConnection } from "../connection";
import type { Reference } from "../database";
import { noMoodle, OBJECTFS_TABLE, toReferences } from "../moodle";
import type { PostgresqlSession } from "./session";

/** Rows fetched at once. */
const PAGE = 5_000;

/** A table in its schema, quoted. */
export function qualified(schema: string, table: string): string {
  return `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;
}

/** The schema in which Moodle's tables are: where an unqualified name finds them. */
export async function findSchema(
  session: PostgresqlSession,
  { database, tablePrefix }: DatabaseConnection,
): Promise<string> {
  const table = `${tablePrefix}config`;
  const [row] = await session.query<{ schema: string }>(
    "SELECT nspname AS schema FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = to_regclass($1)",
    [escapeIdentifier(table)],
  );
  if (row === undefined) throw noMoodle(database, table);
  return row.schema;
}

/** Moodle's tables, by name. */
export async function moodleTables(
  session: PostgresqlSession,
  schema: string,
  prefix: string,
): Promise<readonly string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
      WHERE relnamespace = to_regnamespace(quote_ident($1)) AND relkind IN ('r', 'p') AND starts_with(relname, $2)
      ORDER BY relname COLLATE "C"`,
    [schema, prefix],
  );
  return rows.map(({ name }) => name);
}

export async function countRows(
  session: PostgresqlSession,
  schema: string,
  prefix: string,
  signal?: AbortSignal,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of await moodleTables(session, schema, prefix)) {
    signal?.throwIfAborted();
    const [row] = await session.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${qualified(schema, table)}`);
    counts[table] = Number(row?.rows);
  }
  return counts;
}

/**
 * What `mdl_files` refers to, as the session's transaction sees it. The server sorts, in its own order of bytes, and a
 * cursor hands out pages: neither side holds all of it.
 */
export async function* readReferences(
  session: PostgresqlSession,
  schema: string,
  prefix: string,
  signal?: AbortSignal,
): AsyncIterable<readonly Reference[]> {
  const tables = await moodleTables(session, schema, prefix);
  const objects = tables.includes(`${prefix}${OBJECTFS_TABLE}`)
    ? `LEFT JOIN ${qualified(schema, prefix + OBJECTFS_TABLE)} objects USING (contenthash)`
    : "CROSS JOIN (SELECT NULL::int AS location) objects";
  // All rows are wanted: by default the server plans cursors for their first rows.
  await session.query("SET LOCAL cursor_tuple_fraction = 1");
  await session.query(
    `DECLARE moodle_references NO SCROLL CURSOR FOR
     SELECT contenthash, files.size, objects.location
       FROM (SELECT contenthash, max(filesize) AS size FROM ${qualified(schema, `${prefix}files`)} GROUP BY contenthash) files
       ${objects}
      ORDER BY contenthash COLLATE "C"`,
  );
  yield* toReferences(pages(session, signal));
}

async function* pages(
  session: PostgresqlSession,
  signal: AbortSignal | undefined,
): AsyncIterable<readonly (string | null)[][]> {
  for (;;) {
    signal?.throwIfAborted();
    const page = await session.rows(`FETCH ${PAGE} FROM moodle_references`);
    yield page;
    if (page.length < PAGE) return;
  }
}
