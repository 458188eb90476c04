import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { denyInsecureTransport, type PolicyStatement, policyDocument } from "./iam-policy";

export interface AlertTopicProps {
  /** Name of the topic. */
  readonly name: string;
  readonly account: string;
  /** Who gets a mail of every alert, once they have confirmed the subscription that SNS asks them about. */
  readonly email: string;
  /** Encrypts what waits for delivery: its policy must admit `alarms`. */
  readonly keyArn: string;
}

/** The one place to which all alerts go: CloudWatch's alarms, and Alertmanager's from the cluster. */
export class AlertTopic extends Construct {
  readonly topicArn: string;
  readonly ready: readonly ITerraformDependable[];
  private readonly keyArn: string;

  constructor(scope: Construct, id: string, props: AlertTopicProps) {
    super(scope, id);
    const { name, account, email, keyArn } = props;
    const topic = new SnsTopic(this, "topic", { name, kmsMasterKeyId: keyArn });
    const policy = new SnsTopicPolicy(this, "policy", {
      arn: topic.arn,
      policy: policyDocument([
        {
          Sid: "CloudWatchAlarms",
          Effect: "Allow",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: "sns:Publish",
          Resource: topic.arn,
          Condition: { StringEquals: { "aws:SourceAccount": account } },
        },
        denyInsecureTransport("sns:Publish", topic.arn),
      ]),
    });
    new SnsTopicSubscription(this, "email", { topicArn: topic.arn, protocol: "email", endpoint: email });
    this.topicArn = topic.arn;
    this.ready = [topic, policy];
    this.keyArn = keyArn;
  }

  /** To publish to the topic. */
  publishStatements(): PolicyStatement[] {
    return [
      { Effect: "Allow", Action: "sns:Publish", Resource: this.topicArn },
      { Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: this.keyArn },
    ];
  }
}
