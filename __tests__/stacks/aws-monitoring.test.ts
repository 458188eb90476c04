import { TerraformResource } from "cdktf";
import { loadEnvironments } from "../../environments/load";
import { staging } from "../../examples/aws/staging";
import { AwsMonitoring, type AwsMonitoringProps } from "../../stacks/aws-monitoring";
import { policyStatements } from "../support/policies";
import { Template } from "../support/template";

const nodes = { nodeIds: ["sessions-001"] } as unknown as AwsMonitoringProps["redis"]["sessions"];

const synthesize = (files: { throughput?: "bursting" } = {}) =>
  Template.from((scope) => {
    const monitoring = { alerts: { email: "ops@example.edu" } };
    const [environment] = loadEnvironments([{ ...staging, monitoring, files }]);
    if (environment?.cloud !== "aws" || environment.monitoring === undefined) throw new Error("no environment");
    const { alertTopic } = new AwsMonitoring(scope, "monitoring", {
      environment,
      settings: environment.monitoring,
      clusterName: "moodle-staging-1",
      keyArn: "arn:aws:kms:eu-central-1:111122223333:key/1",
      database: { instanceIdentifiers: ["db"] } as unknown as AwsMonitoringProps["database"],
      redis: { sessions: nodes, cache: nodes },
      files: { fileSystemId: "fs-1" } as AwsMonitoringProps["files"],
      edge: {
        namespace: "AWS/ApplicationELB",
        dimensions: { LoadBalancer: "app/x/1", TargetGroup: "targetgroup/x/1" },
      },
    });
    if (alertTopic.kind !== "sns") throw new Error("no topic");
    const told = new TerraformResource(scope, "told", { terraformResourceType: "told" });
    told.addOverride("topics", [alertTopic.topicArn, alertTopic.heartbeatTopicArn]);
  });
const template = synthesize();

test("Alertmanager may publish alerts and signs of life, each to the topic that it is told of", () => {
  const topics = policyStatements(template)
    .filter(({ effect, actions, principals }) => effect === "Allow" && !principals && actions.includes("sns:Publish"))
    .flatMap(({ resources }) => resources);
  expect(new Set(topics).size).toBe(2);
  expect(template.only("told").topics).toEqual(topics);
});

test("files are watched where they are as fast as their credits last", () => {
  const names = (of: Template) => of.resources("aws_cloudwatch_metric_alarm").map(({ alarm_name }) => alarm_name);
  const name = "moodle-staging-1-files-burst-credits";
  expect(names(template)).not.toContain(name);
  const bursting = synthesize({ throughput: "bursting" });
  expect(names(bursting)).toContain(name);
  expect(bursting.only("aws_cloudwatch_dashboard").dashboard_body).toContain("BurstCreditBalance");
});
