import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Row } from "./environment";
import { code, heading, prose, table } from "./markdown";

/** The parts of JSON Schema that the values of a chart are described in. */
export interface ValueSchema {
  readonly description?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly additionalProperties?: boolean | ValueSchema;
  readonly items?: ValueSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly oneOf?: readonly ValueSchema[];
  readonly anyOf?: readonly ValueSchema[];
  readonly definitions?: Readonly<Record<string, ValueSchema>>;
  readonly $ref?: string;
}

/** The page of a chart's values, from its schema and the defaults in its `values.yaml`. */
export function chartValuesPage(charts: string, name: string): string {
  const schema: ValueSchema = JSON.parse(readFileSync(join(charts, name, "values.schema.json"), "utf8"));
  const defaults: unknown = parse(readFileSync(join(charts, name, "values.yaml"), "utf8"));
  return [
    ...heading(`Values of the ${name} chart`),
    `What a release of [\`charts/${name}\`](../../charts/${name}/README.md) may say. A value that is not here is refused.`,
    "",
    ...valueTable(valueRows(schema, defaults)),
    "## Parts that several values share",
    "",
    ...Object.entries(schema.definitions ?? {}).flatMap(([part, definition]) => [
      `### ${part}`,
      "",
      prose(definition.description ?? ""),
      "",
      ...(definition.properties || definition.oneOf ? valueTable(valueRows(definition, undefined)) : []),
    ]),
  ].join("\n");
}

const valueTable = (rows: readonly Row[]) =>
  table(
    ["value", "allowed", "default", "description"],
    rows.map((row) => [code(row.path), row.allowed, row.default, prose(row.description)]),
  );

/** A row for every value, and one for each group of them. */
export function valueRows(schema: ValueSchema, defaults: unknown, path = "", suffix = ""): Row[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const isRequired = schema.required?.includes(name) ?? false;
    const fallback = (defaults as Readonly<Record<string, unknown>> | undefined)?.[name];
    return rowsOf(path === "" ? name : `${path}.${name}`, child, fallback, isRequired, suffix);
  });
  return schema.oneOf === undefined ? own : variantRows(schema, defaults, path, own);
}

/** Of values that come in variants: what decides, if anything does, then what each has. */
function variantRows(schema: ValueSchema, defaults: unknown, path: string, shared: readonly Row[]): Row[] {
  const known = new Set(shared.map((row) => row.path));
  const variants = (schema.oneOf ?? []).flatMap((variant) => {
    const [decider, decided] =
      Object.entries(variant.properties ?? {}).find(([, { const: value }]) => value !== undefined) ?? [];
    const suffix = decided ? ` Only with ${decider} \`${decided.const}\`.` : ` ${variant.description ?? ""}`;
    return valueRows(variant, defaults, path, suffix).filter((row) => !known.has(row.path));
  });
  return [...shared, ...variants];
}

function rowsOf(path: string, schema: ValueSchema, fallback: unknown, isRequired: boolean, suffix: string): Row[] {
  const row: Row = {
    path,
    allowed: allowed(schema),
    default: isRequired && !isGroup(schema) ? "required" : shown(schema, fallback),
    description: `${schema.description ?? ""}${suffix}`,
  };
  if (schema.items !== undefined) return [row, ...valueRows(schema.items, undefined, `${path}[]`, suffix)];
  return isGroup(schema) ? [row, ...valueRows(schema, fallback, path, suffix)] : [row];
}

const isGroup = ({ properties, oneOf }: ValueSchema) => properties !== undefined || oneOf !== undefined;

function shown(schema: ValueSchema, fallback: unknown): string {
  return fallback === undefined || isGroup(schema) ? "" : code(JSON.stringify(fallback));
}

function allowed(schema: ValueSchema): string {
  const { type, minimum, maximum, items, additionalProperties } = schema;
  if (schema.$ref !== undefined) {
    const part = schema.$ref.split("/").at(-1) ?? "";
    return `[${part}](#${part.toLowerCase()})`;
  }
  if (schema.enum !== undefined) return schema.enum.map((value) => code(JSON.stringify(value))).join(", ");
  if (isGroup(schema)) return "";
  if (schema.anyOf !== undefined) return "text or a number";
  if (type === "boolean") return "`true`, `false`";
  if (type === "integer") return `${minimum} to ${maximum}`;
  if (items !== undefined) return items.properties ? "a list" : `a list: ${allowed(items)}`;
  return typeof additionalProperties === "object" ? `by name: ${allowed(additionalProperties)}` : "text";
}
