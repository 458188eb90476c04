/** Alerts and dashboard of charts/model-rollout: they ask for metrics that the program serves, and each has its guide. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { exposition } from "../../services/rollout/src/exposition";
import { Log } from "../../services/rollout/src/log";
import { World } from "../services/rollout/support/world";
import type { Resource } from "../support/template";
import { metricsIn, selectorsIn } from "./promql";

const root = join(__dirname, "../..");
const file = readFileSync(join(root, "charts/model-rollout/files/alerts.yaml"), "utf8");
const rules: Resource[] = parse(file).groups.flatMap((group: Resource) => group.rules);
const { panels }: Resource = JSON.parse(readFileSync(join(root, "charts/model-rollout/files/dashboard.json"), "utf8"));
const queries = [
  ...rules.map(({ alert, expr }) => [alert, expr]),
  ...panels.flatMap(({ title, targets }: Resource) => targets.map(({ expr }: Resource) => [title, expr])),
] as [string, string][];
const guide = readFileSync(join(root, "docs/model-rollout.md"), "utf8");

let served: string;

beforeAll(async () => {
  const world = new World();
  await world.serve("v1.2.0");
  served = await exposition(world.cluster, ["bert"], new Log(() => {}));
});

test.each(queries)("%s asks for metrics that the program serves", (_, expr) => {
  const names = metricsIn(expr.replaceAll("STUCK_MINUTES", "1"));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names.filter((one) => one !== "up")) expect(served).toContain(`# TYPE ${name} gauge\n`);
});

test.each(queries)("%s looks at this release alone", (_, expr) => {
  for (const selector of selectorsIn(expr)) {
    expect(selector).toMatch(/^\{namespace=["']NAMESPACE["'], job=["']RELEASE["'][,}]/);
  }
});

test.each(rules.map((rule) => [rule.alert, rule]))(
  "%s says how bad it is, what is wrong and what to do",
  (alert, rule) => {
    expect(["critical", "warning"]).toContain(rule.labels.severity);
    expect(rule.annotations.summary).toMatch(/RELEASE in NAMESPACE.*\.$/);
    expect(rule.annotations.description).toMatch(/\.$/);
    expect(rule.annotations.runbook).toBe(`docs/model-rollout.md#${alert.toLowerCase()}`);
  },
);

test("the guide has every alert, in their order, and none that is gone", () => {
  const described = Array.from(guide.matchAll(/^### (MoodleModel\w+)$/gm), ([, name]) => name);
  expect(described).toEqual(rules.map(({ alert }) => alert));
});
