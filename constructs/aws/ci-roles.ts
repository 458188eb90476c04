import { IamOpenidConnectProvider } from "@cdktf/provider-aws/lib/iam-openid-connect-provider";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { Construct } from "constructs";
import { bootstrapDenials, CiBoundary, environmentArns } from "./ci-boundary";
import type { ContainerRegistry } from "./container-registry";
import { managedPolicyArn, type PolicyStatement, partition, policyDocument } from "./iam-policy";
import type { StateBucket } from "./state-bucket";

export interface CiRolesProps {
  /** Such as `moodle-production`: the roles are `<name>-plan` and `<name>-deploy`. */
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** `owner/name` on GitHub. */
  readonly githubRepository: string;
  /** GitHub environment whose jobs may deploy: who may approve them is settled there. */
  readonly githubEnvironment: string;
  /** An account holds one OIDC provider of GitHub: `existing` where something else has made it. @default "create" */
  readonly oidcProvider?: "create" | "existing";
  readonly state: StateBucket;
  readonly registry: ContainerRegistry;
}

const ISSUER = "token.actions.githubusercontent.com";

/** The two roles of CI by their names. */
export function ciRoleNames(name: string) {
  return { plan: `${name}-plan`, deploy: `${name}-deploy` };
}

/**
 * Two roles that GitHub's workflows take on by OIDC, without a key that could leak.
 *
 * `plan` is for pull requests and the main branch, that is for code nobody has approved. It reads every resource's
 * settings (AWS's own ReadOnlyAccess, so that a plan never fails on a resource that is new to the program), but no data:
 * no object, message, log, parameter or secret, save Terraform's own states and the AUTH tokens that are in them anyway,
 * which a refresh reads again. It writes nothing but the state's lock.
 *
 * `deploy` is for jobs in the GitHub environment. It manages everything but identities, and of those only roles named
 * after the environment, each under the boundary (see `CiBoundary`), so that no role it makes may do more. It can neither
 * change itself nor what bootstrap has made, whose use is left to it: it writes its own state and pushes images. Bootstrap is
 * deployed by an administrator.
 */
