import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { chartValuesPage, type ValueSchema, valueRows } from "../../scripts/docs/chart-values";

const charts = join(__dirname, "../../charts");
const schema: ValueSchema = JSON.parse(readFileSync(join(charts, "moodle/values.schema.json"), "utf8"));
const defaults = parse(readFileSync(join(charts, "moodle/values.yaml"), "utf8"));
const rows = valueRows(schema, defaults);
const find = (path: string) => rows.find((row) => row.path === path);

test("docs/reference/moodle-chart.md is as npm run docs would write it", () => {
  const page = readFileSync(join(__dirname, "../../docs/reference/moodle-chart.md"), "utf8");
  expect(page).toBe(`${chartValuesPage(charts, "moodle").trimEnd()}\n`);
});

test("every value of the Moodle chart is described, once for each variant", () => {
  expect(rows.length).toBeGreaterThan(80);
  expect(rows.filter(({ description }) => !/\w.*\.$/.test(description)).map(({ path }) => path)).toEqual([]);
});

test("a value says what is allowed, and what holds without it", () => {
  expect(find("web.minReplicas")).toMatchObject({ allowed: "0 to 500", default: "`2`" });
  expect(find("site.domain")).toMatchObject({ allowed: "text", default: "required" });
  expect(find("mail.security")).toMatchObject({ allowed: '`"tls"`, `"starttls"`', default: "required" });
  expect(find("antivirus.enabled")).toMatchObject({ allowed: "`true`, `false`", default: "`false`" });
  expect(find("web.phpFpm.children")).toMatchObject({ allowed: "2 to 1000", default: "" });
  expect(find("networkPolicy.egress[].cidr")).toMatchObject({ allowed: "[cidr](#cidr)", default: "required" });
});

test("a value of one variant alone says so, and what decides stands once", () => {
  expect(rows.filter(({ path }) => path === "route.kind")).toHaveLength(1);
  expect(find("route.targetGroupArn")?.description).toMatch(/Only with kind `target-group`\.$/);
});

/** Paths of values whose default in the schema is not that of values.yaml. */
function contradictions(part: ValueSchema, given: unknown, path: string): string[] {
  const own = part.default !== undefined && JSON.stringify(part.default) !== JSON.stringify(given) ? [path] : [];
  const children = Object.entries(part.properties ?? {}).flatMap(([name, child]) =>
    contradictions(child, (given as Record<string, unknown> | undefined)?.[name], `${path}.${name}`),
  );
  return [...own, ...children];
}

test("schema and values.yaml agree on every default", () => {
  expect(contradictions(schema, defaults, "values")).toEqual([]);
});

test("values.yaml has no value that the schema does not know", () => {
  const unknown = (part: ValueSchema, given: unknown, path: string): string[] =>
    part.properties === undefined || typeof given !== "object" || given === null
      ? []
      : Object.entries(given).flatMap(([name, value]) => {
          const child = part.properties?.[name];
          return child === undefined ? [`${path}.${name}`] : unknown(child, value, `${path}.${name}`);
        });
  expect(unknown(schema, defaults, "values")).toEqual([]);
});
