import { EksPodIdentityAssociation } from "@cdktf/provider-aws/lib/eks-pod-identity-association";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { WorkloadIdentity } from "../ports";
import type { PolicyStatement } from "./iam-policy";
import { PodIdentityRole } from "./pod-identity-role";

export interface PodIdentityProps {
  /** First part of the role's name, `<name>-<serviceAccountName>`: at most 64 characters together. */
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** As the cluster itself gives it, so that the association waits for the cluster. */
  readonly clusterName: string;
  readonly namespace: string;
  readonly serviceAccountName: string;
  /** What the pods may do. */
  readonly statements: readonly PolicyStatement[];
}

/** Gives the pods of one service account a role of their own, by EKS Pod Identity. */
export class PodIdentity extends Construct implements WorkloadIdentity {
  readonly namespace: string;
  readonly serviceAccountName: string;
  readonly roleArn: string;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: PodIdentityProps) {
    super(scope, id);
    const role = new PodIdentityRole(this, "role", props);
    const association = new EksPodIdentityAssociation(this, "association", {
      clusterName: props.clusterName,
      namespace: props.namespace,
      serviceAccount: props.serviceAccountName,
      roleArn: role.roleArn,
    });
    this.namespace = props.namespace;
    this.serviceAccountName = props.serviceAccountName;
    this.roleArn = role.roleArn;
    this.ready = [...role.ready, association];
  }
}
