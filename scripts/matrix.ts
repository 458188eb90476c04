/**
 * `npm run matrix -- DIR`: synthesizes every supported combination into `DIR/<combination>/stacks/<stack>/cdk.tf.json`,
 * and lists them in `DIR/index.json`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadEnvironments } from "../environments/load";
import { type Combination, combinations } from "../environments/matrix";
import { synthesize } from "../stacks/synthesize";

/** One line of `index.json`. */
export interface MatrixEntry {
  readonly combination: string;
  readonly environment: string;
  readonly cloud: string;
  readonly engine: string;
  readonly protection: string;
  /** Paths of the stacks' JSON, relative to the folder of `index.json`. */
  readonly stacks: readonly string[];
}

/** @throws Error where the folder holds anything but an earlier matrix */
export async function writeMatrix(
  folder: string,
  all: readonly Combination[] = combinations(),
): Promise<MatrixEntry[]> {
  removeEarlier(folder);
  const index: MatrixEntry[] = [];
  for (const { name, input } of all) {
    const environments = loadEnvironments([input]);
    mkdirSync(join(folder, name), { recursive: true });
    await synthesize(environments, join(folder, name));
    for (const { name: environment, cloud, database, protection } of environments) {
      const stacks = [`bootstrap-${environment}`, environment].map((stack) => `${name}/stacks/${stack}/cdk.tf.json`);
      index.push({ combination: name, environment, cloud, engine: database.engine, protection, stacks });
    }
  }
  writeFileSync(join(folder, "index.json"), `${JSON.stringify(index, undefined, 2)}\n`);
  return index;
}

export function readMatrix(folder: string): MatrixEntry[] {
  return JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as MatrixEntry[];
}

function removeEarlier(folder: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return;
  if (!existsSync(join(folder, "index.json"))) {
    throw new Error(`${folder} is neither empty nor an earlier matrix: name another folder`);
  }
  for (const { combination } of readMatrix(folder)) rmSync(join(folder, combination), { recursive: true, force: true });
}

async function main(): Promise<void> {
  const [folder] = parseArgs({ allowPositionals: true }).positionals;
  if (folder === undefined) throw new Error("name the folder to write to: npm run matrix -- DIR");
  const index = await writeMatrix(folder);
  const stacks = index.reduce((sum, entry) => sum + entry.stacks.length, 0);
  console.log(`${index.length} combinations, ${stacks} stacks: ${join(folder, "index.json")}`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
