import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { S3BucketLifecycleConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration";
import { S3BucketOwnershipControls } from "@cdktf/provider-aws/lib/s3-bucket-ownership-controls";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { Protection } from "../core/protection";
import { denyInsecureTransport, partition, policyDocument } from "./iam-policy";

export interface AccessLogBucketProps {
  /** Unique among all buckets of AWS: 3 to 63 lower-case letters, digits and hyphens. */
  readonly bucketName: string;
  readonly account: string;
  readonly region: string;
  /** Days that logs are kept. */
  readonly retentionDays: number;
  /** @default "protected"; a disposable bucket is destroyed with everything in it */
  readonly protection?: Protection;
}

/**
 * Where the account's load balancers write their access logs. Encrypted with a key of S3 itself: Elastic Load Balancing
 * delivers to no other.
 * Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
 */
export class AccessLogBucket extends Construct {
  readonly bucketName: string;
  /** What a load balancer must wait for before it can write. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: AccessLogBucketProps) {
    super(scope, id);
    const { bucketName, account, region, retentionDays } = props;
    const isProtected = props.protection !== "disposable";
    const { bucket, arn } = new S3Bucket(this, "bucket", {
      bucket: bucketName,
      forceDestroy: !isProtected,
      lifecycle: { preventDestroy: isProtected },
    });
    const publicAccess = new S3BucketPublicAccessBlock(this, "public-access", {
      bucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    new S3BucketOwnershipControls(this, "ownership", { bucket, rule: { objectOwnership: "BucketOwnerEnforced" } });
    new S3BucketServerSideEncryptionConfigurationA(this, "encryption", {
      bucket,
      rule: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
    });
    const versioning = new S3BucketVersioningA(this, "versioning", {
      bucket,
      versioningConfiguration: { status: "Enabled" },
    });
    new S3BucketLifecycleConfiguration(this, "lifecycle", {
      bucket,
      rule: [
        {
          id: "expire",
          status: "Enabled",
          filter: [{ prefix: "" }],
          expiration: [{ days: retentionDays }],
          noncurrentVersionExpiration: [{ noncurrentDays: 1 }],
          abortIncompleteMultipartUpload: [{ daysAfterInitiation: 1 }],
        },
      ],
      dependsOn: [versioning],
    });
    const policy = new S3BucketPolicy(this, "policy", {
      bucket,
      policy: policyDocument([
        {
          Sid: "LoadBalancers",
          Effect: "Allow",
          Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
          Action: "s3:PutObject",
          Resource: `${arn}/AWSLogs/${account}/*`,
          Condition: {
            ArnLike: {
              "aws:SourceArn": `arn:${partition(region)}:elasticloadbalancing:${region}:${account}:loadbalancer/*`,
            },
          },
        },
        denyInsecureTransport("s3:*", [arn, `${arn}/*`]),
      ]),
      dependsOn: [publicAccess],
    });
    this.bucketName = bucket;
    this.ready = [policy];
  }
}
