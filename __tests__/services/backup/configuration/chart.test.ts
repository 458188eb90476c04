/** The chart's schema and the program's describe one file. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { configurationSchema } from "../../../../services/backup/src/configuration/schema";

interface JsonSchema {
  readonly $ref?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly JsonSchema[];
}

/** Every property by its path, with what a value may be. */
function outline(
  schema: JsonSchema,
  definitions: Readonly<Record<string, JsonSchema>>,
  path = "",
): Record<string, string> {
  const target = schema.$ref?.split("/").at(-1);
  if (target !== undefined) return outline(definitions[target] ?? {}, definitions, path);
  const { enum: values, const: value, minimum, maximum } = schema;
  const result: Record<string, string> = {};
  if (values ?? value) result[path] = JSON.stringify(values ?? [value]);
  if (minimum !== undefined) result[path] = `${minimum} to ${maximum}`;
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    Object.assign(result, { [`${path}.${name}`]: "" }, outline(child, definitions, `${path}.${name}`));
  }
  for (const choice of schema.oneOf ?? []) {
    const kind = choice.properties?.kind?.const ?? "";
    for (const name of choice.required ?? []) result[`${path}(${kind}).${name} is required`] = "";
    Object.assign(result, outline(choice, definitions, `${path}(${kind})`));
  }
  return result;
}

const chart = JSON.parse(readFileSync(join(__dirname, "../../../../charts/backup/values.schema.json"), "utf8"));
const described = outline(chart.properties.config, chart.definitions);
const understood = outline(z.toJSONSchema(configurationSchema, { io: "input" }) as JsonSchema, {});

/** What the chart adds by itself, and folders, which no pod has. */
const isAdded = (path: string) => /^\.(drill\.server|restore)\b/.test(path) || path.includes("(folder)");

test("the chart takes what the program understands, but for what it adds by itself", () => {
  const left = Object.fromEntries(Object.entries(understood).filter(([path]) => !isAdded(path)));
  expect(described).toEqual(left);
});

test("what the chart adds is left", () => {
  expect(Object.keys(understood).filter(isAdded)).toEqual(
    expect.arrayContaining([".drill.server.host", ".restore.database.passwordFile", ".repository(folder).path"]),
  );
});

/** Go's regular expressions have no look-around, and Helm would refuse every value. */
test("every pattern of the chart is one that Helm can read", () => {
  const patterns = [...JSON.stringify(chart).matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)].map(([, pattern]) => pattern);
  expect(patterns.length).toBeGreaterThan(3);
  expect(patterns.filter((pattern) => /\(\?[=!<]/.test(pattern ?? ""))).toEqual([]);
});
