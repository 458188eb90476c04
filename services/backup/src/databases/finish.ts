import type { Sql } from "./sql";

/** Table that exists while a restore goes on; its row is a `MarkerRow`. */
export const MARKER = "moodle_backup_restore";

/** A row of `mdl_config`. */
export interface ConfigRow {
  readonly id: string | null;
  readonly name: string;
  readonly value: string | null;
}

/**
 * Settings with which a restored site sends nothing to anybody. Moodle's own commands turn both on again:
 * `admin/cli/cron.php --enable` and `admin/cli/cfg.php --name=noemailever --unset`.
 */
const QUIET: Readonly<Record<string, string>> = { cron_enabled: "0", noemailever: "1" };

/** Rows with which cron and mail are off. */
export function quieted(rows: readonly ConfigRow[]): readonly ConfigRow[] {
  const kept = rows.filter(({ name }) => !(name in QUIET));
  const set = Object.entries(QUIET).map(([name, value]) => ({
    id: rows.find((row) => row.name === name)?.id ?? null,
    name,
    value,
  }));
  return [...kept, ...set];
}

/**
 * Ends a restore: fills `mdl_config` and takes the marker away, in the transaction that the session has open. Until it is
 * committed Moodle finds no version of itself and refuses to run ("missingconfigversion" in its admin/index.php).
 */
export async function fillConfig(sql: Sql, table: string, rows: readonly ConfigRow[]): Promise<void> {
  const columns = ["name", "value"].map((name) => sql.column(name)).join(", ");
  const insert = async ({ id, name, value }: ConfigRow) => {
    if (id === null) await sql.rows(`INSERT INTO ${sql.table(table)} (${columns}) VALUES (?, ?)`, [name, value]);
    else await sql.rows(`INSERT INTO ${sql.table(table)} (id, ${columns}) VALUES (?, ?, ?)`, [id, name, value]);
  };
  // Rows that have a number first: then the others get numbers that are free.
  for (const row of rows.filter(({ id }) => id !== null)) await insert(row);
  for (const row of rows.filter(({ id }) => id === null)) await insert(row);
  await sql.rows(`DELETE FROM ${sql.table(MARKER)}`);
}
