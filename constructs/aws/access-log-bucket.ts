import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { S3BucketLifecycleConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration";
import { S3BucketOwnershipControls } from "@cdktf/provider-aws/lib/s3-bucket-ownership-controls";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { isGuarded, type Protection } from "../core/protection";
import { CLOUDFRONT_REGION } from "./cloudfront-region";
import { denyInsecureTransport, type PolicyStatement, partition, policyDocument } from "./iam-policy";

export interface AccessLogBucketProps {
  /** Unique among all buckets of AWS: 3 to 63 lower-case letters, digits and hyphens. */
  readonly bucketName: string;
  readonly account: string;
  readonly region: string;
  /** Days that logs are kept. */
  readonly retentionDays: number;
  /** Delivery source of CloudFront's logs, which go here as well. @default none, load balancers write alone */
  readonly deliverySourceName?: string;
  /** @default "protected"; any other is destroyed with everything in it */
  readonly protection?: Protection;
}

/**
 * Where the account's load balancers write their access logs, and CloudFront its own. Encrypted with a key of S3 itself: Elastic
 * Load Balancing delivers to no other.
 * Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
 */
export class AccessLogBucket extends Construct {
  readonly bucketName: string;
  readonly bucketArn: string;
  /** What must be there before anything can write. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: AccessLogBucketProps) {
    super(scope, id);
    const { bucketName, account, region, retentionDays, deliverySourceName } = props;
    const { bucket, arn } = new S3Bucket(this, "bucket", {
      bucket: bucketName,
      forceDestroy: !isGuarded(props.protection),
      lifecycle: { preventDestroy: isGuarded(props.protection) },
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
        ...(deliverySourceName === undefined ? [] : [deliveryStatement(arn, deliverySourceName, account)]),
        denyInsecureTransport("s3:*", [arn, `${arn}/*`]),
      ]),
      dependsOn: [publicAccess],
    });
    this.bucketName = bucket;
    this.bucketArn = arn;
    this.ready = [policy];
  }
}

/** Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html */
function deliveryStatement(bucketArn: string, sourceName: string, account: string): PolicyStatement {
  return {
    Sid: "LogDelivery",
    Effect: "Allow",
    Principal: { Service: "delivery.logs.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: `${bucketArn}/AWSLogs/${account}/*`,
    Condition: {
      StringEquals: { "s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": account },
      ArnEquals: {
        "aws:SourceArn": `arn:${partition(CLOUDFRONT_REGION)}:logs:${CLOUDFRONT_REGION}:${account}:delivery-source:${sourceName}`,
      },
    },
  };
}
