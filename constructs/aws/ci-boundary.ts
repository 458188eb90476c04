import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy";
import { Construct } from "constructs";
import type { ContainerRegistry } from "./container-registry";
import { type PolicyStatement, partition, policyDocument } from "./iam-policy";
import type { StateBucket } from "./state-bucket";

export interface CiBoundaryProps {
  /** Such as `moodle-production`: the policy is called `<name>-boundary`. */
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly state: StateBucket;
  readonly registry: ContainerRegistry;
}

/** Name of the policy that bounds every role of an environment. */
export function boundaryName(name: string): string {
  return `${name}-boundary`;
}

/** The roles that an environment's stack makes: `<name>-<incarnation>-...`, so not the bootstrap stack's own. */
export function environmentArns(
  kind: "role" | "policy" | "instance-profile",
  props: Omit<CiBoundaryProps, "state" | "registry">,
) {
  const prefix = `arn:${partition(props.region)}:iam::${props.account}:${kind}/${props.name}`;
  return [`${prefix}-?-*`, `${prefix}-??-*`];
}

/**
 * Registry and keys of bootstrap are for use, images for pulling and pushing; its connection to GitHub is for use too.
 * Source of the actions: https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
 */
export function bootstrapDenials({ name, account, region, state, registry }: CiBoundaryProps): PolicyStatement[] {
  const service = (which: string, resource: string) =>
    `arn:${partition(region)}:${which}:${region}:${account}:${resource}`;
  // An ARN has the prefix under which its connection was made.
  const connections = ["codeconnections", "codestar-connections"];
  return [
    {
      Sid: "DenyBootstrapKeys",
      Effect: "Deny",
      Action: [
        "kms:CreateAlias",
        "kms:Delete*",
        "kms:Disable*",
        "kms:Put*",
        "kms:RetireGrant",
        "kms:RevokeGrant",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:Update*",
      ],
      Resource: [
        state.keyArn,
        registry.keyArn,
        service("kms", `alias/${name}-state`),
        service("kms", `alias/${name}-registry`),
      ],
    },
    {
      Sid: "DenyRegistry",
      Effect: "Deny",
      NotAction: [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGet*",
        "ecr:CompleteLayerUpload",
        "ecr:Describe*",
        "ecr:Get*",
        "ecr:InitiateLayerUpload",
        "ecr:List*",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
      ],
      Resource: service("ecr", `repository/${name}/*`),
    },
    {
      Sid: "DenyConnections",
      Effect: "Deny",
      Action: connections.flatMap((prefix) =>
        ["Delete*", "Update*", "TagResource", "UntagResource"].map((action) => `${prefix}:${action}`),
      ),
      Resource: connections.map((prefix) => service(prefix, "connection/*")),
    },
  ];
}

/**
 * The most that any role of an environment can be allowed, whatever its policies say: no managing of identities beyond
 * what Karpenter and EKS need, nothing on Terraform's state, and no change of what bootstrap has made, or else whoever makes
 * such a role and takes it on could do by it what is denied them. It grants nothing by itself.
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
        ...(state.lockTableArn === undefined
          ? []
          : [
              {
                Sid: "DenyStateLock",
                Effect: "Deny" as const,
                Action: ["dynamodb:*"],
                Resource: state.lockTableArn,
              },
            ]),
        ...bootstrapDenials(props),
      ]),
    });
    this.policyArn = policy.arn;
  }
}
