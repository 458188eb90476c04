import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ContainerLogBucket } from "../../../constructs/google/container-log-bucket";
import { DataAlarms, type DataAlarmsProps } from "../../../constructs/google/data-alarms";
import { type Resource, Template } from "../../support/template";

const build = (props: Partial<DataAlarmsProps> = {}) =>
  Template.from((scope) => {
    new DataAlarms(scope, "alarms", {
      name: "moodle-production-1",
      project: "moodle-example",
      region: "europe-west3",
      email: "ops@example.edu",
      databaseInstances: ["db", "db-replica-1"],
      redis: {
        sessions: { instanceName: "sessions", hasSessions: true },
        cache: { instanceName: "cache", hasSessions: false },
      },
      monitoring: { clusterName: "moodle-production-1", namespace: "monitoring" },
      gateway: { namespace: "moodle", name: "site" },
      domain: "moodle.example.edu",
      ...props,
    });
  });
const template = build();
const names = (of: Template) =>
  of
    .resources("google_monitoring_alert_policy")
    .map(({ display_name }) => display_name.replace(/^moodle-production-1-/, ""));
const threshold = (name: string): Resource =>
  template.only("google_monitoring_alert_policy", { display_name: `moodle-production-1-${name}` }).conditions[0]
    .condition_threshold;

test("every policy mails to the one address", () => {
  const [channel] = Object.keys(template.all("google_monitoring_notification_channel"));
  expect(template.only("google_monitoring_notification_channel")).toMatchObject({
    type: "email",
    labels: { email_address: "ops@example.edu" },
  });
  for (const { notification_channels } of template.resources("google_monitoring_alert_policy")) {
    expect(notification_channels).toEqual([`\${google_monitoring_notification_channel.${channel}.name}`]);
  }
});

test.each([
  ["database-cpu", "cloudsql.googleapis.com/database/cpu/utilization", 0.9],
  ["database-storage", "cloudsql.googleapis.com/database/disk/utilization", 0.98],
  ["database-replica-lag", "cloudsql.googleapis.com/database/replication/replica_lag", 60],
  ["redis-sessions-memory", "redis.googleapis.com/stats/memory/usage_ratio", 0.85],
  ["redis-sessions-evictions", "redis.googleapis.com/stats/evicted_keys", 0],
  ["edge-errors", "loadbalancing.googleapis.com/https/request_count", 100],
  ["site-down", "monitoring.googleapis.com/uptime_check/check_passed", 1],
])("%s rings", (name, metric, above) => {
  expect(threshold(name).filter).toContain(`metric.type = "${metric}"`);
  expect(threshold(name)).toMatchObject({ comparison: "COMPARISON_GT", threshold_value: above });
});

test.each([20, 100, 500, 1000, 1250])("storage of %i GB has grown before it rings", (gb) => {
  const free = Math.min(5 + Math.floor(gb / 25), 25);
  expect(1 - free / gb).toBeLessThanOrEqual(threshold("database-storage").threshold_value);
});

test("monitoring that does not run, or only ever begins, is told of by the cloud", () => {
  const policy = template.only("google_monitoring_alert_policy", {
    display_name: "moodle-production-1-monitoring-down",
  });
  const [restarts, absence] = policy.conditions;
  const filter = threshold("monitoring-down").filter;
  expect(filter).toContain('metric.type = "kubernetes.io/container/uptime"');
  expect(filter).toContain('cluster_name = "moodle-production-1" AND resource.labels.namespace_name = "monitoring"');
  expect(filter).toContain('container_name = one_of("prometheus", "alertmanager")');
  expect(restarts.condition_threshold).toMatchObject({ comparison: "COMPARISON_LT", threshold_value: 600 });
  expect(absence.condition_absent).toMatchObject({
    filter,
    duration: "1200s",
    // Each of the two by itself.
    aggregations: [{ cross_series_reducer: "REDUCE_MAX", group_by_fields: ["resource.label.container_name"] }],
  });
});

test("a cluster without monitoring has no alarm on it", () => {
  expect(names(build({ monitoring: undefined }))).not.toContain("monitoring-down");
});

test("errors are those of the site's own Gateway, of all its answers together", () => {
  const { filter, aggregations, duration } = threshold("edge-errors");
  expect(filter).toContain('resource.type = "https_lb_rule"');
  expect(filter).toContain("metric.labels.response_code_class = 500");
  const urlMap = new RegExp(`^${/url_map_name = monitoring.regex.full_match\("([^"]+)"\)/.exec(filter)?.[1]}$`);
  expect("gkegw1-nv9e-moodle-site-z33kukono48t").toMatch(urlMap);
  expect("gkegw1-nv9e-kourier-system-site-z33kukono48t").not.toMatch(urlMap);
  expect(aggregations).toMatchObject([
    {
      alignment_period: "300s",
      per_series_aligner: "ALIGN_DELTA",
      cross_series_reducer: "REDUCE_SUM",
      group_by_fields: ["resource.label.url_map_name"],
    },
  ]);
  expect(duration).toBe("600s");
});

test("where no Gateway is, nobody reads answers", () => {
  expect(names(build({ gateway: undefined }))).not.toContain("edge-errors");
});

test("policies are on this environment's own instances", () => {
  expect(threshold("database-cpu").filter).toContain('one_of("moodle-example:db", "moodle-example:db-replica-1")');
  expect(threshold("redis-sessions-memory").filter).toContain(
    '"projects/moodle-example/locations/europe-west3/instances/sessions"',
  );
});

test("a cache may evict, and be full", () => {
  expect(names(template).filter((name) => name.includes("cache"))).toEqual([]);
});

test("without a replica nothing lags, and a site that is closed to the world is not asked from there", () => {
  const small = build({ databaseInstances: ["db"], domain: undefined });
  expect(names(small)).not.toEqual(expect.arrayContaining([expect.stringMatching(/replica-lag|site-down/)]));
  expect(small.resources("google_monitoring_uptime_check_config")).toEqual([]);
});

test("the site is asked over TLS, whose certificate is checked", () => {
  expect(template.only("google_monitoring_uptime_check_config").http_check).toMatchObject({
    path: "/health",
    use_ssl: true,
    validate_ssl: true,
  });
});

test("a change of the domain makes the new check before the old one goes, which the alarm still names", () => {
  expect(template.only("google_monitoring_uptime_check_config").lifecycle).toEqual({ create_before_destroy: true });
});

test("there is a guide to every alarm", () => {
  const guide = readFileSync(join(__dirname, "../../../docs/monitoring.md"), "utf8");
  const described = Array.from(guide.matchAll(/^### ([a-z-]+)$/gm), ([, name]) => name);
  expect(described).toEqual(expect.arrayContaining(names(template).map((name) => name.replace("-sessions-", "-"))));
});

test("logs of containers leave the project's default bucket once they have one of their own", () => {
  const logs = Template.from((scope) => {
    new ContainerLogBucket(scope, "logs", {
      name: "moodle-production-1",
      project: "moodle-example",
      region: "europe-west3",
      clusterName: "moodle-production-1",
      retentionDays: 90,
    });
  });
  const bucket = logs.only("google_logging_project_bucket_config");
  const [sink, exclusion] = [logs.only("google_logging_project_sink"), logs.only("google_logging_project_exclusion")];
  expect(bucket).toMatchObject({ location: "europe-west3", retention_days: 90 });
  expect(sink.filter).toBe(exclusion.filter);
  expect(exclusion.filter).toContain('cluster_name="moodle-production-1"');
  expect(JSON.stringify(exclusion.depends_on)).toContain("google_logging_project_sink");
});
