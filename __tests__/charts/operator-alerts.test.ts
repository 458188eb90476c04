/** Alerts and dashboard of charts/moodle-operator: they ask for metrics that the program serves, and each alert has its guide. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { Metrics } from "../../services/operator/src/kernel/metrics";
import type { Resource } from "../support/template";
import { metricsIn } from "./promql";

const root = join(__dirname, "../..");
const chart = join(root, "charts/moodle-operator/files");
const rules: Resource[] = parse(readFileSync(join(chart, "alerts.yaml"), "utf8")).groups.flatMap(
  (group: Resource) => group.rules,
);
const panels: Resource[] = JSON.parse(readFileSync(join(chart, "dashboard.json"), "utf8")).panels;
const guide = readFileSync(join(root, "docs/operator.md"), "utf8");

/** Names of everything that is served. */
async function served(): Promise<Set<string>> {
  const metrics = new Metrics();
  metrics.gauge("moodle_operator_condition", "conditions", [], () => {});
  const text = await metrics.text();
  return new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = ""]) => name));
}

const queries = [
  ...rules.map(({ alert, expr }) => [alert, expr]),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }: Resource) => [title, expr])),
] as [string, string][];

test.each(queries)("%s asks for metrics that the program serves", async (_, expr) => {
  const names = await served();
  const asked = metricsIn(expr);
  expect(asked.length).toBeGreaterThan(0);
  for (const name of asked) expect(names).toContain(name.replace(/_bucket$/, ""));
});

test.each(rules.map((rule) => [rule.alert, rule]))(
  "%s says how bad it is, what is wrong and what to do",
  (alert, rule) => {
    expect(["warning", "critical"]).toContain(rule.labels.severity);
    expect(rule.annotations.summary).toMatch(/\.$/);
    expect(rule.annotations.runbook).toBe(`docs/operator.md#${alert.toLowerCase()}`);
    expect(guide).toContain(`### ${alert}\n`);
  },
);

test("metrics of controllers, queues and requests have the names that stock dashboards know", async () => {
  const names = await served();
  for (const name of [
    "controller_runtime_reconcile_total",
    "controller_runtime_reconcile_errors_total",
    "controller_runtime_reconcile_time_seconds",
    "controller_runtime_active_workers",
    "controller_runtime_max_concurrent_reconciles",
    "workqueue_depth",
    "workqueue_adds_total",
    "workqueue_retries_total",
    "workqueue_queue_duration_seconds",
    "workqueue_work_duration_seconds",
    "workqueue_longest_running_processor_seconds",
    "rest_client_requests_total",
    "leader_election_master_status",
  ]) {
    expect(names).toContain(name);
  }
});
