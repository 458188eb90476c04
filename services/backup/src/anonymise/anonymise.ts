import { hash } from "bcryptjs";
import { byTable, type Column, columnsOf } from "../databases/columns";
import { DatabaseError } from "../databases/failure";
import type { ConfigRow } from "../databases/finish";
import { inTransaction, type Sql } from "../databases/sql";
import { checkFileAreas, dropFiles } from "./file-areas";
import type { AnonymiseRules, TableRule } from "./rules";
import { isHarmlessNumber, scrubbedConfig } from "./settings";

export interface Anonymisation {
  readonly sql: Sql;
  readonly schema: string;
  readonly prefix: string;
  readonly rules: AnonymiseRules;
  /** Rows of `mdl_config`, which are not in the database yet. */
  readonly config: readonly ConfigRow[];
  readonly signal?: AbortSignal;
}

/** Names listed in a message. */
const LISTED = 30;

/** Bcrypt's cost: PHP's own default. */
const COST = 10;

/** Refuses where a table or a column has no rule: as soon as the tables are there, before any row comes. */
export async function checkRules(
  { sql, schema, prefix }: Pick<Anonymisation, "sql" | "schema" | "prefix">,
  rules: AnonymiseRules,
): Promise<void> {
  refuseUnknown(byTable(await columnsOf(sql, schema, prefix)), rules);
}

/** Tables whose rows never come into the restored database. */
export function emptiedTables({ tables }: AnonymiseRules): readonly string[] {
  return Object.keys(tables).filter((name) => tables[name] === "empty");
}

/**
 * Scrubs a restored database that nobody can use yet, a transaction for each table, and gives the rows of `mdl_config`
 * that may be filled in. Refuses before it changes anything where a file area has no rule.
 */
export async function anonymise(work: Anonymisation): Promise<readonly ConfigRow[]> {
  const { sql, prefix, rules, config, signal } = work;
  const tables = byTable(await columnsOf(sql, work.schema, prefix));
  await checkFileAreas(sql, prefix, rules);
  await inTransaction(sql, () => dropFiles(sql, prefix, rules));
  for (const [table, columns] of tables) {
    signal?.throwIfAborted();
    const rule = rules.tables[table];
    if (rule === undefined || rule === "empty") continue;
    await inTransaction(sql, () => scrubTable(sql, `${prefix}${table}`, columns, rule));
  }
  await inTransaction(sql, async () => {
    await scrubPluginSettings(sql, `${prefix}config_plugins`);
    await nameAccounts(work);
  });
  return scrubbedConfig(config, rules.settings);
}

/** Tables in which rows are changed or deleted one by one: until such a table is written anew, its file has what they were. */
export function scrubbedTables({ tables }: AnonymiseRules): readonly string[] {
  const changed = Object.entries(tables)
    .filter(([name, rule]) => {
      if (rule === "empty") return false;
      return name === "files" || rule.clear.length > 0 || Object.keys(rule.replace).length > 0;
    })
    .map(([name]) => name);
  return [...new Set([...changed, "config_plugins"])];
}

function refuseUnknown(tables: ReadonlyMap<string, readonly Column[]>, rules: AnonymiseRules): void {
  const numbers = new Set(rules.numbers);
  const unknown: string[] = [];
  for (const [table, columns] of tables) {
    const rule = rules.tables[table];
    if (rule === "empty") continue;
    if (rule === undefined) {
      unknown.push(table);
      continue;
    }
    const known = new Set([...rule.keep, ...rule.clear, ...Object.keys(rule.replace)]);
    for (const { name, isText } of columns) {
      if (!known.has(name) && (isText || !numbers.has(name))) unknown.push(`${table}.${name}`);
    }
  }
  if (unknown.length === 0) return;
  const more = unknown.length > LISTED ? ` and ${unknown.length - LISTED} more` : "";
  throw new DatabaseError(
    "unsuitable",
    `no rule says whether these hold personal data: ${unknown.slice(0, LISTED).join(", ")}${more}; write rules for them`,
  );
}

async function scrubTable(
  sql: Sql,
  table: string,
  columns: readonly Column[],
  rule: Exclude<TableRule, "empty">,
): Promise<void> {
  const present = new Set(columns.map(({ name }) => name));
  const changes = [
    ...rule.clear.map((name): [string, string] => [
      name,
      `CASE WHEN ${sql.column(name)} IS NULL THEN NULL ELSE '' END`,
    ]),
    ...Object.entries(rule.replace).map(([name, value]): [string, string] => [name, replacement(sql, value)]),
  ].filter(([name]) => present.has(name));
  if (changes.length === 0) return;
  const set = changes.map(([name, value]) => `${sql.column(name)} = ${value}`).join(", ");
  await sql.rows(`UPDATE ${sql.table(table)} SET ${set}`);
}

/** `user{id}@example.invalid` as an expression. */
function replacement(sql: Sql, value: string | number): string {
  if (typeof value === "number") return String(value);
  const parts = value.split("{id}").map((part) => sql.text(part));
  return parts.length === 1 ? (parts[0] ?? "''") : `concat(${parts.join(", id, ")})`;
}

/** Texts go: a plugin falls back to its defaults. Numbers, such as versions, stay. */
async function scrubPluginSettings(sql: Sql, table: string): Promise<void> {
  for (const [id = null, name, value] of await sql.rows(`SELECT id, name, value FROM ${sql.table(table)}`)) {
    if (isHarmlessNumber(name ?? "", value ?? "")) continue;
    await sql.rows(`DELETE FROM ${sql.table(table)} WHERE id = ?`, [id]);
  }
}

/** Moodle finds its guest by name; the administrator gets a name and a password where the rules say so. */
async function nameAccounts({ sql, prefix, rules, config }: Anonymisation): Promise<void> {
  const users = sql.table(`${prefix}user`);
  const setting = (name: string) => config.find((row) => row.name === name)?.value ?? null;
  const guest = setting("siteguest");
  if (guest !== null) await sql.rows(`UPDATE ${users} SET username = 'guest' WHERE id = ?`, [guest]);
  if (rules.admin === undefined) return;
  const { username, password } = rules.admin;
  const admin = setting("siteadmins")?.split(",")[0];
  if (admin === undefined) throw new DatabaseError("unsuitable", "the site has no administrator to give a password");
  await sql.rows(`UPDATE ${users} SET username = ?, password = ?, auth = 'manual', suspended = 0 WHERE id = ?`, [
    username,
    await hash(password, COST),
    admin,
  ]);
}
