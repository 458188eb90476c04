import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { denyInsecureTransport, type PolicyStatement, policyDocument } from "./iam-policy";

export interface AlertHeartbeatProps {
  /** First part of every name, such as `moodle-production-1`. */
  readonly name: string;
  /** Encrypts messages, as it does those of alerts. */
  readonly keyArn: string;
  /** Where it rings once nothing has been heard for a quarter of an hour. */
  readonly alertTopicArn: string;
  /** What must exist first: the policy of that topic. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * A topic that nobody reads, to which Alertmanager says every few minutes that alerts arrive, and an alarm on its silence:
 * the cluster cannot tell that it tells nothing.
 *
 * Source of the metric: https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
 */
export class AlertHeartbeat extends Construct {
  readonly topicArn: string;

  constructor(scope: Construct, id: string, props: AlertHeartbeatProps) {
    super(scope, id);
    const { name, keyArn, alertTopicArn } = props;
    const topic = new SnsTopic(this, "topic", { name: `${name}-heartbeat`, kmsMasterKeyId: keyArn });
    new SnsTopicPolicy(this, "policy", {
      arn: topic.arn,
      policy: policyDocument([denyInsecureTransport("sns:Publish", topic.arn)]),
    });
    new CloudwatchMetricAlarm(this, "alarm", {
      alarmName: `${name}-monitoring-down`,
      alarmDescription: "Alerts of the cluster do not arrive any more. See docs/monitoring.md.",
      namespace: "AWS/SNS",
      metricName: "NumberOfMessagesPublished",
      dimensions: { TopicName: topic.name },
      statistic: "Sum",
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      period: 300,
      evaluationPeriods: 3,
      // SNS does not count what nobody publishes.
      treatMissingData: "breaching",
      alarmActions: [alertTopicArn],
      okActions: [alertTopicArn],
      dependsOn: [...props.dependsOn],
    });
    this.topicArn = topic.arn;
  }

  /** To publish to the topic, beside what `AlertTopic` gives for the key. */
  publishStatements(): PolicyStatement[] {
    return [{ Effect: "Allow", Action: "sns:Publish", Resource: this.topicArn }];
  }
}