export class CiRoles extends Construct {
  readonly planRoleArn: string;
  readonly deployRoleArn: string;
  /** To be set on every role of the environment's stack: `PermissionsBoundary` does it. */
  readonly boundaryArn: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: CiRolesProps,
  ) {
    super(scope, id);
    const { name, githubRepository, githubEnvironment } = props;
    const provider = this.oidcProviderArn();
    const names = ciRoleNames(name);
    this.boundaryArn = new CiBoundary(this, "boundary", props).policyArn;

    const plan = new IamRole(this, "plan", {
      name: names.plan,
      description: `Plans ${name} for pull requests of ${githubRepository}`,
      assumeRolePolicy: trust(provider, [
        `repo:${githubRepository}:pull_request`,
        `repo:${githubRepository}:ref:refs/heads/main`,
      ]),
    });
    this.attach("plan-read", plan, "ReadOnlyAccess");
    this.allow("plan-policy", plan, [...props.state.planStatements(), ...this.planSecrets(), ...this.planDenials()]);
    this.planRoleArn = plan.arn;

    const deploy = new IamRole(this, "deploy", {
      name: names.deploy,
      description: `Deploys ${name} from ${githubRepository}`,
      assumeRolePolicy: trust(provider, [`repo:${githubRepository}:environment:${githubEnvironment}`]),
      maxSessionDuration: 2 * 60 * 60,
    });
    this.attach("deploy-services", deploy, "PowerUserAccess");
    this.allow("deploy-policy", deploy, [...this.deployIdentities(), ...this.deployDenials()]);
    this.deployRoleArn = deploy.arn;
  }

  /** AWS trusts GitHub's certificate by itself and ignores the thumbprints, which its API demands all the same. */
  private oidcProviderArn(): string {
    const { account, region, oidcProvider } = this.props;
    if (oidcProvider === "existing") return `arn:${partition(region)}:iam::${account}:oidc-provider/${ISSUER}`;
    return new IamOpenidConnectProvider(this, "github", {
      url: `https://${ISSUER}`,
      clientIdList: ["sts.amazonaws.com"],
      thumbprintList: ["6938fd4d98bab03faadb97b34396831e3780aea1", "1c58a3a8518e8759bf075b76b750d4f2df264fcd"],
    }).arn;
  }

  private authTokens(): string {
    const { name, account, region } = this.props;
    return `arn:${partition(region)}:secretsmanager:${region}:${account}:secret:${name}-*-auth-token-*`;
  }

  /** The provider refreshes a secret's version by reading it, though it then keeps nothing of a write-only value. */
  private planSecrets(): PolicyStatement[] {
    const { account, region } = this.props;
    return [
      { Effect: "Allow", Action: ["secretsmanager:GetSecretValue"], Resource: this.authTokens() },
      {
        Effect: "Allow",
        Action: ["kms:Decrypt"],
        Resource: `arn:${partition(region)}:kms:${region}:${account}:key/*`,
        Condition: {
          StringEquals: { "kms:ViaService": `secretsmanager.${region}.amazonaws.com` },
          StringLike: { "kms:EncryptionContext:SecretARN": this.authTokens() },
        },
      },
    ];
  }

  private planDenials(): PolicyStatement[] {
    const { state } = this.props;
    return [
      {
        Sid: "DenyObjects",
        Effect: "Deny",
        Action: ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTorrent"],
        NotResource: `${state.bucketArn}/*`,
      },
      {
        Sid: "DenySecrets",
        Effect: "Deny",
        Action: ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"],
        NotResource: this.authTokens(),
      },
      {
        Sid: "DenyItems",
        Effect: "Deny",
        Action: ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:GetRecords"],
        ...(state.lockTableArn === undefined ? { Resource: "*" } : { NotResource: state.lockTableArn }),
      },
      {
        Sid: "DenyOtherData",
        Effect: "Deny",
        Action: [
          "ssm:GetParameter",
          "ssm:GetParameters",
          "ssm:GetParametersByPath",
          "ssm:GetParameterHistory",
          "logs:GetLogEvents",
          "logs:FilterLogEvents",
          "logs:StartQuery",
          "logs:GetQueryResults",
          "logs:StartLiveTail",
          "rds:DownloadDBLogFilePortion",
          "rds:DownloadCompleteDBLogFile",
          "sqs:ReceiveMessage",
          "ecr:BatchGetImage",
          "ecr:GetDownloadUrlForLayer",
        ],
        Resource: "*",
      },
    ];
  }

  /** Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html */
  private deployIdentities(): PolicyStatement[] {
    const { name, account, region } = this.props;
    const iam = `arn:${partition(region)}:iam::${account}`;
    const roles = environmentArns("role", this.props);
    return [
      {
        Sid: "BoundedRoles",
        Effect: "Allow",
        Action: [
          "iam:CreateRole",
          "iam:PutRolePermissionsBoundary",
          "iam:AttachRolePolicy",
          "iam:DetachRolePolicy",
          "iam:PutRolePolicy",
          "iam:DeleteRolePolicy",
        ],
        Resource: roles,
        Condition: { StringEquals: { "iam:PermissionsBoundary": this.boundaryArn } },
      },
      {
        Sid: "Roles",
        Effect: "Allow",
        Action: [
          "iam:DeleteRole",
          "iam:UpdateRole",
          "iam:UpdateRoleDescription",
          "iam:UpdateAssumeRolePolicy",
          "iam:TagRole",
          "iam:UntagRole",
        ],
        Resource: roles,
      },
      {
        Sid: "Policies",
        Effect: "Allow",
        Action: [
          "iam:CreatePolicy",
          "iam:DeletePolicy",
          "iam:CreatePolicyVersion",
          "iam:DeletePolicyVersion",
          "iam:TagPolicy",
          "iam:UntagPolicy",
        ],
        Resource: environmentArns("policy", this.props),
      },
      {
        Sid: "InstanceProfiles",
        Effect: "Allow",
        Action: [
          "iam:CreateInstanceProfile",
          "iam:DeleteInstanceProfile",
          "iam:AddRoleToInstanceProfile",
          "iam:RemoveRoleFromInstanceProfile",
          "iam:TagInstanceProfile",
          "iam:UntagInstanceProfile",
        ],
        Resource: environmentArns("instance-profile", this.props),
      },
      {
        Sid: "HandOutRoles",
        Effect: "Allow",
        Action: ["iam:PassRole"],
        Resource: [...roles, `${iam}:role/${name}-runner`],
        Condition: { StringEquals: { "iam:PassedToService": ROLE_USERS } },
      },
      {
        Sid: "ReadIdentities",
        Effect: "Allow",
        Action: [
          "iam:GetRole",
          "iam:GetRolePolicy",
          "iam:ListRolePolicies",
          "iam:ListAttachedRolePolicies",
          "iam:ListInstanceProfilesForRole",
          "iam:GetPolicy",
          "iam:GetPolicyVersion",
          "iam:ListPolicyVersions",
          "iam:GetInstanceProfile",
        ],
        Resource: [`${iam}:role/*`, `${iam}:policy/*`, `${iam}:instance-profile/*`, managedPolicyArn(region, "*")],
      },
    ];
  }

  private deployDenials(): PolicyStatement[] {
    const { state } = this.props;
    return [
      {
        Sid: "DenyStateBucket",
        Effect: "Deny",
        NotAction: [...READ_BUCKET, "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
        Resource: [state.bucketArn, `${state.bucketArn}/*`],
      },
      // The states of bootstrap's stacks, with their locks.
      {
        Sid: "DenyBootstrapState",
        Effect: "Deny",
        NotAction: READ_BUCKET,
        Resource: `${state.bucketArn}/bootstrap-*`,
      },
      ...bootstrapDenials(this.props),
      ...(state.lockTableArn === undefined ? [] : lockTableDenials(state.bucketName, state.lockTableArn)),
    ];
  }

  private attach(id: string, role: IamRole, policy: string): void {
    new IamRolePolicyAttachment(this, id, {
      role: role.name,
      policyArn: managedPolicyArn(this.props.region, policy),
    });
  }

  private allow(id: string, role: IamRole, statements: readonly PolicyStatement[]): void {
    new IamRolePolicy(this, id, { name: "permissions", role: role.name, policy: policyDocument(statements) });
  }
}

