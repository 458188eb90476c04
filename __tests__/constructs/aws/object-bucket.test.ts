import { ObjectBucket, type ObjectBucketProps } from "../../../constructs/aws/object-bucket";
import { ObjectBucketReplica } from "../../../constructs/aws/object-bucket-replica";
import { ConfigurationError } from "../../../constructs/core/errors";
import { type Resource, Template } from "../../support/template";

const base: ObjectBucketProps = {
  bucketName: "moodle-production-1-files-111122223333",
  keyArn: "arn:aws:kms:eu-central-1:111122223333:key/1",
  region: "eu-central-1",
};

function build(props: Partial<ObjectBucketProps> = {}) {
  let bucket: ObjectBucket | undefined;
  const template = Template.from((scope) => {
    bucket = new ObjectBucket(scope, "bucket", { ...base, ...props });
  });
  return { template, bucket: bucket as unknown as ObjectBucket };
}

const statement = (template: Template, sid: string): Resource =>
  JSON.parse(template.only("aws_s3_bucket_policy").policy).Statement.find(({ Sid }: Resource) => Sid === sid);

const actionsOf = (statements: readonly { readonly Action?: string | readonly string[] }[]) =>
  statements.flatMap(({ Action = [] }) => Action);

describe("a bucket", () => {
  const { template, bucket } = build();

  test("is closed to the public in all four ways, and to lists of its own", () => {
    expect(template.only("aws_s3_bucket_public_access_block")).toMatchObject({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    });
    expect(template.only("aws_s3_bucket_ownership_controls").rule.object_ownership).toBe("BucketOwnerEnforced");
  });

  test("encrypts with the given key, asking it once for many objects", () => {
    const [rule] = template.only("aws_s3_bucket_server_side_encryption_configuration").rule;
    expect(rule).toMatchObject({
      bucket_key_enabled: true,
      apply_server_side_encryption_by_default: { sse_algorithm: "aws:kms", kms_master_key_id: base.keyArn },
    });
  });

  test("keeps former versions for a while", () => {
    expect(template.only("aws_s3_bucket_versioning").versioning_configuration.status).toBe("Enabled");
    const [expiry, uploads] = template.only("aws_s3_bucket_lifecycle_configuration").rule;
    expect(expiry.noncurrent_version_expiration).toEqual([{ noncurrent_days: 30 }]);
    expect(uploads.abort_incomplete_multipart_upload).toEqual([{ days_after_initiation: 7 }]);
  });

  test("refuses plain HTTP and TLS before 1.2", () => {
    expect(statement(template, "DenyInsecureTransport").Condition).toEqual({
      Bool: { "aws:SecureTransport": "false" },
    });
    expect(statement(template, "DenyOldTls").Condition).toEqual({ NumericLessThan: { "s3:TlsVersion": "1.2" } });
  });

  test("refuses an upload that names another encryption, and no upload that names none", () => {
    expect(statement(template, "DenyOtherEncryption")).toMatchObject({
      Effect: "Deny",
      Action: "s3:PutObject",
      Condition: {
        Null: { "s3:x-amz-server-side-encryption": "false" },
        StringNotEquals: { "s3:x-amz-server-side-encryption-aws-kms-key-id": base.keyArn },
      },
    });
    expect(statement(template, "DenyCustomerKeys").Effect).toBe("Deny");
  });

  test("is protected, and has no lock unless asked", () => {
    expect(template.only("aws_s3_bucket")).toMatchObject({
      force_destroy: false,
      object_lock_enabled: false,
      lifecycle: { prevent_destroy: true },
    });
    expect(template.resources("aws_s3_bucket_object_lock_configuration")).toEqual([]);
  });

  test("lets nobody delete versions, and only those delete objects who are told so", () => {
    const actions = actionsOf([...bucket.readStatements(), ...bucket.writeStatements(), ...bucket.deleteStatements()]);
    expect(actions).not.toContain("s3:DeleteObjectVersion");
    expect(actionsOf([...bucket.readStatements(), ...bucket.writeStatements()])).not.toContain("s3:DeleteObject");
    expect(actionsOf(bucket.deleteStatements())).toEqual(["s3:DeleteObject"]);
  });

  test("grants readers nothing that writes, and writers the key", () => {
    expect(actionsOf(bucket.readStatements()).filter((action) => /:(Put|Delete|Create|Generate)/.test(action))).toEqual(
      [],
    );
    expect(actionsOf(bucket.writeStatements())).toEqual(
      expect.arrayContaining(["s3:PutObject", "kms:GenerateDataKey"]),
    );
  });

  test("is an S3 store without a secret", () => {
    expect(bucket.store).toMatchObject({ kind: "s3", region: "eu-central-1" });
    expect(bucket.store.secret).toBeUndefined();
  });
});

