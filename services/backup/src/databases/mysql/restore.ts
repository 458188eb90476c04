import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip, gunzipSync } from "node:zlib";
import { forEachConcurrent } from "../../concurrency";
import type { DatabaseConnection } from "../connection";
import { DatabaseError } from "../failure";
import { CONFIG_PART, SCHEMA_PART } from "./dump";
import { findTool, type MysqlTool, runMysqlTool } from "./tools";

/** Clients that fill tables at the same time. */
const PARALLEL = 4;

/** Restores tables and rows, but not the rows of `mdl_config`. */
export async function restoreMysql(
  connection: DatabaseConnection,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const client = await findTool("client", connection.engine);
  const names = (await readdir(folder)).filter((name) => /^data-\d+\.sql\.gz$/.test(name)).sort();
  await load(client, connection, join(folder, SCHEMA_PART), signal);
  await forEachConcurrent(names, PARALLEL, (name) => load(client, connection, join(folder, name), signal));
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
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = ["--binary-mode", "--default-character-set=utf8mb4", "--max-allowed-packet=1G", connection.database];
  try {
    await runMysqlTool(client, options, connection, signal, async (tool) => {
      tool.output.resume();
      await pipeline(createReadStream(path), createGunzip(), tool.input);
    });
  } catch (error) {
    if (/^Z_|^ENOENT$/.test((error as NodeJS.ErrnoException).code ?? "")) {
      throw new DatabaseError("dump", `${path} cannot be read`, { cause: error });
    }
    throw error;
  }
}
