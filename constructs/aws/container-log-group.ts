import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { Construct } from "constructs";
import type { PolicyStatement } from "./iam-policy";

export interface ContainerLogGroupProps {
  /** The log group is `/eks/<name>/containers`. */
  readonly name: string;
  /** Days. One of the figures that CloudWatch Logs accepts. */
  readonly retentionDays: number;
  /** Its policy must admit `logs`. */
  readonly keyArn: string;
}

/** Where the logs of all containers of a cluster are kept. */
export class ContainerLogGroup extends Construct {
  readonly logGroupName: string;
  private readonly arn: string;

  constructor(scope: Construct, id: string, { name, retentionDays, keyArn }: ContainerLogGroupProps) {
    super(scope, id);
    const group = new CloudwatchLogGroup(this, "log-group", {
      name: `/eks/${name}/containers`,
      retentionInDays: retentionDays,
      kmsKeyId: keyArn,
    });
    this.logGroupName = group.name;
    this.arn = group.arn;
  }

  /** To write logs. */
  writeStatements(): PolicyStatement[] {
    return [
      {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        Resource: `${this.arn}:*`,
      },
    ];
  }
}
