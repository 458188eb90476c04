import { DataDashboard, type DataDashboardProps } from "../../../constructs/google/data-dashboard";
import { type Resource, Template } from "../../support/template";

const build = (
  databaseInstances: readonly string[],
  databaseEngine: DataDashboardProps["databaseEngine"] = "postgresql",
): Resource => {
  const template = Template.from((scope) => {
    new DataDashboard(scope, "dashboard", {
      name: "moodle-production-1-data",
      project: "moodle-example",
      region: "europe-west3",
      databaseEngine,
      databaseInstances,
      redisInstances: ["sessions", "cache"],
    });
  });
  return JSON.parse(template.only("google_monitoring_dashboard").dashboard_json);
};
const dashboard = build(["db", "db-replica-1"]);
const filters = (of: Resource): Record<string, string> =>
  Object.fromEntries(
    of.gridLayout.widgets.map(({ title, xyChart }: Resource) => [
      title,
      xyChart.dataSets[0].timeSeriesQuery.timeSeriesFilter.filter,
    ]),
  );

test("it has the environment's name", () => {
  expect(dashboard.displayName).toBe("moodle-production-1-data");
});

test.each(Object.entries(filters(dashboard)))("%s: of every instance, and of no other's", (title, filter) => {
  const instances = title.startsWith("Database")
    ? 'resource.labels.database_id = one_of("moodle-example:db", "moodle-example:db-replica-1")'
    : 'resource.labels.instance_id = one_of("projects/moodle-example/locations/europe-west3/instances/sessions", "projects/moodle-example/locations/europe-west3/instances/cache")';
  expect(filter).toContain(instances);
  expect(filter).toMatch(/metric\.type = "(cloudsql|redis)\.googleapis\.com\/[a-z_/]+" AND/);
});

test("connections are counted by what each engine has", () => {
  const connections = (of: Resource) => filters(of)["Database: connections"];
  expect(connections(dashboard)).toContain("/postgresql/num_backends");
  expect(connections(build(["db"], "mysql"))).toContain("/database/network/connections");
});

test("only what has copies shows how far behind they are", () => {
  expect(filters(dashboard)).toHaveProperty(["Database: copies behind, seconds"]);
  expect(filters(build(["db"]))).not.toHaveProperty(["Database: copies behind, seconds"]);
});
