import { EksAccessEntry } from "@cdktf/provider-aws/lib/eks-access-entry";
import { EksAccessPolicyAssociation } from "@cdktf/provider-aws/lib/eks-access-policy-association";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { partition } from "./iam-policy";

export interface ClusterAdministratorProps {
  readonly clusterName: string;
  readonly region: string;
  /** ARN of an IAM role or user; of a role itself, not of a session of it. */
  readonly principalArn: string;
}

/**
 * Lets one principal do everything in a cluster.
 * Source: https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
 */
export class ClusterAdministrator extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: ClusterAdministratorProps) {
    super(scope, id);
    const { clusterName, principalArn } = props;
    const entry = new EksAccessEntry(this, "entry", { clusterName, principalArn, type: "STANDARD" });
    const association = new EksAccessPolicyAssociation(this, "policy", {
      clusterName,
      principalArn,
      policyArn: `arn:${partition(props.region)}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy`,
      accessScope: { type: "cluster" },
      dependsOn: [entry],
    });
    this.ready = [association];
  }
}
