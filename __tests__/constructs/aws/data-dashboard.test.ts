import type { WatchedLoadBalancer } from "../../../constructs/aws/data-alarms";
import { DataDashboard, type DataDashboardProps } from "../../../constructs/aws/data-dashboard";
import { type Resource, Template } from "../../support/template";

const build = (
  namespace: WatchedLoadBalancer["namespace"] = "AWS/ApplicationELB",
  files: Pick<DataDashboardProps, "burstingFileSystemId"> = {},
) => {
  const template = Template.from((scope) => {
    new DataDashboard(scope, "dashboard", {
      name: "moodle-production-1-data",
      region: "eu-central-1",
      databaseInstanceIdentifiers: ["db", "db-replica-1"],
      redisNodeIds: { sessions: ["sessions-001", "sessions-002"], cache: ["cache-001"] },
      edge: { namespace, dimensions: { LoadBalancer: "app/x/1", TargetGroup: "targetgroup/x/1" } },
      ...files,
    });
  });
  return template.only("aws_cloudwatch_dashboard");
};
const dashboard = build();
const widgets: Resource[] = JSON.parse(dashboard.dashboard_body).widgets;
const lines = (title: string): Resource[][] =>
  widgets.find(({ properties }) => properties.title.startsWith(title))?.properties.metrics;

test("it has the environment's name, and each graph a place of its own", () => {
  expect(dashboard.dashboard_name).toBe("moodle-production-1-data");
  const places = widgets.map(({ x, y, width, height }) => `${x}+${width},${y}+${height}`);
  expect(new Set(places).size).toBe(widgets.length);
  for (const { x, width, properties } of widgets) {
    expect(x + width).toBeLessThanOrEqual(24);
    expect(properties).toMatchObject({ region: "eu-central-1", view: "timeSeries" });
    expect(properties.metrics.length).toBeGreaterThan(0);
  }
});

test("every instance of the database is a line", () => {
  expect(lines("Database: processor")).toEqual([
    ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "db"],
    ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "db-replica-1"],
  ]);
  expect(lines("Database: copies behind").map(([, metric]) => metric)).toEqual(["ReplicaLag", "ReplicaLag"]);
});

test("every node of Redis is a line that says what it is for", () => {
  expect(lines("Redis: memory").map((series) => series.at(-1)?.label)).toEqual(["sessions 1", "sessions 2", "cache 1"]);
});

test("files have credits where they burst, and nowhere else", () => {
  const metric = '["AWS/EFS","BurstCreditBalance","FileSystemId","fs-1"]';
  expect(build("AWS/ApplicationELB", { burstingFileSystemId: "fs-1" }).dashboard_body).toContain(metric);
  expect(dashboard.dashboard_body).not.toContain("AWS/EFS");
});

test("requests are counted where the load balancer reads them", () => {
  expect(lines("Requests")).toEqual(
    ["RequestCount", "HTTPCode_Target_5XX_Count"].map((metric) => [
      "AWS/ApplicationELB",
      metric,
      "LoadBalancer",
      "app/x/1",
      "TargetGroup",
      "targetgroup/x/1",
    ]),
  );
  const network = build("AWS/NetworkELB").dashboard_body;
  expect(network).toContain('["AWS/NetworkELB","HealthyHostCount"');
  expect(network).not.toContain("RequestCount");
});
