import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AlertTopic } from "../../../constructs/aws/alert-topic";
import { DataAlarms } from "../../../constructs/aws/data-alarms";
import { policyStatements } from "../../support/policies";
import { type Resource, Template } from "../../support/template";

const keyArn = "arn:aws:kms:eu-central-1:111122223333:key/1";

const template = Template.from((scope) => {
  const topic = new AlertTopic(scope, "alerts", {
    name: "moodle-production-1-alerts",
    account: "111122223333",
    email: "ops@example.edu",
    keyArn,
  });
  new DataAlarms(scope, "alarms", {
    name: "moodle-production-1",
    topicArn: topic.topicArn,
    database: { instanceIdentifiers: ["db", "db-replica-1"], storageGb: 100, maxConnections: 1000 },
    redis: {
      sessions: { nodeIds: ["sessions-001"], hasSessions: true },
      cache: { nodeIds: ["cache-001"], hasSessions: false },
    },
    edge: { namespace: "AWS/ApplicationELB", dimensions: { LoadBalancer: "app/x/1", TargetGroup: "targetgroup/x/1" } },
    burstingFileSystemId: "fs-1",
    dependsOn: topic.ready,
  });
});
const alarm = (name: string): Resource =>
  template.only("aws_cloudwatch_metric_alarm", { alarm_name: `moodle-production-1-${name}` });

test("every alarm, and its end, goes to the topic", () => {
  const arn = Object.keys(template.all("aws_sns_topic")).map((id) => `\${aws_sns_topic.${id}.arn}`);
  for (const one of template.resources("aws_cloudwatch_metric_alarm")) {
    expect([one.alarm_actions, one.ok_actions]).toEqual([arn, arn]);
    expect(one.alarm_description).toMatch(/\. See docs\/monitoring\.md\.$/);
  }
});

test("the topic writes to the one address, encrypted by the platform's own key", () => {
  expect(template.only("aws_sns_topic")).toMatchObject({ kms_master_key_id: keyArn });
  expect(template.only("aws_sns_topic_subscription")).toMatchObject({ protocol: "email", endpoint: "ops@example.edu" });
});

test("of the services, only CloudWatch in this account may publish", () => {
  const allowed = policyStatements(template).filter(({ effect }) => effect === "Allow");
  expect(allowed).toHaveLength(1);
  expect(JSON.stringify(template.only("aws_sns_topic_policy").policy)).toContain("111122223333");
});

test.each([
  ["database-1-cpu", { metric_name: "CPUUtilization", threshold: 90, comparison_operator: "GreaterThanThreshold" }],
  [
    "database-1-storage",
    { metric_name: "FreeStorageSpace", threshold: 5 * 1024 ** 3, comparison_operator: "LessThanThreshold" },
  ],
  ["database-2-replica-lag", { metric_name: "ReplicaLag", threshold: 60, statistic: "Minimum" }],
  ["database-1-connections", { metric_name: "DatabaseConnections", threshold: 850 }],
  ["redis-sessions-1-memory", { metric_name: "DatabaseMemoryUsagePercentage", threshold: 85 }],
  ["redis-sessions-1-evictions", { metric_name: "Evictions", threshold: 0, statistic: "Sum" }],
  ["redis-cache-1-cpu", { metric_name: "EngineCPUUtilization", threshold: 90 }],
  ["edge-errors", { metric_name: "HTTPCode_Target_5XX_Count" }],
])("%s rings", (name, expected) => {
  expect(alarm(name)).toMatchObject({ ...expected, treat_missing_data: "notBreaching" });
});

test("a site that no pod serves is told of, whether or not the load balancer still counts", () => {
  expect(alarm("edge-no-targets")).toMatchObject({
    metric_name: "HealthyHostCount",
    comparison_operator: "LessThanThreshold",
    threshold: 1,
    treat_missing_data: "breaching",
  });
});

test("a cache may evict, and be full", () => {
  const names = template.resources("aws_cloudwatch_metric_alarm").map(({ alarm_name }) => alarm_name as string);
  expect(names.filter((name) => /redis-cache/.test(name))).toEqual(["moodle-production-1-redis-cache-1-cpu"]);
});

test("each alarm is on one thing", () => {
  expect(alarm("database-2-cpu").dimensions).toEqual({ DBInstanceIdentifier: "db-replica-1" });
  expect(alarm("redis-sessions-1-cpu").dimensions).toEqual({ CacheClusterId: "sessions-001" });
  expect(Object.keys(alarm("edge-errors").dimensions)).toEqual(["LoadBalancer", "TargetGroup"]);
});

test("files that burst ring while an hour of full speed is left", () => {
  expect(alarm("files-burst-credits")).toMatchObject({
    namespace: "AWS/EFS",
    metric_name: "BurstCreditBalance",
    dimensions: { FileSystemId: "fs-1" },
    comparison_operator: "LessThanThreshold",
    threshold: 360_000 * 1024 ** 2,
    treat_missing_data: "notBreaching",
  });
});

test("a network load balancer, which reads no answers, has no alarm on them", () => {
  const network = Template.from((scope) => {
    new DataAlarms(scope, "alarms", {
      name: "n",
      topicArn: "arn:aws:sns:::t",
      database: { instanceIdentifiers: ["db"], storageGb: 20 },
      redis: {},
      edge: { namespace: "AWS/NetworkELB", dimensions: { LoadBalancer: "net/x/1", TargetGroup: "targetgroup/x/1" } },
      dependsOn: [],
    });
  });
  expect(
    network
      .resources("aws_cloudwatch_metric_alarm")
      .map(({ alarm_name }) => alarm_name)
      .sort(),
  ).toEqual(["n-database-1-cpu", "n-database-1-replica-lag", "n-database-1-storage", "n-edge-no-targets"]);
});

test("there is a guide to every alarm", () => {
  const guide = readFileSync(join(__dirname, "../../../docs/monitoring.md"), "utf8");
  const described = Array.from(guide.matchAll(/^### ([a-z-]+)$/gm), ([, name]) => name);
  const kinds = template
    .resources("aws_cloudwatch_metric_alarm")
    .map(({ alarm_name }) => alarm_name.replace("moodle-production-1-", "").replace(/-(sessions|cache)?-?[0-9]-/, "-"));
  expect(described).toEqual(expect.arrayContaining(kinds));
});
