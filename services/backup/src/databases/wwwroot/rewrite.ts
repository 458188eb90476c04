import { byTable, type Column, columnsOf } from "../columns";
import { DatabaseError } from "../failure";
import type { ConfigRow } from "../finish";
import { inTransaction, type Sql } from "../sql";
import { addressRewriter, type Rewriter } from "./value";

/** Rows read at once. */
const PAGE = 500;

/** Where Moodle's own tool (admin/tool/replace) rewrites nothing either; blocks it asks one by one. */
const SKIPPED = new Set([
  "config",
  "config_plugins",
  "filter_config",
  "sessions",
  "files",
  "repository_instance_config",
]);

export interface AddressChange {
  readonly sql: Sql;
  readonly schema: string;
  readonly prefix: string;
  /** New address. */
  readonly wwwroot: string;
  /** Old address. @default the one in `mdl_mnet_host` */
  readonly previousWwwroot?: string;
  readonly config: readonly ConfigRow[];
  readonly signal?: AbortSignal;
}

/**
 * Rewrites the site's address in texts, a transaction for each table. Logs stay as they were written, and so does a text
 * in which the new address would not fit. What files say (SCORM packages, uploaded pages) is out of reach: for those, and
 * for plugins that keep addresses in ways of their own, Moodle has `admin/tool/replace/cli/replace.php`.
 */
export async function rewriteAddress(change: AddressChange): Promise<readonly ConfigRow[]> {
  const { sql, schema, prefix, config, signal } = change;
  const to = change.wwwroot.replace(/\/+$/, "");
  const from = (change.previousWwwroot ?? (await findAddress(change))).replace(/\/+$/, "");
  if (from === to) return config;
  const rewrite = addressRewriter(from, to);
  for (const [table, columns] of byTable(await columnsOf(sql, schema, prefix))) {
    const texts = columns.filter(({ isText, name }) => isText && !/hash$/.test(name));
    const hasId = columns.some(({ name }) => name === "id");
    if (!hasId || texts.length === 0 || SKIPPED.has(table) || /(^|_)logs?($|_)/.test(table)) continue;
    signal?.throwIfAborted();
    await inTransaction(sql, () => rewriteTable(sql, `${prefix}${table}`, texts, from, rewrite));
  }
  return config;
}

/** Moodle notes its address when it is installed, as a host among those it may trust. */
async function findAddress({ sql, prefix, config }: AddressChange): Promise<string> {
  const id = config.find(({ name }) => name === "mnet_localhost_id")?.value ?? null;
  const rows =
    id === null ? [] : await sql.rows(`SELECT wwwroot FROM ${sql.table(`${prefix}mnet_host`)} WHERE id = ?`, [id]);
  const address = rows[0]?.[0];
  if (address !== null && address !== undefined && address !== "") return address;
  throw new DatabaseError("unsuitable", "the database does not say what the site's address was; name it");
}

async function rewriteTable(
  sql: Sql,
  table: string,
  columns: readonly Column[],
  from: string,
  rewrite: Rewriter,
): Promise<void> {
  const names = columns.map(({ name }) => sql.column(name));
  const host = new URL(from).host.replace(/[\\%_]/g, "!$&");
  // Block settings are under base64: those are all looked at.
  const patterns = [`%${host}%`, ...(table.endsWith("block_instances") ? ["YT%", "Tz%", "cz%"] : [])];
  const like = names.flatMap((name) => patterns.map(() => `${name} LIKE ? ESCAPE '!'`)).join(" OR ");
  const values = names.flatMap(() => patterns);
  let last = "0";
  for (;;) {
    const rows = await sql.rows(
      `SELECT id, ${names.join(", ")} FROM ${sql.table(table)} WHERE id > ? AND (${like}) ORDER BY id LIMIT ${PAGE}`,
      [last, ...values],
    );
    for (const [id = null, ...texts] of rows) {
      const changes = texts.flatMap((text, index) => {
        const [column, name] = [columns[index], names[index]];
        if (text === null || column === undefined || name === undefined) return [];
        const rewritten = rewrite(text);
        const fits = column.length === undefined || [...rewritten].length <= column.length;
        return rewritten !== text && fits ? [{ name, rewritten }] : [];
      });
      if (changes.length > 0) {
        await sql.rows(
          `UPDATE ${sql.table(table)} SET ${changes.map(({ name }) => `${name} = ?`).join(", ")} WHERE id = ?`,
          [...changes.map(({ rewritten }) => rewritten), id],
        );
      }
      last = id ?? last;
    }
    if (rows.length < PAGE) return;
  }
}
