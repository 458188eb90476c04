import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import { managedPolicyArn, type PolicyStatement, partition, policyDocument } from "./iam-policy";

export interface PodIdentityRoleProps {
  /** First part of the role's name, `<name>-<serviceAccountName>`: at most 64 characters together. */
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly clusterName: string;
  readonly namespace: string;
  readonly serviceAccountName: string;
  /** What the pods may do. @default nothing beside the managed policies */
  readonly statements?: readonly PolicyStatement[];
  /** Policies that AWS maintains, each as its ARN names it behind `policy/`. @default none */
  readonly managedPolicies?: readonly string[];
}

/**
 * A role that only the pods of one service account of one cluster can take on.
 * Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
 */
export class PodIdentityRole extends Construct {
  readonly roleArn: string;
  readonly roleName: string;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: PodIdentityRoleProps) {
    super(scope, id);
    this.roleName = `${props.name}-${props.serviceAccountName}`;
    if (!Token.isUnresolved(this.roleName) && this.roleName.length > 64) {
      refuse(this.node.path, {
        path: "name",
        given: props.name,
        allowed: `a name that leaves the role name ${this.roleName} at 64 characters or fewer`,
        remedy: "shorten the name or the service account's name",
      });
    }
    const role = new IamRole(this, "role", {
      name: this.roleName,
      description: `Pods of ${props.namespace}/${props.serviceAccountName} in ${props.clusterName}`,
      assumeRolePolicy: policyDocument([podsTrust(props)]),
    });
    this.roleArn = role.arn;
    const granted: ITerraformDependable[] = (props.managedPolicies ?? []).map(
      (policy) =>
        new IamRolePolicyAttachment(this, policy, {
          role: role.name,
          policyArn: managedPolicyArn(props.region, policy),
        }),
    );
    if (props.statements !== undefined && props.statements.length > 0) {
      granted.push(
        new IamRolePolicy(this, "policy", {
          name: "permissions",
          role: role.name,
          policy: policyDocument(props.statements),
        }),
      );
    }
    this.ready = [role, ...granted];
  }
}

/**
 * The conditions are on the session tags that EKS itself sets.
 * Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
 */
function podsTrust(props: PodIdentityRoleProps): PolicyStatement {
  const { account, region, clusterName, namespace, serviceAccountName } = props;
  return {
    Effect: "Allow",
    Principal: { Service: "pods.eks.amazonaws.com" },
    Action: ["sts:AssumeRole", "sts:TagSession"],
    Condition: {
      StringEquals: {
        "aws:RequestTag/eks-cluster-arn": `arn:${partition(region)}:eks:${region}:${account}:cluster/${clusterName}`,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": serviceAccountName,
      },
    },
  };
}
