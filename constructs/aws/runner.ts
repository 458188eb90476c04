import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { CodebuildProject } from "@cdktf/provider-aws/lib/codebuild-project";
import { CodebuildWebhook } from "@cdktf/provider-aws/lib/codebuild-webhook";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { Construct } from "constructs";

export interface RunnerProps {
  /** First part of every name, such as `moodle-production-1`. */
  readonly name: string;
  /** Of `RunnerIdentity`, authorized in the console: GitHub refuses a webhook before. */
  readonly connectionArn: string;
  /** Role of `RunnerIdentity`. */
  readonly roleArn: string;
  /** `owner/name` on GitHub. */
  readonly githubRepository: string;
  readonly vpcId: string;
  /** Private subnets with a route to the internet. */
  readonly subnetIds: readonly string[];
  /** Security group of the cluster's API server, which the runner may then reach. */
  readonly clusterSecurityGroupId: string;
  /** Encrypts the log: its policy must let CloudWatch Logs use it. */
  readonly keyArn: string;
  /** Days that logs are kept. @default 90 */
  readonly logRetentionDays?: number;
}

/**
 * A runner of GitHub Actions in the network of the cluster, where a private API server can be reached. Nothing waits and
 * nothing is kept: CodeBuild starts a fresh container for each job that asks for it by
 * `runs-on: codebuild-<label>-${{ github.run_id }}-${{ github.run_attempt }}`.
 *
 * Source: https://docs.aws.amazon.com/codebuild/latest/userguide/action-runner.html
 */
export class Runner extends Construct {
  /** The project's name, for `runs-on`. */
  readonly label: string;

  constructor(scope: Construct, id: string, props: RunnerProps) {
    super(scope, id);
    const name = `${props.name}-runner`;
    const group = new SecurityGroup(this, "security-group", {
      name,
      description: "Runner of GitHub Actions",
      vpcId: props.vpcId,
      tags: { Name: name },
    });
    new VpcSecurityGroupEgressRule(this, "https", {
      securityGroupId: group.id,
      description: "GitHub, registries, AWS and the cluster",
      cidrIpv4: "0.0.0.0/0",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
    });
    new VpcSecurityGroupIngressRule(this, "api-server", {
      securityGroupId: props.clusterSecurityGroupId,
      description: "From the runner of GitHub Actions",
      referencedSecurityGroupId: group.id,
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
    });
    const log = new CloudwatchLogGroup(this, "log", {
      name: `/aws/codebuild/${name}`,
      retentionInDays: props.logRetentionDays ?? 90,
      kmsKeyId: props.keyArn,
    });
    const project = new CodebuildProject(this, "project", {
      name,
      description: `Runs workflows of ${props.githubRepository}`,
      serviceRole: props.roleArn,
      buildTimeout: 120,
      artifacts: { type: "NO_ARTIFACTS" },
      environment: {
        type: "LINUX_CONTAINER",
        computeType: "BUILD_GENERAL1_MEDIUM",
        image: "aws/codebuild/amazonlinux-x86_64-standard:5.0",
      },
      source: {
        type: "GITHUB",
        location: `https://github.com/${props.githubRepository}.git`,
        auth: { type: "CODECONNECTIONS", resource: props.connectionArn },
      },
      vpcConfig: { vpcId: props.vpcId, subnets: [...props.subnetIds], securityGroupIds: [group.id] },
      logsConfig: { cloudwatchLogs: { groupName: log.name } },
    });
    new CodebuildWebhook(this, "webhook", {
      projectName: project.name,
      buildType: "BUILD",
      filterGroup: [{ filter: [{ type: "EVENT", pattern: "WORKFLOW_JOB_QUEUED" }] }],
    });
    this.label = name;
  }
}
