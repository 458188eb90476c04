import { TerraformResource } from "cdktf";
import { loadEnvironments } from "../../environments/load";
import { staging } from "../../examples/aws/staging";
import { AwsMonitoring, type AwsMonitoringProps } from "../../stacks/aws-monitoring";
import { policyStatements } from "../support/policies";
import { Template } from "../support/template";

const nodes = { nodeIds: ["sessions-001"] } as unknown as AwsMonitoringProps["redis"]["sessions"];

const template = Template.from((scope) => {
  const [environment] = loadEnvironments([{ ...staging, monitoring: { alerts: { email: "ops@example.edu" } } }]);
  if (environment?.cloud !== "aws" || environment.monitoring === undefined) throw new Error("no environment");
  const { alertTopic } = new AwsMonitoring(scope, "monitoring", {
    environment,
    settings: environment.monitoring,
    clusterName: "moodle-staging-1",
    keyArn: "arn:aws:kms:eu-central-1:111122223333:key/1",
    database: { instanceIdentifiers: ["db"] } as unknown as AwsMonitoringProps["database"],
    redis: { sessions: nodes, cache: nodes },
    edge: { namespace: "AWS/ApplicationELB", dimensions: { LoadBalancer: "app/x/1", TargetGroup: "targetgroup/x/1" } },
  });
  if (alertTopic.kind !== "sns") throw new Error("no topic");
  const told = new TerraformResource(scope, "told", { terraformResourceType: "told" });
  told.addOverride("topics", [alertTopic.topicArn, alertTopic.heartbeatTopicArn]);
});

test("Alertmanager may publish alerts and signs of life, each to the topic that it is told of", () => {
  const topics = policyStatements(template)
    .filter(({ effect, actions, principals }) => effect === "Allow" && !principals && actions.includes("sns:Publish"))
    .flatMap(({ resources }) => resources);
  expect(new Set(topics).size).toBe(2);
  expect(template.only("told").topics).toEqual(topics);
});