test("pages of the origins that are named may read, ranges too, and nobody's by default", () => {
  const { template } = build({ readingOrigins: ["*"] });
  expect(template.only("aws_s3_bucket_cors_configuration").cors_rule).toEqual([
    {
      allowed_methods: ["GET", "HEAD"],
      allowed_origins: ["*"],
      allowed_headers: ["range"],
      expose_headers: ["Accept-Ranges", "Content-Length", "Content-Range"],
      max_age_seconds: 3600,
    },
  ]);
  expect(build().template.resources("aws_s3_bucket_cors_configuration")).toEqual([]);
});

test("an alias that uploads may name is let in beside the key", () => {
  const { template } = build({ keyAliasArn: "arn:aws:kms:eu-central-1:111122223333:alias/a" });
  expect(
    statement(template, "DenyOtherEncryption").Condition.StringNotEquals[
      "s3:x-amz-server-side-encryption-aws-kms-key-id"
    ],
  ).toEqual([base.keyArn, "arn:aws:kms:eu-central-1:111122223333:alias/a"]);
});

test("other accounts read where they are named, and nowhere else", () => {
  const sharedWith = (readingAccounts?: string[]) => {
    const { Statement } = JSON.parse(build({ readingAccounts }).template.only("aws_s3_bucket_policy").policy);
    return Statement.filter(({ Effect }: { Effect: string }) => Effect === "Allow");
  };
  expect(sharedWith()).toEqual([]);
  const statements = sharedWith(["444455556666"]);
  expect(statements).toHaveLength(2);
  for (const { Principal, Action } of statements) {
    expect(Principal).toEqual({ AWS: ["arn:aws:iam::444455556666:root"] });
    expect(Action.filter((action: string) => !/^s3:(Get|List)/.test(action))).toEqual([]);
  }
});

describe("a locked bucket", () => {
  const { template, bucket } = build({ lockDays: 30 });

  test("is locked against everybody, root included, once versioning is on", () => {
    expect(template.only("aws_s3_bucket").object_lock_enabled).toBe(true);
    const lock = template.only("aws_s3_bucket_object_lock_configuration");
    expect(lock.rule.default_retention).toEqual({ mode: "COMPLIANCE", days: 30 });
    expect(lock.depends_on).toEqual([expect.stringMatching(/^aws_s3_bucket_versioning\./)]);
  });

  test("lets writers lock for longer", () => {
    expect(actionsOf(bucket.writeStatements())).toContain("s3:PutObjectRetention");
    expect(actionsOf(bucket.writeStatements())).not.toContain("s3:BypassGovernanceRetention");
  });
});

describe("a bucket with a replica", () => {
  const template = Template.from((scope) => {
    const replica = new ObjectBucketReplica(scope, "replica", {
      bucketName: "moodle-production-1-copy-111122223333",
      account: "111122223333",
      region: "eu-west-1",
      lockDays: 30,
    });
    new ObjectBucket(scope, "bucket", { ...base, lockDays: 30, replica });
  });
  const replication = template.only("aws_s3_bucket_replication_configuration");

  test("copies every encrypted object, under the replica's own key", () => {
    const [rule] = replication.rule;
    expect(rule).toMatchObject({
      status: "Enabled",
      source_selection_criteria: { sse_kms_encrypted_objects: { status: "Enabled" } },
    });
    expect(rule.destination.encryption_configuration.replica_kms_key_id).toMatch(/aws_kms_key\.replica/);
  });

  test("does not copy deletions", () => {
    expect(replication.rule[0].delete_marker_replication.status).toBe("Disabled");
  });

  test("has a role that may not delete, nor use a key but through S3", () => {
    const { Statement } = JSON.parse(template.only("aws_iam_role_policy").policy);
    for (const { Action, Condition } of Statement.filter(({ Action }: Resource) => /^kms:/.test(Action[0]))) {
      expect([Action, Condition.StringEquals["kms:ViaService"]]).toEqual([
        Action,
        expect.stringMatching(/^s3\.eu-(central|west)-1\.amazonaws\.com$/),
      ]);
    }
    expect(JSON.stringify(Statement)).not.toContain("s3:DeleteObject");
  });

  test("has everything of the replica in the other region, and nothing else", () => {
    const regions = template
      .types()
      .flatMap((type) =>
        Object.entries(template.all(type)).map(([id, { region }]) => [id.startsWith("replica_"), region]),
      );
    expect(regions.filter(([isReplica, region]) => region !== (isReplica ? "eu-west-1" : undefined))).toEqual([]);
    expect(regions.some(([isReplica]) => isReplica)).toBe(true);
  });
});

test("a disposable bucket is destroyed with what is in it", () => {
  const { template } = build({ protection: "disposable" });
  expect(template.only("aws_s3_bucket")).toMatchObject({
    force_destroy: true,
    lifecycle: { prevent_destroy: false },
  });
});

test.each([
  ["a lock on a disposable bucket", { lockDays: 1, protection: "disposable" }, "lockDays"],
  ["a name in capitals", { bucketName: "Moodle" }, "bucketName"],
  ["a name too long", { bucketName: "a".repeat(64) }, "bucketName"],
] as const)("refuses %s", (_, props, path) => {
  expect(() => build(props)).toThrow(ConfigurationError);
  expect(() => build(props)).toThrow(`test/bucket.${path}`);
});
