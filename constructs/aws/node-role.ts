import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { managedPolicyArn, serviceDomain, trustPolicy } from "./iam-policy";

export interface NodeRoleProps {
  /** Name of the role. */
  readonly name: string;
  readonly region: string;
}

/**
 * The role of worker nodes: join the cluster and pull images. The VPC CNI has a role of its own, programs have theirs.
 * Source: https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
 */
export class NodeRole extends Construct {
  readonly roleArn: string;
  readonly roleName: string;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: NodeRoleProps) {
    super(scope, id);
    const role = new IamRole(this, "role", {
      name: props.name,
      assumeRolePolicy: trustPolicy(`ec2.${serviceDomain(props.region)}`),
    });
    const attachments = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"].map(
      (policy) =>
        new IamRolePolicyAttachment(this, policy, {
          role: role.name,
          policyArn: managedPolicyArn(props.region, policy),
        }),
    );
    this.roleArn = role.arn;
    this.roleName = role.name;
    this.ready = [role, ...attachments];
  }
}
