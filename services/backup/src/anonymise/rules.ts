import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { BackupError } from "../errors";
import { EXIT } from "../exit-codes";

/** Reviewed rules for Moodle's own tables. A plugin's tables and columns need rules of the site's own. */
const BUILT_IN = join(__dirname, "../../rules/moodle-4.5.yaml");

/** Names between blanks: hundreds of columns stay readable. */
const names = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => (typeof given === "string" ? given.split(/\s+/).filter((name) => name !== "") : given));

const table = z.union([
  z.literal("empty"),
  z.strictObject({
    keep: names.default([]),
    clear: names.default([]),
    replace: z.record(z.string(), z.union([z.string(), z.int()])).default({}),
  }),
]);

const rulesSchema = z.strictObject({
  numbers: names.default([]).describe("Columns with numbers that stay, in whichever table."),
  tables: z.record(z.string(), table).default({}),
  emptyTables: names.default([]).describe("Tables of which no row stays."),
  files: z.strictObject({ keep: names.default([]), drop: names.default([]) }).prefault({}),
  settings: names.default([]).describe("Settings in `config` whose text stays."),
  admin: z
    .strictObject({ username: z.string().regex(/^[a-z0-9._-]+$/), passwordFile: z.string().min(1) })
    .optional()
    .describe("Account that can log in: the first site administrator's."),
});

type RuleFile = z.output<typeof rulesSchema>;

/** What happens to the columns of a table; `empty` leaves no row. */
export type TableRule =
  | "empty"
  | {
      readonly keep: readonly string[];
      /** Texts become empty, what is NULL stays NULL. */
      readonly clear: readonly string[];
      /** `{id}` stands for the row's number. */
      readonly replace: Readonly<Record<string, string | number>>;
    };

/** Rules of an anonymised restore. */
export interface AnonymiseRules {
  /** Columns with numbers that stay, in whichever table. */
  readonly numbers: readonly string[];
  readonly tables: Readonly<Record<string, TableRule>>;
  /** File areas, as `component/filearea` with `*` for anything; what is dropped counts before what is kept. */
  readonly droppedFileAreas: readonly string[];
  readonly keptFileAreas: readonly string[];
  /** Settings in `mdl_config` whose text stays. */
  readonly settings: readonly string[];
  readonly admin?: { readonly username: string; readonly password: string };
}

/**
 * The rules for Moodle's own tables, with those of a file in addition; where both name a table, the columns of the file
 * come first. Throws a `BackupError` where a file cannot be read.
 */
export async function readAnonymiseRules(path?: string): Promise<AnonymiseRules> {
  const builtIn = await readRuleFile(BUILT_IN);
  const own = path === undefined ? rulesSchema.parse({}) : await readRuleFile(path);
  const admin = own.admin;
  return {
    numbers: [...builtIn.numbers, ...own.numbers],
    tables: mergeTables(tablesOf(builtIn), tablesOf(own)),
    droppedFileAreas: [...own.files.drop, ...builtIn.files.drop.filter((area) => !own.files.keep.includes(area))],
    keptFileAreas: [...own.files.keep, ...builtIn.files.keep],
    settings: [...builtIn.settings, ...own.settings],
    ...(admin === undefined
      ? {}
      : { admin: { username: admin.username, password: await readPassword(admin.passwordFile) } }),
  };
}

function tablesOf({ tables, emptyTables }: RuleFile): Readonly<Record<string, TableRule>> {
  return { ...tables, ...Object.fromEntries(emptyTables.map((name) => [name, "empty" as const])) };
}

function mergeTables(
  builtIn: Readonly<Record<string, TableRule>>,
  own: Readonly<Record<string, TableRule>>,
): Readonly<Record<string, TableRule>> {
  const merged: Record<string, TableRule> = { ...builtIn };
  for (const [name, rule] of Object.entries(own)) {
    const before = merged[name];
    if (rule === "empty" || before === undefined || before === "empty") {
      merged[name] = rule;
      continue;
    }
    const decided = new Set([...rule.keep, ...rule.clear, ...Object.keys(rule.replace)]);
    const undecided = (columns: readonly string[]) => columns.filter((column) => !decided.has(column));
    merged[name] = {
      keep: [...rule.keep, ...undecided(before.keep)],
      clear: [...rule.clear, ...undecided(before.clear)],
      replace: {
        ...rule.replace,
        ...Object.fromEntries(Object.entries(before.replace).filter(([column]) => !decided.has(column))),
      },
    };
  }
  return merged;
}

async function readRuleFile(path: string): Promise<RuleFile> {
  let input: unknown;
  try {
    const { parse } = await import("yaml");
    input = parse(await readFile(path, "utf8"));
  } catch {
    throw new BackupError(`${path} cannot be read as YAML or JSON`, EXIT.misconfigured);
  }
  const result = rulesSchema.safeParse(input ?? {});
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path: field, message }) => `${field.join(".")}: ${message}`);
  throw new BackupError(`${path}: ${faults.join("; ")}`, EXIT.misconfigured);
}

async function readPassword(path: string): Promise<string> {
  const password = (await readFile(path, "utf8").catch(() => "")).replace(/\r?\n$/, "");
  if (password.length >= 8) return password;
  throw new BackupError(`admin.passwordFile: ${path} holds no password of 8 characters or more`, EXIT.misconfigured);
}
