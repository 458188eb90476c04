import { StorageBucket } from "@cdktf/provider-google/lib/storage-bucket";
import { StorageBucketIamMember } from "@cdktf/provider-google/lib/storage-bucket-iam-member";
import { type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import { isGuarded, type Protection } from "../core/protection";
import type { ObjectStore } from "../ports";
import type { ObjectStoreKey } from "./object-store-key";

export interface GcsBucketProps {
  /** Unique in the whole world: 3 to 63 lower-case letters, digits and hyphens. */
  readonly bucketName: string;
  readonly project: string;
  /** A region; data never leaves it. */
  readonly location: string;
  /** Cloud KMS key of the same region, which Cloud Storage's service agent may use. */
  readonly keyId: string;
  /** Days for which an overwritten or deleted object is kept as a noncurrent version. @default 30 */
  readonly noncurrentDays?: number;
  /**
   * Days for which whatever has been deleted, noncurrent versions too, can be restored: 7 to 90, or 0 for none.
   * @default 7 where protected, 0 where disposable
   */
  readonly softDeleteDays?: number;
  /**
   * Object Retention Lock: a writer may lock single objects until a date, so that nobody can delete them before.
   * It cannot be turned on or off later.
   * @default false
   */
  readonly objectRetention?: boolean;
  /** Origins whose pages may read what a signed address gives them, or `*`. @default none */
  readonly readingOrigins?: readonly string[];
  /** The key by which the S3 interface is used. @default none: the identity of the pod is enough */
  readonly key?: ObjectStoreKey;
  /** What must exist first, such as the service agent's grant on a key that is made beside the bucket. @default nothing */
  readonly dependsOn?: readonly ITerraformDependable[];
  /** @default "protected" */
  readonly protection?: Protection;
}

/**
 * A private bucket: uniform access, no public access, one customer-managed key, versions, soft delete.
 *
 * Retention is locked object by object rather than for the bucket: a bucket's retention policy excludes versioning and
 * would forbid to overwrite the small objects by which a backup repository coordinates its writers, and once locked
 * it could never be shortened (https://cloud.google.com/storage/docs/bucket-lock,
 * https://cloud.google.com/storage/docs/object-lock).
 */
export class GcsBucket extends Construct {
  readonly store: ObjectStore;
  private readonly bucket: StorageBucket;

  constructor(scope: Construct, id: string, props: GcsBucketProps) {
    super(scope, id);
    this.check(props);
    const { bucketName, project, location, keyId, key, noncurrentDays = 30, objectRetention = false } = props;
    const isDisposable = props.protection === "disposable";
    const softDeleteDays = props.softDeleteDays ?? (isDisposable ? 0 : 7);
    this.bucket = new StorageBucket(this, "bucket", {
      project,
      name: bucketName,
      location,
      storageClass: "STANDARD",
      uniformBucketLevelAccess: true,
      publicAccessPrevention: "enforced",
      encryption: { defaultKmsKeyName: keyId },
      versioning: { enabled: true },
      enableObjectRetention: objectRetention,
      softDeletePolicy: { retentionDurationSeconds: softDeleteDays * 24 * 3600 },
      lifecycleRule: [
        {
          action: { type: "Delete" },
          condition: { daysSinceNoncurrentTime: noncurrentDays, withState: "ARCHIVED" },
        },
        { action: { type: "AbortIncompleteMultipartUpload" }, condition: { age: 7 } },
      ],
      cors: props.readingOrigins && [
        {
          method: ["GET", "HEAD"],
          origin: [...props.readingOrigins],
          // Those that a page may read, and those that it may send.
          responseHeader: ["Accept-Ranges", "Content-Length", "Content-Range", "Range"],
          maxAgeSeconds: 3600,
        },
      ],
      // What is locked keeps its bucket: nothing beside it is deleted then.
      forceDestroy: !isGuarded(props.protection) && !objectRetention,
      lifecycle: { preventDestroy: isGuarded(props.protection) },
      dependsOn: props.dependsOn === undefined ? undefined : [...props.dependsOn],
    });
    this.store = {
      kind: "gcs",
      bucketName,
      region: location,
      endpoint: "https://storage.googleapis.com",
      secret: key?.secret,
      ready: [this.bucket, ...(key?.ready ?? [])],
    };
  }

  /** Lets `member` read objects and the bucket's configuration. */
  grantRead(id: string, member: string): ITerraformDependable[] {
    return this.grant(id, member, "roles/storage.objectViewer");
  }

  /**
   * Lets `member` read, write and delete objects, and read the bucket's configuration.
   *
   * `role` replaces `roles/storage.objectUser`, which may not lock objects.
   */
  grantWrite(id: string, member: string, role = "roles/storage.objectUser"): ITerraformDependable[] {
    return this.grant(id, member, role);
  }

  /**
   * Lets `member` do what `role` allows; with `prefixes`, only with objects whose names begin with one of them.
   * Source: https://cloud.google.com/storage/docs/access-control/iam#conditions
   */
  grantRole(id: string, member: string, role: string, prefixes?: readonly string[]): ITerraformDependable {
    const bucket = this.bucket.name;
    const expression = prefixes
      ?.map((prefix) => `resource.name.startsWith("projects/_/buckets/${bucket}/objects/${prefix}")`)
      .join(" || ");
    return new StorageBucketIamMember(this, id, {
      bucket,
      role,
      member,
      condition: expression === undefined ? undefined : { title: id, expression },
    });
  }

  private grant(id: string, member: string, role: string): ITerraformDependable[] {
    const bucket = this.bucket.name;
    return [
      new StorageBucketIamMember(this, `${id}-objects`, { bucket, role, member }),
      new StorageBucketIamMember(this, `${id}-bucket`, { bucket, role: "roles/storage.legacyBucketReader", member }),
    ];
  }

  private check({ bucketName, softDeleteDays, noncurrentDays }: GcsBucketProps): void {
    const { path } = this.node;
    const isName = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucketName) && !/^goog|google|g00gle/.test(bucketName);
    if (!Token.isUnresolved(bucketName) && !isName) {
      refuse(path, {
        path: "bucketName",
        given: bucketName,
        allowed: '3 to 63 lower-case letters, digits and hyphens, without "google", neither first nor last a hyphen',
        remedy: "choose another name",
      });
    }
    if (softDeleteDays !== undefined && softDeleteDays !== 0 && (softDeleteDays < 7 || softDeleteDays > 90)) {
      refuse(path, {
        path: "softDeleteDays",
        given: softDeleteDays,
        allowed: "0, or 7 to 90",
        remedy: "change the value",
      });
    }
    if (noncurrentDays !== undefined && noncurrentDays < 1) {
      refuse(path, { path: "noncurrentDays", given: noncurrentDays, allowed: "1 or more", remedy: "raise the value" });
    }
  }
}
