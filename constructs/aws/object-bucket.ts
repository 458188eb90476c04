import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { S3BucketCorsConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-cors-configuration";
import { S3BucketLifecycleConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration";
import { S3BucketObjectLockConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-object-lock-configuration";
import { S3BucketOwnershipControls } from "@cdktf/provider-aws/lib/s3-bucket-ownership-controls";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import { S3BucketReplicationConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-replication-configuration";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning";
import { type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import { isGuarded, type Protection } from "../core/protection";
import type { ObjectStore } from "../ports";
import { bucketReadStatements } from "./bucket-read";
import {
  accountPrincipals,
  denyInsecureTransport,
  type PolicyStatement,
  policyDocument,
  trustPolicy,
} from "./iam-policy";

/** A bucket in another region that receives a copy of every object. */
export interface ReplicaBucket {
  readonly bucketArn: string;
  /** Key that encrypts the copies. */
  readonly keyArn: string;
  readonly region: string;
}

export interface ObjectBucketProps {
  /** Unique among all buckets of AWS: 3 to 63 lower-case letters, digits and hyphens. */
  readonly bucketName: string;
  /** Encrypts every object. */
  readonly keyArn: string;
  /** ARN of the key's alias, where uploads name the key by it. @default none */
  readonly keyAliasArn?: string;
  readonly region: string;
  /** Days that replaced and deleted versions are kept. @default 30 */
  readonly noncurrentDays?: number;
  /**
   * Days during which nobody, not even the account's root user, can delete an object version: S3 Object Lock in
   * compliance mode. Governance mode would leave a bypass to administrators, whose stolen credentials are what a lock is
   * for. Choose it with care: neither the objects nor their cost can be got rid of earlier.
   * @default 0: no lock
   */
  readonly lockDays?: number;
  /** Other accounts whose administrators may let their roles read; the key must admit them too. @default none */
  readonly readingAccounts?: readonly string[];
  /** Origins whose pages may read what a signed address gives them, or `*`. @default none */
  readonly readingOrigins?: readonly string[];
  /** @default none */
  readonly replica?: ReplicaBucket;
  /** @default "protected"; any other is destroyed with everything in it, unless it is locked */
  readonly protection?: Protection;
}

/**
 * A private, versioned bucket, encrypted with one key. Uploads that name another encryption or another key are refused;
 * uploads that name none get the bucket's.
 *
 * Identities are granted what they need by `readStatements`, `writeStatements` and `deleteStatements`. None of them may
 * delete versions: those expire.
 *
 * @throws ConfigurationError for a name that S3 refuses, or a lock on a disposable bucket
 */
export class ObjectBucket extends Construct {
  readonly bucketArn: string;
  readonly bucketName: string;
  readonly store: ObjectStore;
  private readonly locked: boolean;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ObjectBucketProps,
  ) {
    super(scope, id);
    const { bucketName, keyArn, noncurrentDays = 30, lockDays = 0 } = props;
    const isDisposable = props.protection === "disposable";
    this.locked = lockDays > 0;
    this.check(isDisposable);

    const bucket = new S3Bucket(this, "bucket", {
      bucket: bucketName,
      // What is locked keeps its bucket: nothing beside it is deleted then.
      forceDestroy: !isGuarded(props.protection) && !this.locked,
      objectLockEnabled: this.locked,
      lifecycle: { preventDestroy: isGuarded(props.protection) },
    });
    this.bucketArn = bucket.arn;
    this.bucketName = bucket.bucket;
    const publicAccess = new S3BucketPublicAccessBlock(this, "public-access", {
      bucket: bucket.id,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    const ownership = new S3BucketOwnershipControls(this, "ownership", {
      bucket: bucket.id,
      rule: { objectOwnership: "BucketOwnerEnforced" },
    });
    const encryption = new S3BucketServerSideEncryptionConfigurationA(this, "encryption", {
      bucket: bucket.id,
      rule: [
        {
          applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: keyArn },
          bucketKeyEnabled: true,
        },
      ],
    });
    const versioning = new S3BucketVersioningA(this, "versioning", {
      bucket: bucket.id,
      versioningConfiguration: { status: "Enabled" },
    });
    const policy = new S3BucketPolicy(this, "policy", {
      bucket: bucket.id,
      policy: policyDocument([...this.guards(), ...this.sharing()]),
      // S3 refuses two changes of one bucket's access at the same time.
      dependsOn: [publicAccess, ownership],
    });
    new S3BucketLifecycleConfiguration(this, "lifecycle", {
      bucket: bucket.id,
      rule: [
        {
          id: "expire-noncurrent-versions",
          status: "Enabled",
          filter: [{}],
          noncurrentVersionExpiration: [{ noncurrentDays }],
          expiration: [{ expiredObjectDeleteMarker: true }],
        },
        {
          id: "abort-incomplete-uploads",
          status: "Enabled",
          filter: [{}],
          abortIncompleteMultipartUpload: [{ daysAfterInitiation: 7 }],
        },
      ],
      dependsOn: [versioning],
    });
    if (props.readingOrigins !== undefined) {
      new S3BucketCorsConfiguration(this, "cors", {
        bucket: bucket.id,
        corsRule: [
          {
            allowedMethods: ["GET", "HEAD"],
            allowedOrigins: [...props.readingOrigins],
            allowedHeaders: ["range"],
            exposeHeaders: ["Accept-Ranges", "Content-Length", "Content-Range"],
            maxAgeSeconds: 3600,
          },
        ],
      });
    }
    if (this.locked) {
      new S3BucketObjectLockConfigurationA(this, "lock", {
        bucket: bucket.id,
        rule: { defaultRetention: { mode: "COMPLIANCE", days: lockDays } },
        dependsOn: [versioning],
      });
    }
    if (props.replica !== undefined) this.replicate(props.replica, versioning);

    this.store = {
      kind: "s3",
      bucketName: bucket.bucket,
      region: props.region,
      ready: [bucket, encryption, versioning, policy],
    };
  }

  /** To list and read objects and their versions. */
  readStatements(): PolicyStatement[] {
    return bucketReadStatements({ bucketArn: this.bucketArn, keyArn: this.props.keyArn });
  }

  /** To upload below `keys` and, where the bucket is locked, to lock for longer. Reading is apart. */
  writeStatements(keys: readonly string[] = ["*"]): PolicyStatement[] {
    return [
      { Effect: "Allow", Action: ["s3:ListBucketMultipartUploads"], Resource: this.bucketArn },
      {
        Effect: "Allow",
        Action: [
          "s3:PutObject",
          "s3:AbortMultipartUpload",
          "s3:ListMultipartUploadParts",
          ...(this.locked ? ["s3:GetObjectRetention", "s3:PutObjectRetention"] : []),
        ],
        Resource: this.objects(keys),
      },
      // Parts of a multipart upload are read back when it is completed.
      { Effect: "Allow", Action: ["kms:GenerateDataKey", "kms:Decrypt"], Resource: this.props.keyArn },
    ];
  }

  /** To delete objects below `keys`; their versions stay until they expire. */
  deleteStatements(keys: readonly string[] = ["*"]): PolicyStatement[] {
    return [{ Effect: "Allow", Action: ["s3:DeleteObject"], Resource: this.objects(keys) }];
  }

  private objects(keys: readonly string[]): string | string[] {
    const arns = keys.map((key) => `${this.bucketArn}/${key}`);
    return arns.length === 1 && arns[0] !== undefined ? arns[0] : arns;
  }

  /**
   * A request that names no encryption at all passes: the bucket's default encrypts it with the bucket's key.
   * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
   */
  private guards(): PolicyStatement[] {
    const { keyArn, keyAliasArn } = this.props;
    const everything = [this.bucketArn, `${this.bucketArn}/*`];
    const deny = { Effect: "Deny", Principal: "*" } as const;
    return [
      denyInsecureTransport("s3:*", everything),
      {
        ...deny,
        Sid: "DenyOldTls",
        Action: "s3:*",
        Resource: everything,
        Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } },
      },
      {
        ...deny,
        Sid: "DenyOtherEncryption",
        Action: "s3:PutObject",
        Resource: `${this.bucketArn}/*`,
        Condition: {
          Null: { "s3:x-amz-server-side-encryption": "false" },
          StringNotEquals: {
            "s3:x-amz-server-side-encryption-aws-kms-key-id":
              keyAliasArn === undefined ? keyArn : [keyArn, keyAliasArn],
          },
        },
      },
      {
        ...deny,
        Sid: "DenyCustomerKeys",
        Action: "s3:PutObject",
        Resource: `${this.bucketArn}/*`,
        Condition: { Null: { "s3:x-amz-server-side-encryption-customer-algorithm": "false" } },
      },
    ];
  }

  private sharing(): PolicyStatement[] {
    const { readingAccounts = [], keyArn, region } = this.props;
    if (readingAccounts.length === 0) return [];
    const Principal = { AWS: accountPrincipals(readingAccounts, region) };
    const statements = bucketReadStatements({ bucketArn: this.bucketArn, keyArn });
    return statements.filter(({ Resource }) => Resource !== keyArn).map((statement) => ({ ...statement, Principal }));
  }

  /** Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html */
  private replicate(replica: ReplicaBucket, versioning: ITerraformDependable): void {
    const { bucketName, keyArn, region } = this.props;
    const role = new IamRole(this, "replication-role", {
      name: `${bucketName.slice(0, 52)}-replication`,
      description: `Replication of ${bucketName}`,
      assumeRolePolicy: trustPolicy("s3.amazonaws.com"),
    });
    const permissions = new IamRolePolicy(this, "replication-policy", {
      name: "replication",
      role: role.name,
      policy: policyDocument([
        { Effect: "Allow", Action: ["s3:GetReplicationConfiguration", "s3:ListBucket"], Resource: this.bucketArn },
        {
          Effect: "Allow",
          Action: [
            "s3:GetObjectVersionForReplication",
            "s3:GetObjectVersionAcl",
            "s3:GetObjectVersionTagging",
            "s3:GetObjectRetention",
            "s3:GetObjectLegalHold",
          ],
          Resource: `${this.bucketArn}/*`,
        },
        {
          Effect: "Allow",
          Action: ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
          Resource: `${replica.bucketArn}/*`,
        },
        {
          Effect: "Allow",
          Action: ["kms:Decrypt"],
          Resource: keyArn,
          Condition: { StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` } },
        },
        {
          Effect: "Allow",
          Action: ["kms:Encrypt", "kms:GenerateDataKey"],
          Resource: replica.keyArn,
          Condition: { StringEquals: { "kms:ViaService": `s3.${replica.region}.amazonaws.com` } },
        },
      ]),
    });
    new S3BucketReplicationConfigurationA(this, "replication", {
      bucket: bucketName,
      role: role.arn,
      rule: [
        {
          id: "everything",
          status: "Enabled",
          filter: {},
          // A deletion stays in its region, so that the copy outlives a mistake.
          deleteMarkerReplication: { status: "Disabled" },
          sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
          destination: { bucket: replica.bucketArn, encryptionConfiguration: { replicaKmsKeyId: replica.keyArn } },
        },
      ],
      dependsOn: [versioning, permissions],
    });
  }

  /** Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
  private check(isDisposable: boolean): void {
    const { bucketName, lockDays } = this.props;
    if (!Token.isUnresolved(bucketName) && !/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucketName)) {
      refuse(this.node.path, {
        path: "bucketName",
        given: bucketName,
        allowed: "3 to 63 lower-case letters, digits and hyphens, neither first nor last a hyphen",
        remedy: "choose another name",
      });
    }
    if (this.locked && isDisposable) {
      refuse(this.node.path, {
        path: "lockDays",
        given: lockDays,
        allowed: "0 where protection is disposable: a locked object cannot be destroyed",
        remedy: "leave lockDays out, or protect the bucket",
      });
    }
  }
}
