import { TerraformResource } from "cdktf";
import { Construct } from "constructs";
import type { Protection } from "../core/protection";
import { KmsKey } from "./kms-key";
import { ObjectBucket, type ReplicaBucket } from "./object-bucket";

export interface ObjectBucketReplicaProps {
  readonly bucketName: string;
  readonly account: string;
  /** Another region than that of the bucket it copies. */
  readonly region: string;
  /** As the bucket it copies: S3 keeps the lock of a replicated object only where the copy's bucket is locked as well. */
  readonly lockDays?: number;
  /** @default "protected" */
  readonly protection?: Protection;
}

/** A bucket in another region, with its own key, to give to `ObjectBucket` as its `replica`. */
export class ObjectBucketReplica extends Construct implements ReplicaBucket {
  readonly bucketArn: string;
  readonly keyArn: string;
  readonly region: string;

  constructor(scope: Construct, id: string, props: ObjectBucketReplicaProps) {
    super(scope, id);
    const { bucketName, account, region, lockDays, protection } = props;
    const key = new KmsKey(this, "key", {
      name: bucketName,
      description: `Objects in ${bucketName}`,
      account,
      region,
      protection,
    });
    const bucket = new ObjectBucket(this, "bucket", { bucketName, keyArn: key.keyArn, region, lockDays, protection });
    for (const node of this.node.findAll()) {
      if (TerraformResource.isTerraformResource(node)) node.addOverride("region", region);
    }
    this.bucketArn = bucket.bucketArn;
    this.keyArn = key.keyArn;
    this.region = region;
  }
}
