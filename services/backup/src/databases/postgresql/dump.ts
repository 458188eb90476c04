import { readdir, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { escapeIdentifier } from "pg";
import type { DatabaseConnection } from "../connection";
import type { DumpFile } from "../database";
import { writeDescription } from "../dump-description";
import { Mailbox } from "../mailbox";
import { withSession } from "./session";
import { majorVersionOf, runPostgresqlTool } from "./tools";

/** Seconds that the dump waits for a lock which an `ALTER TABLE` holds. */
const LOCK_SECONDS = 120;

export interface PostgresqlDump {
  /** Empty folder. */
  readonly folder: string;
  readonly schema: string;
  /** Name of the exported snapshot. */
  readonly snapshot: string;
  readonly engineVersion: string;
  readonly signal?: AbortSignal;
}

/** Sessions of a tool that works on several tables at once. Two at least: a single one does not tell what it has finished. */
export const JOBS = Math.max(2, Math.min(4, availableParallelism()));

/**
 * Dumps the schema with `pg_dump`, in its directory format, and yields each table's file as soon as it is finished. The
 * schema alone: what managed services put beside it is not Moodle's, and not the role's to read.
 * https://www.postgresql.org/docs/current/app-pgdump.html
 */
export async function* dumpPostgresql(
  connection: DatabaseConnection,
  { folder, schema, snapshot, engineVersion, signal }: PostgresqlDump,
): AsyncIterable<DumpFile> {
  const [extensions, version] = await Promise.all([
    withSession(connection, (session) =>
      session.query<{ name: string }>("SELECT extname AS name FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"),
    ),
    majorVersionOf("pg_dump"),
  ]);
  const compression = version >= 16 ? "zstd" : "6";
  const finished = new Mailbox<string>();
  const over = new AbortController();
  const run = runPostgresqlTool(
    "pg_dump",
    [
      "--format=directory",
      `--file=${folder}`,
      `--jobs=${JOBS}`,
      `--snapshot=${snapshot}`,
      `--schema=${escapeIdentifier(schema)}`,
      `--compress=${compression}`,
      `--lock-wait-timeout=${LOCK_SECONDS * 1000}`,
      "--no-owner",
      "--no-privileges",
      "--no-blobs",
      "--no-publications",
      "--no-subscriptions",
      "--no-security-labels",
      "--no-sync",
      "--verbose",
    ],
    connection,
    {
      signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]),
      onMessage: (line) => {
        const id = /: finished item (\d+) TABLE DATA /.exec(line)?.[1];
        if (id !== undefined) finished.put(id);
      },
    },
  );
  run.then(
    () => finished.end(),
    (error: unknown) => finished.end(error),
  );
  const yielded = new Set<string>();
  try {
    for await (const id of finished) {
      const name = (await readdir(folder)).find((file) => file.startsWith(`${id}.dat`));
      if (name === undefined) continue;
      yielded.add(name);
      yield await describe(folder, name);
    }
    for (const name of (await readdir(folder)).sort()) {
      if (!yielded.has(name)) yield await describe(folder, name);
    }
    yield await writeDescription(folder, {
      format: 1,
      engine: "postgresql",
      engineVersion,
      tablePrefix: connection.tablePrefix,
      schema,
      extensions: extensions.map(({ name }) => name),
    });
  } finally {
    over.abort();
    await run.catch(() => {});
  }
}

async function describe(folder: string, name: string): Promise<DumpFile> {
  return { name, size: (await stat(join(folder, name))).size };
}
