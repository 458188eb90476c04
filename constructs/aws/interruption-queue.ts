import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target";
import { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue";
import { SqsQueuePolicy } from "@cdktf/provider-aws/lib/sqs-queue-policy";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { denyInsecureTransport, policyDocument } from "./iam-policy";

/** Source: https://karpenter.sh/v1.14/reference/cloudformation/#interruption-handling */
const EVENTS = {
  "scheduled-change": ["aws.health", "AWS Health Event"],
  "spot-interruption": ["aws.ec2", "EC2 Spot Instance Interruption Warning"],
  rebalance: ["aws.ec2", "EC2 Instance Rebalance Recommendation"],
  "instance-state": ["aws.ec2", "EC2 Instance State-change Notification"],
  "capacity-reservation": ["aws.ec2", "EC2 Capacity Reservation Instance Interruption Warning"],
} as const;

export interface InterruptionQueueProps {
  /** Name of the queue, and first part of the rules' names. */
  readonly name: string;
}

/** Where EC2's warnings of instances that are about to go reach Karpenter, so that it drains them first. */
export class InterruptionQueue extends Construct {
  readonly queueName: string;
  readonly queueArn: string;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: InterruptionQueueProps) {
    super(scope, id);
    const queue = new SqsQueue(this, "queue", {
      name: props.name,
      messageRetentionSeconds: 300,
      sqsManagedSseEnabled: true,
    });
    const rules = Object.entries(EVENTS).map(([event, [source, detailType]]) => {
      const rule = new CloudwatchEventRule(this, event, {
        name: `${props.name}-${event}`,
        description: detailType,
        eventPattern: JSON.stringify({ source: [source], "detail-type": [detailType] }),
      });
      new CloudwatchEventTarget(this, `${event}-target`, {
        rule: rule.name,
        targetId: "interruption-queue",
        arn: queue.arn,
      });
      return rule;
    });
    const policy = new SqsQueuePolicy(this, "policy", {
      queueUrl: queue.url,
      policy: policyDocument([
        {
          Sid: "EventBridge",
          Effect: "Allow",
          Principal: { Service: "events.amazonaws.com" },
          Action: "sqs:SendMessage",
          Resource: queue.arn,
          Condition: { ArnEquals: { "aws:SourceArn": rules.map((rule) => rule.arn) } },
        },
        denyInsecureTransport("sqs:*", queue.arn),
      ]),
    });
    this.queueName = queue.name;
    this.queueArn = queue.arn;
    this.ready = [policy];
  }
}
