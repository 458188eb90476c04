import { DynamodbTable } from "@cdktf/provider-aws/lib/dynamodb-table";
import { Construct } from "constructs";
import { type PolicyStatement, partition } from "./iam-policy";
import { KmsKey } from "./kms-key";
import { ObjectBucket } from "./object-bucket";

export interface StateBucketProps {
  /** First part of the names of key and lock table, such as `moodle-production`. */
  readonly name: string;
  readonly bucketName: string;
  readonly account: string;
  readonly region: string;
  /** What keeps two runs apart: a file beside each state, or a DynamoDB table. @default "file" */
  readonly lock?: "file" | "dynamodb";
}

/** Name of the alias of the key that encrypts the state. */
export function stateKeyAlias(name: string): string {
  return `alias/${name}-state`;
}

/** Name of the table that locks the state. */
export function stateLockTable(name: string): string {
  return `${name}-state-lock`;
}

/**
 * The bucket of Terraform's states, one `<stack>.tfstate` each, with a key of its own. Former states are kept for 90 days.
 * Neither bucket, key nor lock table can be destroyed by Terraform, whatever the environment's protection: a state that is
 * gone leaves everything it described without an owner.
 */
export class StateBucket extends Construct {
  readonly bucketArn: string;
  readonly bucketName: string;
  readonly keyArn: string;
  /** Present where a table holds the lock. */
  readonly lockTableArn: string | undefined;

  constructor(scope: Construct, id: string, props: StateBucketProps) {
    super(scope, id);
    const { name, bucketName, account, region } = props;
    const alias = stateKeyAlias(name);
    const key = new KmsKey(this, "key", {
      name: alias.slice("alias/".length),
      description: `Terraform state of ${name}`,
      account,
      region,
    });
    const bucket = new ObjectBucket(this, "bucket", {
      bucketName,
      keyArn: key.keyArn,
      keyAliasArn: `arn:${partition(region)}:kms:${region}:${account}:${alias}`,
      region,
      noncurrentDays: 90,
    });
    this.bucketArn = bucket.bucketArn;
    this.bucketName = bucket.bucketName;
    this.keyArn = key.keyArn;
    if (props.lock === "dynamodb") this.lockTableArn = this.createLockTable(stateLockTable(name)).arn;
  }

  /** To read every state, and to hold a lock meanwhile. */
  planStatements(): PolicyStatement[] {
    return [
      { Effect: "Allow", Action: ["s3:ListBucket", "s3:GetBucketVersioning"], Resource: this.bucketArn },
      { Effect: "Allow", Action: ["s3:GetObject"], Resource: `${this.bucketArn}/*.tfstate` },
      ...(this.lockTableArn === undefined
        ? [
            {
              Effect: "Allow" as const,
              Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
              Resource: `${this.bucketArn}/*.tflock`,
            },
          ]
        : [
            {
              Effect: "Allow" as const,
              Action: ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"],
              Resource: this.lockTableArn,
            },
          ]),
      {
        Effect: "Allow",
        Action: ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
        Resource: this.keyArn,
      },
    ];
  }

  /** Source: https://developer.hashicorp.com/terraform/language/backend/s3#dynamodb-state-locking */
  private createLockTable(name: string): DynamodbTable {
    return new DynamodbTable(this, "lock", {
      name,
      billingMode: "PAY_PER_REQUEST",
      hashKey: "LockID",
      attribute: [{ name: "LockID", type: "S" }],
      pointInTimeRecovery: { enabled: true },
      serverSideEncryption: { enabled: true, kmsKeyArn: this.keyArn },
      deletionProtectionEnabled: true,
      lifecycle: { preventDestroy: true },
    });
  }
}
