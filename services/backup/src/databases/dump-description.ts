import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { DumpFile } from "./database";
import { DatabaseError } from "./failure";

/** Name of the description among the files of a dump. */
export const DESCRIPTION = "dump.json";

const descriptionSchema = z.strictObject({
  format: z.literal(1),
  engine: z.enum(["postgresql", "mysql", "mariadb"]),
  /** Version of the server. */
  engineVersion: z.string(),
  tablePrefix: z.string(),
  /** Only PostgreSQL: the schema in which Moodle's tables are. */
  schema: z.string().optional(),
  /** Only PostgreSQL: extensions that the database had. */
  extensions: z.array(z.string()).default([]),
});

/** What a restore needs to know of a dump. People who restore by hand do without it. */
export type DumpDescription = z.output<typeof descriptionSchema>;

export async function writeDescription(folder: string, description: DumpDescription): Promise<DumpFile> {
  const content = `${JSON.stringify(description, undefined, 2)}\n`;
  await writeFile(join(folder, DESCRIPTION), content);
  return { name: DESCRIPTION, size: Buffer.byteLength(content) };
}

/** Throws a `DatabaseError` where the folder holds no dump that this version can restore. */
export async function readDescription(folder: string): Promise<DumpDescription> {
  const path = join(folder, DESCRIPTION);
  try {
    return descriptionSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    throw new DatabaseError("dump", `${path} does not describe a dump that this version can restore`, { cause: error });
  }
}
