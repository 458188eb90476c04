/** Alerts of charts/monitoring: they ask for metrics that exist, and each has its guide. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Resource } from "../support/template";
import { KNOWN_METRICS } from "./known-metrics";
import { metricsIn } from "./promql";

const root = join(__dirname, "../..");
const rules: Resource[] = parse(readFileSync(join(root, "charts/monitoring/files/alerts.yaml"), "utf8")).groups.flatMap(
  (group: Resource) => group.rules,
);
const guide = readFileSync(join(root, "docs/monitoring.md"), "utf8");
const known = KNOWN_METRICS.flatMap(({ names }) => names);
const named = rules.map((rule) => [`${rule.alert}, ${rule.labels.severity}`, rule] as const);

test.each(named)("%s asks for metrics that exist", (_, { expr }) => {
  const names = metricsIn(expr).filter((name) => /_/.test(name));
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !known.includes(name))).toEqual([]);
});

test.each(named)("%s says how bad it is, what is wrong and what to do", (_, { alert, labels, annotations }) => {
  expect(["critical", "warning"]).toContain(labels.severity);
  expect(annotations.summary).toMatch(/\.$/);
  expect(annotations.description).toMatch(/\.$/);
  expect(annotations.runbook).toBe(`docs/monitoring.md#${alert.toLowerCase()}`);
});

test("the guide has every alert, in their order, and none that is gone", () => {
  const described = Array.from(guide.matchAll(/^### ([A-Z]\w+)$/gm), ([, name]) => name);
  expect(described).toEqual([...new Set(rules.map(({ alert }) => alert))]);
});
