import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias";
import { KmsKey as AwsKmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Construct } from "constructs";
import { isGuarded, type Protection } from "../core/protection";
import { accountPrincipals, type PolicyStatement, partition, policyDocument, serviceDomain } from "./iam-policy";

export interface KmsKeyProps {
  /** The key's alias is `alias/<name>`. */
  readonly name: string;
  readonly description: string;
  /** AWS account that owns the key. */
  readonly account: string;
  readonly region: string;
  /**
   * Services that use the key by the key policy: `logs` for CloudWatch log groups, `alarms` for what CloudWatch alarms
   * publish, `ebs` for volumes, whichever principal of the account starts the instance. Other services use it through the
   * permissions of whoever calls them.
   * @default none
   */
  readonly services?: readonly ("logs" | "alarms" | "ebs")[];
  /** Other accounts whose administrators may let their roles decrypt with the key. @default none */
  readonly decryptingAccounts?: readonly string[];
  /** @default "protected": cannot be destroyed; 30 days until a deletion takes effect instead of 7 */
  readonly protection?: Protection;
}

/** A symmetric key, rotated every year. */
export class KmsKey extends Construct {
  readonly keyArn: string;
  readonly keyId: string;

  constructor(scope: Construct, id: string, props: KmsKeyProps) {
    super(scope, id);
    const isDisposable = props.protection === "disposable";
    const key = new AwsKmsKey(this, "key", {
      description: props.description,
      enableKeyRotation: true,
      deletionWindowInDays: isDisposable ? 7 : 30,
      policy: policyDocument([
        accountStatement(props),
        ...(props.services ?? []).map((service) => SERVICE_STATEMENTS[service](props)),
        ...decryptStatements(props),
      ]),
      lifecycle: { preventDestroy: isGuarded(props.protection) },
    });
    new KmsAlias(this, "alias", { name: `alias/${props.name}`, targetKeyId: key.keyId });
    this.keyArn = key.arn;
    this.keyId = key.keyId;
  }
}

/** Without it no IAM policy could grant anything on the key. In a key policy `*` is the key itself. */
function accountStatement({ account, region }: KmsKeyProps): PolicyStatement {
  return {
    Sid: "PermissionsByIam",
    Effect: "Allow",
    Principal: { AWS: `arn:${partition(region)}:iam::${account}:root` },
    Action: "kms:*",
    Resource: "*",
  };
}

/** Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html */
function decryptStatements({ decryptingAccounts = [], region }: KmsKeyProps): PolicyStatement[] {
  if (decryptingAccounts.length === 0) return [];
  return [
    {
      Sid: "DecryptFromOtherAccounts",
      Effect: "Allow",
      Principal: { AWS: accountPrincipals(decryptingAccounts, region) },
      Action: ["kms:Decrypt", "kms:DescribeKey"],
      Resource: "*",
    },
  ];
}

const USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];

const SERVICE_STATEMENTS = {
  /** Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html */
  logs: ({ account, region }: KmsKeyProps): PolicyStatement => ({
    Sid: "CloudWatchLogs",
    Effect: "Allow",
    Principal: { Service: `logs.${region}.${serviceDomain(region)}` },
    Action: USE,
    Resource: "*",
    Condition: {
      ArnLike: {
        "kms:EncryptionContext:aws:logs:arn": `arn:${partition(region)}:logs:${region}:${account}:log-group:*`,
      },
    },
  }),
  /** Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html */
  alarms: ({ account }: KmsKeyProps): PolicyStatement => ({
    Sid: "CloudWatchAlarms",
    Effect: "Allow",
    Principal: { Service: "cloudwatch.amazonaws.com" },
    Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
    Resource: "*",
    Condition: { StringEquals: { "aws:SourceAccount": account } },
  }),
  /**
   * As in the policy of the key that AWS itself manages for EBS. Naming the service-linked role of Auto Scaling
   * instead would fail in an account that has none yet.
   */
  ebs: ({ account, region }: KmsKeyProps): PolicyStatement => ({
    Sid: "ElasticBlockStore",
    Effect: "Allow",
    Principal: { AWS: "*" },
    Action: [...USE, "kms:CreateGrant"],
    Resource: "*",
    Condition: {
      StringEquals: { "kms:CallerAccount": account, "kms:ViaService": `ec2.${region}.${serviceDomain(region)}` },
    },
  }),
};
