import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { escapeIdentifier } from "pg";
import type { DatabaseConnection } from "../connection";
import type { DumpDescription } from "../dump-description";
import { DatabaseError } from "../failure";
import type { ConfigRow } from "../finish";
import { runTool } from "../tool";
import { JOBS } from "./dump";
import type { PostgresqlSession } from "./session";
import { runPostgresqlTool } from "./tools";

/** Settings of sessions that fill tables: a crash of the server means another restore anyway. */
const SETTINGS = {
  synchronous_commit: "off",
  maintenance_work_mem: "256MB",
  statement_timeout: "0",
  lock_timeout: "0",
  default_transaction_read_only: "off",
};

/** What a restore leaves to be filled later, or never: tables without their rows. */
export interface PostgresqlRestore {
  readonly folder: string;
  readonly description: DumpDescription;
  readonly withoutRows: readonly string[];
  /** Called when the tables are there, before any row comes. */
  readonly onTables: () => Promise<void>;
  readonly signal?: AbortSignal;
}

/**
 * Restores tables, rows and indexes, but not the rows of `withoutRows`. Owners and privileges are those of whoever
 * restores; extensions and schemas are the database's own business, and statistics are those of what is restored.
 * https://www.postgresql.org/docs/current/app-pgrestore.html
 */
export async function restorePostgresql(
  connection: DatabaseConnection,
  session: PostgresqlSession,
  { folder, description, withoutRows, onTables, signal }: PostgresqlRestore,
): Promise<void> {
  for (const extension of description.extensions) await tryExtension(session, extension);
  const contents = await runTool("pg_restore", ["--list", folder], { signal }).catch((error: unknown) => {
    signal?.throwIfAborted();
    if (error instanceof DatabaseError) throw error;
    throw new DatabaseError("dump", "pg_restore cannot read the dump: it is damaged, or made by a newer version");
  });
  const list = join(folder, "restore.list");
  await writeFile(list, selected(contents, withoutRows));
  const options = ["--format=directory", "--exit-on-error", "--no-owner", "--no-privileges", `--use-list=${list}`];
  const bring = (...args: readonly string[]) =>
    runPostgresqlTool("pg_restore", [...options, ...args, folder], connection, { signal, settings: SETTINGS });
  await bring("--section=pre-data");
  await onTables();
  await bring("--section=data", "--section=post-data", `--jobs=${JOBS}`);
}

/** The rows of `mdl_config` in a dump. */
export async function readConfigRows(folder: string, table: string): Promise<readonly ConfigRow[]> {
  const text = await runTool("pg_restore", ["--data-only", `--table=${table}`, "--file=-", folder]);
  const block = /^COPY [^(\n]*\(([^)\n]*)\) FROM stdin;\n([\s\S]*?)^\\\.$/m.exec(text);
  if (block === null) throw new DatabaseError("dump", `the dump holds no rows of ${table}`);
  const columns = (block[1] ?? "").split(", ");
  return (block[2] ?? "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const values = line.split("\t").map(unescaped);
      const value = (column: string) => values[columns.indexOf(column)] ?? null;
      return { id: value("id"), name: value("name") ?? "", value: value("value") };
    });
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** https://www.postgresql.org/docs/current/sql-copy.html, text format */
function unescaped(field: string): string | null {
  if (field === "\\N") return null;
  return field.replace(/\\(.)/gs, (_, character: string) => ESCAPES[character] ?? character);
}

/** Entries of a list of contents: `12; 0 345 TABLE DATA public mdl_user owner`. */
function selected(contents: string, withoutRows: readonly string[]): string {
  const skipped = new Set(withoutRows);
  return contents
    .split("\n")
    .filter((line) => {
      const entry = /^\d+; \d+ \d+ (.*)$/.exec(line)?.[1];
      if (entry === undefined) return true;
      if (/^(SCHEMA|EXTENSION|COMMENT - (SCHEMA|EXTENSION)|STATISTICS DATA) /.test(entry)) return false;
      const table = /^TABLE DATA \S+ (\S+) /.exec(entry)?.[1];
      return table === undefined || !skipped.has(table);
    })
    .join("\n");
}

/**
 * Managed services keep extensions of their own, which nobody else may make. Where Moodle's tables need one that is
 * missing, the restore says so when it comes to them.
 */
async function tryExtension(session: PostgresqlSession, name: string): Promise<void> {
  try {
    await session.query(`CREATE EXTENSION IF NOT EXISTS ${escapeIdentifier(name)}`);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.failure === "lost") throw error;
  }
}