const READ_BUCKET = ["s3:Get*", "s3:List*"];

/** What holds a lock is an item, and bootstrap's are named after its states. */
function lockTableDenials(bucketName: string, lockTableArn: string): PolicyStatement[] {
  const read = ["dynamodb:Describe*", "dynamodb:Get*", "dynamodb:List*"];
  return [
    {
      Sid: "DenyLockTable",
      Effect: "Deny",
      NotAction: [...read, "dynamodb:PutItem", "dynamodb:DeleteItem"],
      Resource: lockTableArn,
    },
    {
      Sid: "DenyBootstrapLock",
      Effect: "Deny",
      Action: ["dynamodb:PutItem", "dynamodb:DeleteItem"],
      Resource: lockTableArn,
      Condition: { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": `${bucketName}/bootstrap-*` } },
    },
  ];
}

/** Services to which roles of the environment are given. */
const ROLE_USERS = [
  "backup.amazonaws.com",
  "codebuild.amazonaws.com",
  "ec2.amazonaws.com",
  "eks.amazonaws.com",
  "events.amazonaws.com",
  "monitoring.rds.amazonaws.com",
  "pods.eks.amazonaws.com",
  "s3.amazonaws.com",
  "vpc-flow-logs.amazonaws.com",
];

/** Source: https://docs.github.com/en/actions/concepts/security/openid-connect */
function trust(providerArn: string, subjects: readonly string[]): string {
  return policyDocument([
    {
      Effect: "Allow",
      Principal: { Federated: providerArn },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: { StringEquals: { [`${ISSUER}:aud`]: "sts.amazonaws.com", [`${ISSUER}:sub`]: subjects } },
    },
  ]);
}
