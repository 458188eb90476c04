import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, gunzipSync } from "node:zlib";
import { forEachConcurrent } from "../../concurrency";
import type { DatabaseConnection } from "../connection";
import { DatabaseError } from "../failure";
import { CONFIG_PART, SCHEMA_PART } from "./dump";
import { DumpScanner } from "./scanner";
import { findTool, type MysqlTool, runMysqlTool } from "./tools";

/** Clients that fill tables at the same time. */
const PARALLEL = 4;

export interface MysqlRestore {
  readonly folder: string;
  /** Tables that stay empty. */
  readonly withoutRows: readonly string[];
  /** Called when the tables are there, before any row comes. */
  readonly onTables: () => Promise<void>;
  readonly signal?: AbortSignal;
}

/** Restores tables and rows, but not the rows of `mdl_config`, nor those of `withoutRows`. */
export async function restoreMysql(
  connection: DatabaseConnection,
  { folder, withoutRows, onTables, signal }: MysqlRestore,
): Promise<void> {
  const client = await findTool("client", connection.engine);
  const names = (await readdir(folder)).filter((name) => /^data-\d+\.sql\.gz$/.test(name)).sort();
  await load(client, connection, join(folder, SCHEMA_PART), new PassThrough(), signal);
  await onTables();
  await forEachConcurrent(names, PARALLEL, (name) =>
    load(client, connection, join(folder, name), withoutInserts(withoutRows), signal),
  );
}

/** Passes SQL on, but for the statements that fill these tables. */
function withoutInserts(tables: readonly string[]): Transform {
  if (tables.length === 0) return new PassThrough();
  const skipped = new Set(tables);
  let passes = true;
  const scanner = new DumpScanner({
    schema: (text) => filter.push(text),
    insert: (table) => {
      passes = !skipped.has(table);
      return [];
    },
    data: (text) => {
      if (passes) filter.push(text);
    },
    row: () => {},
    insertEnd: () => {
      if (passes) filter.push("\n");
    },
  });
  const filter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      scanner.push(chunk);
      done();
    },
    flush(done) {
      scanner.end();
      done();
    },
  });
  return filter;
}

/** The statements that fill `mdl_config`: one ends where a line does, since dumps escape line feeds in values. */
export async function readConfigStatements(folder: string): Promise<readonly string[]> {
  const path = join(folder, CONFIG_PART);
  try {
    const text = gunzipSync(await readFile(path)).toString("utf8");
    return text.split(/;\n/).filter((statement) => statement.startsWith("INSERT INTO "));
  } catch (error) {
    throw new DatabaseError("dump", `${path} cannot be read`, { cause: error });
  }
}

async function load(
  client: MysqlTool,
  connection: DatabaseConnection,
  path: string,
  filter: Transform,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = ["--binary-mode", "--default-character-set=utf8mb4", "--max-allowed-packet=1G", connection.database];
  try {
    await runMysqlTool(client, options, connection, signal, async (tool) => {
      tool.output.resume();
      await pipeline(createReadStream(path), createGunzip(), filter, tool.input);
    });
  } catch (error) {
    if (/^Z_|^ENOENT$/.test((error as NodeJS.ErrnoException).code ?? "")) {
      throw new DatabaseError("dump", `${path} cannot be read`, { cause: error });
    }
    throw error;
  }
}
