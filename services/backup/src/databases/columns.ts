import type { Sql } from "./sql";

/** A column of one of Moodle's tables. */
export interface Column {
  /** Without the prefix. */
  readonly table: string;
  readonly name: string;
  /** Holds text, not a number. */
  readonly isText: boolean;
  /** Characters that fit; nothing where there is no limit worth the name. */
  readonly length: number | undefined;
}

const TEXT = new Set([
  "character varying",
  "character",
  "text",
  "varchar",
  "char",
  "tinytext",
  "mediumtext",
  "longtext",
]);
const BLOB = new Set(["bytea", "blob", "tinyblob", "mediumblob", "longblob", "varbinary", "binary", "json", "jsonb"]);

/** Columns of all tables whose names begin with the prefix. */
export async function columnsOf(sql: Sql, schema: string, prefix: string): Promise<readonly Column[]> {
  const rows = await sql.rows(
    `SELECT columns.table_name, columns.column_name, columns.data_type, columns.character_maximum_length
       FROM information_schema.columns columns JOIN information_schema.tables tables
         ON tables.table_schema = columns.table_schema AND tables.table_name = columns.table_name
      WHERE columns.table_schema = ? AND tables.table_type = 'BASE TABLE'
      ORDER BY columns.table_name, columns.ordinal_position`,
    [schema],
  );
  return rows
    .filter(([table]) => table?.startsWith(prefix))
    .map(([table = "", name = "", type = "", length = null]) => ({
      table: (table ?? "").slice(prefix.length),
      name: name ?? "",
      isText: TEXT.has(type ?? "") || BLOB.has(type ?? ""),
      length: length === null || Number(length) > 65_535 ? undefined : Number(length),
    }));
}

/** Tables, each with its columns. */
export function byTable(columns: readonly Column[]): ReadonlyMap<string, readonly Column[]> {
  const tables = new Map<string, Column[]>();
  for (const column of columns) {
    const known = tables.get(column.table);
    if (known === undefined) tables.set(column.table, [column]);
    else known.push(column);
  }
  return tables;
}
