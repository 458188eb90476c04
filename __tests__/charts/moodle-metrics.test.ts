/** Alerts, the query that scales web pods, and the dashboard of charts/moodle: they ask for nothing that nobody serves. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Resource } from "../support/template";
import { KNOWN_METRICS } from "./known-metrics";
import { metricsIn, selectorsIn } from "./promql";

const chart = join(__dirname, "../../charts/moodle");
const read = (file: string) => readFileSync(join(chart, "files", file), "utf8");

const rules: Resource[] = parse(read("alerts.yaml")).groups.flatMap((group: Resource) => group.rules);
const panels: Resource[] = JSON.parse(read("dashboard.json")).panels;
const queries = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }: Resource) => [`panel ${title}`, expr] as const),
);
const expressions: (readonly [string, string])[] = [
  ...rules.map(({ alert, expr }) => [`alert ${alert}`, expr] as const),
  ...queries,
  ["scaling", read("busy-workers.promql")],
];
const known = KNOWN_METRICS.flatMap(({ names }) => names);
const runbook = readFileSync(join(chart, "../../docs/moodle-operation.md"), "utf8");

test.each(expressions)("%s asks for metrics that exist", (_, expression) => {
  const names = metricsIn(expression);
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !known.includes(name))).toEqual([]);
});

test.each(expressions)("%s counts this site alone", (_, expression) => {
  const selectors = selectorsIn(expression);
  expect(selectors.length).toBeGreaterThanOrEqual(metricsIn(expression).length);
  for (const selector of selectors) expect(selector).toMatch(/namespace=["']NAMESPACE["']/);
  expect(expression).toContain("RELEASE");
});

test("no metric is known twice, and each of the image is of use", () => {
  expect(new Set(known).size).toBe(known.length);
  const used = expressions.flatMap(([, expression]) => metricsIn(expression));
  expect(known.filter((name) => name.startsWith("moodle_") && !used.includes(name))).toEqual([]);
});

describe.each(rules.map((rule) => [rule.alert, rule]))("the alert %s", (alert, { labels, annotations }) => {
  test("says how bad it is", () => {
    expect(["critical", "warning"]).toContain(labels.severity);
  });

  test("says in two sentences what is wrong, and of which site", () => {
    expect(annotations.summary).toMatch(/RELEASE in NAMESPACE.*\.$/);
    expect(annotations.description).toMatch(/\.$/);
  });

  test("leads to what to do", () => {
    expect(annotations.runbook).toBe(`docs/moodle-operation.md#${alert.toLowerCase()}`);
    expect(runbook).toMatch(new RegExp(`^### ${alert}$`, "m"));
  });
});

test("the runbook has no alert that is gone", () => {
  const described = Array.from(runbook.matchAll(/^### (Moodle\w+)$/gm), ([, name]) => name);
  expect(described).toEqual(rules.map(({ alert }) => alert));
});
