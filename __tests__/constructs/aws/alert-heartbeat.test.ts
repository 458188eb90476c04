import { AlertHeartbeat } from "../../../constructs/aws/alert-heartbeat";
import { policyStatements } from "../../support/policies";
import { Template } from "../../support/template";

const keyArn = "arn:aws:kms:eu-central-1:111122223333:key/1";
const alertTopicArn = "arn:aws:sns:eu-central-1:111122223333:moodle-production-1-alerts";

let heartbeat: AlertHeartbeat | undefined;
const template = Template.from((scope) => {
  heartbeat = new AlertHeartbeat(scope, "heartbeat", {
    name: "moodle-production-1",
    keyArn,
    alertTopicArn,
    dependsOn: [],
  });
});
const [topic] = Object.keys(template.all("aws_sns_topic"));

test("silence rings where every alert goes, and so does its end", () => {
  expect(template.only("aws_cloudwatch_metric_alarm")).toMatchObject({
    alarm_name: "moodle-production-1-monitoring-down",
    namespace: "AWS/SNS",
    metric_name: "NumberOfMessagesPublished",
    dimensions: { TopicName: `\${aws_sns_topic.${topic}.name}` },
    statistic: "Sum",
    comparison_operator: "LessThanThreshold",
    threshold: 1,
    period: 300,
    evaluation_periods: 3,
    treat_missing_data: "breaching",
    alarm_actions: [alertTopicArn],
    ok_actions: [alertTopicArn],
  });
});

test("a sign of life is mailed to nobody", () => {
  expect(template.resources("aws_sns_topic_subscription")).toEqual([]);
});

test("the topic is encrypted by the key of alerts, and refuses what comes without TLS", () => {
  expect(template.only("aws_sns_topic")).toMatchObject({
    name: "moodle-production-1-heartbeat",
    kms_master_key_id: keyArn,
  });
  expect(policyStatements(template).map(({ effect }) => effect)).toEqual(["Deny"]);
});

test("whoever is given its statements may publish to it, and no more", () => {
  expect(heartbeat?.publishStatements()).toEqual([
    { Effect: "Allow", Action: "sns:Publish", Resource: heartbeat?.topicArn },
  ]);
});
