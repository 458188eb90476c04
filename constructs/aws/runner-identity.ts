import { CodeconnectionsConnection } from "@cdktf/provider-aws/lib/codeconnections-connection";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { Construct } from "constructs";
import { partition, policyDocument, trustPolicy } from "./iam-policy";

export interface RunnerIdentityProps {
  /** Such as `moodle-production`: 32 characters at most. The role is `<name>-runner`. */
  readonly name: string;
  readonly account: string;
  readonly region: string;
}

/** Name of the runner's role. */
export function runnerRoleName(name: string): string {
  return `${name}-runner`;
}

/**
 * What a `Runner` needs before its network exists: the connection to GitHub, which somebody authorizes once in the
 * console ("Developer Tools", "Connections"), and the role of CodeBuild. The role holds no right to deploy: jobs take on
 * a role of `CiRoles`.
 */
export class RunnerIdentity extends Construct {
  readonly connectionArn: string;
  readonly roleArn: string;

  constructor(scope: Construct, id: string, props: RunnerIdentityProps) {
    super(scope, id);
    const { name, account, region } = props;
    const connection = new CodeconnectionsConnection(this, "connection", { name, providerType: "GitHub" });
    const role = new IamRole(this, "role", {
      name: runnerRoleName(name),
      description: `CodeBuild, which runs workflows in the network of ${name}`,
      assumeRolePolicy: trustPolicy("codebuild.amazonaws.com", { StringEquals: { "aws:SourceAccount": account } }),
    });
    const arn = (service: string, resource: string) =>
      `arn:${partition(region)}:${service}:${region}:${account}:${resource}`;
    const logGroups = arn("logs", `log-group:/aws/codebuild/${name}-*`);
    new IamRolePolicy(this, "policy", {
      name: "permissions",
      role: role.name,
      policy: policyDocument([
        {
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: [logGroups, `${logGroups}:*`],
        },
        {
          Effect: "Allow",
          Action: ["codeconnections:GetConnection", "codeconnections:GetConnectionToken"],
          Resource: connection.arn,
        },
        // EC2 knows no resource for these; a network interface is of use to CodeBuild alone, by the next statement.
        {
          Effect: "Allow",
          Action: [
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
          ],
          Resource: "*",
        },
        {
          Effect: "Allow",
          Action: ["ec2:CreateNetworkInterfacePermission"],
          Resource: arn("ec2", "network-interface/*"),
          Condition: { StringEquals: { "ec2:AuthorizedService": "codebuild.amazonaws.com" } },
        },
      ]),
    });
    this.connectionArn = connection.arn;
    this.roleArn = role.arn;
  }
}
