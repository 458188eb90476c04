import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy";
import { Construct } from "constructs";
import { partition, policyDocument } from "./iam-policy";
import type { StateBucket } from "./state-bucket";

export interface CiBoundaryProps {
  /** Such as `moodle-production`: the policy is called `<name>-boundary`. */
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly state: StateBucket;
}

/** Name of the policy that bounds every role of an environment. */
export function boundaryName(name: string): string {
  return `${name}-boundary`;
}

/** The roles that an environment's stack makes: `<name>-<incarnation>-...`, so not the bootstrap stack's own. */
export function environmentArns(kind: "role" | "policy" | "instance-profile", props: Omit<CiBoundaryProps, "state">) {
  const prefix = `arn:${partition(props.region)}:iam::${props.account}:${kind}/${props.name}`;
  return [`${prefix}-?-*`, `${prefix}-??-*`];
}

/**
 * The most that any role of an environment can be allowed, whatever its policies say: no managing of identities beyond
 * what Karpenter and EKS need, and nothing on Terraform's state. It grants nothing by itself.
 */
export class CiBoundary extends Construct {
  readonly policyArn: string;

  constructor(scope: Construct, id: string, props: CiBoundaryProps) {
    super(scope, id);
    const { account, region, state } = props;
    const iam = `arn:${partition(region)}:iam::${account}`;
    const policy = new IamPolicy(this, "policy", {
      name: boundaryName(props.name),
      description: `The most that roles of ${props.name} can be allowed`,
      policy: policyDocument([
        {
          Sid: "AllButIdentities",
          Effect: "Allow",
          NotAction: ["iam:*", "organizations:*", "account:*"],
          Resource: "*",
        },
        {
          Sid: "HandOutRoles",
          Effect: "Allow",
          Action: ["iam:GetRole", "iam:PassRole"],
          Resource: environmentArns("role", props),
        },
        {
          Sid: "NodeProfiles",
          Effect: "Allow",
          Action: [
            "iam:CreateInstanceProfile",
            "iam:DeleteInstanceProfile",
            "iam:GetInstanceProfile",
            "iam:TagInstanceProfile",
            "iam:AddRoleToInstanceProfile",
            "iam:RemoveRoleFromInstanceProfile",
          ],
          Resource: `${iam}:instance-profile/*`,
        },
        { Sid: "ListProfiles", Effect: "Allow", Action: ["iam:ListInstanceProfiles"], Resource: "*" },
        {
          Sid: "ServiceLinkedRoles",
          Effect: "Allow",
          Action: ["iam:CreateServiceLinkedRole"],
          Resource: `${iam}:role/aws-service-role/*`,
        },
        {
          Sid: "DenyState",
          Effect: "Deny",
          Action: ["s3:*"],
          Resource: [state.bucketArn, `${state.bucketArn}/*`],
        },
        { Sid: "DenyStateKey", Effect: "Deny", Action: ["kms:*"], Resource: state.keyArn },
      ]),
    });
    this.policyArn = policy.arn;
  }
}
