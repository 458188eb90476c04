import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { FlowLog } from "@cdktf/provider-aws/lib/flow-log";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { Construct } from "constructs";
import { partition, policyDocument, trustPolicy } from "./iam-policy";

export interface VpcFlowLogsProps {
  /** The log group is `/vpc/<name>/flow-logs`. */
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly vpcId: string;
  /** Days. One of the figures that CloudWatch Logs accepts. */
  readonly retentionDays: number;
  readonly keyArn: string;
}

/**
 * Who talked to whom in the VPC, accepted and rejected.
 * Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
 */
export class VpcFlowLogs extends Construct {
  constructor(scope: Construct, id: string, props: VpcFlowLogsProps) {
    super(scope, id);
    const { name, account, region, vpcId } = props;
    const logGroup = new CloudwatchLogGroup(this, "log-group", {
      name: `/vpc/${name}/flow-logs`,
      retentionInDays: props.retentionDays,
      kmsKeyId: props.keyArn,
    });
    const role = new IamRole(this, "role", {
      name: `${name}-flow-logs`,
      assumeRolePolicy: trustPolicy("vpc-flow-logs.amazonaws.com", {
        StringEquals: { "aws:SourceAccount": account },
        ArnLike: { "aws:SourceArn": `arn:${partition(region)}:ec2:${region}:${account}:vpc-flow-log/*` },
      }),
    });
    const policy = new IamRolePolicy(this, "policy", {
      name: "permissions",
      role: role.name,
      policy: policyDocument([
        {
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
          Resource: `${logGroup.arn}:*`,
        },
        {
          Effect: "Allow",
          Action: "logs:DescribeLogGroups",
          Resource: `arn:${partition(region)}:logs:${region}:${account}:log-group:*`,
        },
      ]),
    });
    new FlowLog(this, "flow-log", {
      vpcId,
      trafficType: "ALL",
      logDestinationType: "cloud-watch-logs",
      logDestination: logGroup.arn,
      iamRoleArn: role.arn,
      maxAggregationInterval: 600,
      tags: { Name: name },
      dependsOn: [policy],
    });
  }
}
