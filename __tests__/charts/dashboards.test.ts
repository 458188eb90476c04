/** Dashboards of all charts, as Grafana would draw them. What their metrics are is each chart's own test. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Resource } from "../support/template";
import { KNOWN_METRICS } from "./known-metrics";
import { metricsIn, selectorsIn } from "./promql";

const charts = join(__dirname, "../../charts");
const dashboards = ["backup", "inference-services", "model-rollout", "moodle", "moodle-operator"];
const read = (chart: string): Resource => JSON.parse(readFileSync(join(charts, chart, "files/dashboard.json"), "utf8"));

test("every chart that has rules for Prometheus has a dashboard, but that of certificates, which have a date alone", () => {
  expect(dashboards.filter((chart) => chart !== "inference-services")).toEqual(
    readdirSync(charts).filter(
      (chart) => chart !== "monitoring" && existsSync(join(charts, chart, "files/alerts.yaml")),
    ),
  );
});

test("what is not PromQL is refused", () => {
  expect(() => metricsIn("sum(rate(up[5m))")).toThrow("not PromQL, from character 14");
});

describe.each(dashboards)("the dashboard of charts/%s", (chart) => {
  const { uid, panels, templating }: Resource = read(chart);
  const drawn: Resource[] = panels.filter(({ type }: Resource) => type !== "row");

  test("has an identifier that Grafana takes", () => {
    const longest = uid.replace("IDENTITY", "0123456789abcdef");
    expect(longest).toMatch(/^[a-zA-Z0-9_-]{1,40}$/);
  });

  test("numbers its panels, and lays none over another", () => {
    expect(new Set(panels.map(({ id }: Resource) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }: Resource) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
  });

  test("asks the Prometheus that its reader chooses, in PromQL", () => {
    expect(templating.list).toEqual([expect.objectContaining({ name: "datasource", query: "prometheus" })]);
    for (const { datasource, targets } of drawn) {
      expect(datasource).toEqual({ type: "prometheus", uid: expect.stringMatching(/^\$\{datasource\}$/) });
      expect(new Set(targets.map(({ refId }: Resource) => refId)).size).toBe(targets.length);
      for (const { expr } of targets) expect(metricsIn(expr).length).toBeGreaterThan(0);
    }
  });
});

test("the dashboard of models asks for metrics that exist, of its namespace alone", () => {
  const known = KNOWN_METRICS.flatMap(({ names }) => names);
  const queries = read("inference-services").panels.flatMap(({ targets }: Resource) =>
    targets.map(({ expr }: Resource) => expr),
  );
  for (const query of queries) {
    expect(known).toEqual(expect.arrayContaining(metricsIn(query)));
    expect(selectorsIn(query)).toHaveLength(query.split("namespace='NAMESPACE'").length - 1);
  }
});
