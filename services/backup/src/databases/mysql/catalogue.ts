import type { Engine, Reference } from "../database";
import { DatabaseError } from "../failure";
import { OBJECTFS_TABLE, toReferences } from "../moodle";
import { escapeName } from "./names";
import type { MysqlSession } from "./session";

/** A table of the database that the session uses. */
export interface TableFacts {
  readonly name: string;
  /** `InnoDB`; nothing for views. */
  readonly storage: string | null;
  readonly bytes: number;
}

/** The server's version, such as `10.11.19`. Throws where it is not what the configuration says. */
export async function checkVersion(session: MysqlSession, engine: Engine): Promise<string> {
  const [row] = await session.query<{ version: string }>("SELECT version() AS version");
  const text = row?.version ?? "";
  const actual: Engine = text.includes("MariaDB") ? "mariadb" : "mysql";
  if (actual !== engine) {
    throw new DatabaseError("unsuitable", `the server is ${actual} ${text}, not ${engine}; correct engine`);
  }
  return /^[0-9.]+/.exec(text)?.[0] ?? text;
}

/** Tables and views, by name. */
export async function tablesOf(session: MysqlSession): Promise<readonly TableFacts[]> {
  const rows = await session.query<{ name: string; storage: string | null; bytes: string | null }>(
    `SELECT table_name AS name, engine AS storage, data_length AS bytes FROM information_schema.tables
      WHERE table_schema = database() ORDER BY CAST(table_name AS BINARY)`,
  );
  return rows.map(({ name, storage, bytes }) => ({ name, storage, bytes: Number(bytes ?? 0) }));
}

export async function countRows(
  session: MysqlSession,
  prefix: string,
  signal?: AbortSignal,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name, storage } of await tablesOf(session)) {
    if (storage === null || !name.startsWith(prefix)) continue;
    signal?.throwIfAborted();
    const [row] = await session.query<{ rows: string }>(`SELECT count(*) AS \`rows\` FROM ${escapeName(name)}`);
    counts[name] = Number(row?.rows);
  }
  return counts;
}

/** What `mdl_files` refers to now. The server sorts, by bytes. */
export async function* readReferences(
  session: MysqlSession,
  prefix: string,
  signal?: AbortSignal,
): AsyncIterable<readonly Reference[]> {
  const hasObjects = (await tablesOf(session)).some(({ name }) => name === prefix + OBJECTFS_TABLE);
  const location = hasObjects
    ? `(SELECT max(location) FROM ${escapeName(prefix + OBJECTFS_TABLE)} objects WHERE objects.contenthash = files.contenthash)`
    : "NULL";
  const pages = session.pages(
    `SELECT files.hash, files.size, ${location}
       FROM (SELECT CAST(contenthash AS BINARY) AS hash, contenthash, max(filesize) AS size
               FROM ${escapeName(`${prefix}files`)} GROUP BY contenthash) files
      ORDER BY files.hash`,
    signal,
  );
  yield* toReferences(pages);
}

/** Hashes of blobs that ObjectFS has in the bucket, sorted by bytes. */
export async function* readExternalHashes(
  session: MysqlSession,
  prefix: string,
  signal?: AbortSignal,
): AsyncIterable<string> {
  if (!(await tablesOf(session)).some(({ name }) => name === prefix + OBJECTFS_TABLE)) return;
  const pages = session.pages(
    `SELECT contenthash FROM ${escapeName(prefix + OBJECTFS_TABLE)} WHERE location IN (1, 2) ORDER BY CAST(contenthash AS BINARY)`,
    signal,
  );
  for await (const page of pages) for (const [hash] of page) if (hash !== null && hash !== undefined) yield hash;
}
