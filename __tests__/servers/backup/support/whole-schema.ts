import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AnonymiseRules, TableRule } from "../../../../services/backup/src/anonymise/rules";

/** A column of Moodle, and whether it holds text. */
export interface SchemaColumn {
  readonly name: string;
  readonly isText: boolean;
}

export type Schema = ReadonlyMap<string, readonly SchemaColumn[]>;

/** Columns that Moodle itself declares to hold what it knows of a person, as `table.column`. */
export type Declared = ReadonlySet<string>;

/** Columns that are read as numbers. */
const NUMBERS = new Set(["id", "filesize", "referencefileid"]);

/** Of tables that are emptied or stay as they are, one in so many. */
const SAMPLE = 8;

/** Tables and columns that the rules name, all as texts: each that is changed, and a sample of the others. */
export function schemaOfRules(rules: AnonymiseRules): Schema {
  const changed = ([, rule]: [string, TableRule]) =>
    rule !== "empty" && rule.clear.length + Object.keys(rule.replace).length > 0;
  const needed = ["config", "config_plugins", "files", "tool_objectfs_objects"];
  const tables = Object.entries(rules.tables);
  const others = tables.filter((table) => !changed(table)).filter((_, index) => index % SAMPLE === 0);
  return new Map(
    tables
      .filter((table) => changed(table) || needed.includes(table[0]) || others.includes(table))
      .map(([table, rule]) => {
        const names = rule === "empty" ? ["content"] : [...rule.keep, ...rule.clear, ...textsOf(rule.replace)];
        const columns = ["id", ...names].map((name) => ({ name, isText: !NUMBERS.has(name) }));
        return [table, table === "tool_objectfs_objects" ? [...columns, ...OBJECTS] : columns];
      }),
  );
}

const OBJECTS = [
  { name: "contenthash", isText: true },
  { name: "location", isText: false },
];

function textsOf(replace: Readonly<Record<string, string | number>>): string[] {
  return Object.keys(replace).filter((name) => typeof replace[name] === "string");
}

/** The tables of a Moodle with all its plugins, from their `db/install.xml`. */
export function schemaOfSource(source: string): Schema {
  const schema = new Map<string, readonly SchemaColumn[]>();
  for (const file of phpAndXml(source).filter((path) => path.endsWith("db/install.xml"))) {
    const text = readFileSync(join(source, file), "utf8");
    for (const [, table = "", body = ""] of text.matchAll(/<TABLE NAME="([^"]+)"([\s\S]*?)<\/TABLE>/g)) {
      const fields = [...body.matchAll(/<FIELD NAME="([^"]+)" TYPE="([^"]+)"/g)];
      schema.set(
        table,
        fields.map(([, name = "", type = ""]) => ({ name, isText: ["char", "text", "binary"].includes(type) })),
      );
    }
  }
  return schema;
}

/** What the privacy providers of a Moodle declare with `add_database_table`: https://moodledev.io/docs/apis/subsystems/privacy */
export function declaredBySource(source: string): Declared {
  const declared = new Set<string>();
  for (const file of phpAndXml(source).filter((path) => path.includes("classes/privacy/"))) {
    const text = readFileSync(join(source, file), "utf8");
    const arrays = new Map<string, string[]>();
    for (const [, name = "", body = ""] of text.matchAll(/\$(\w+)\s*=\s*(?:\[|array\()([\s\S]*?)(?:\]|\))\s*;/g)) {
      arrays.set(name, [...(arrays.get(name) ?? []), ...keysOf(body)]);
    }
    const calls =
      /add_database_table\(\s*['"](\w+)['"]\s*,\s*(?:\$(\w+)|(?:\[|array\()([\s\S]*?)(?:\]|\))\s*,\s*['"$])/g;
    for (const [, table = "", variable = "", body = ""] of text.matchAll(calls)) {
      for (const column of variable === "" ? keysOf(body) : (arrays.get(variable) ?? [])) {
        declared.add(`${table}.${column}`);
      }
    }
  }
  return declared;
}

function keysOf(body: string): string[] {
  return [...body.matchAll(/['"]([a-z0-9_]+)['"]\s*=>/g)].map(([, key = ""]) => key);
}

function phpAndXml(source: string): string[] {
  return readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
    (path) => /\.(php|xml)$/.test(path) && !path.includes("/tests/"),
  );
}
