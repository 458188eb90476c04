import { GcsBucket, type GcsBucketProps } from "../../../constructs/google/gcs-bucket";
import { Template } from "../../support/template";

const KEY = "projects/example-moodle/locations/europe-west3/keyRings/moodle/cryptoKeys/data";
const props: GcsBucketProps = {
  bucketName: "moodle-production-1-files-example-moodle",
  project: "example-moodle",
  location: "europe-west3",
  keyId: KEY,
};

function build(more: Partial<GcsBucketProps> = {}) {
  let bucket!: GcsBucket;
  const template = Template.from((scope) => {
    bucket = new GcsBucket(scope, "bucket", { ...props, ...more });
    bucket.grantRead("reader", "serviceAccount:reader");
    bucket.grantWrite("writer", "serviceAccount:writer");
    bucket.grantWrite("locker", "serviceAccount:locker", "projects/example-moodle/roles/locker");
  });
  return { bucket, template };
}

describe("GcsBucket", () => {
  const { bucket, template } = build();
  const resource = template.only("google_storage_bucket");

  test("is closed to the public, and knows no access but IAM's", () => {
    expect(resource).toMatchObject({ public_access_prevention: "enforced", uniform_bucket_level_access: true });
  });

  test("encrypts with the key that was given", () => {
    expect(resource.encryption).toEqual({ default_kms_key_name: KEY });
  });

  test("keeps noncurrent versions for 30 days, and nothing live is ever expired", () => {
    expect(resource.versioning).toEqual({ enabled: true });
    expect(resource.lifecycle_rule).toContainEqual({
      action: { type: "Delete" },
      condition: { days_since_noncurrent_time: 30, with_state: "ARCHIVED" },
    });
    const deletions = resource.lifecycle_rule.filter(
      ({ action }: { action: { type: string } }) => action.type === "Delete",
    );
    expect(deletions).toHaveLength(1);
  });

  test("lets pages read of the origins that are named, ranges too, and nobody's by default", () => {
    expect(resource).not.toHaveProperty("cors");
    expect(build({ readingOrigins: ["*"] }).template.only("google_storage_bucket").cors).toEqual([
      {
        method: ["GET", "HEAD"],
        origin: ["*"],
        response_header: ["Accept-Ranges", "Content-Length", "Content-Range", "Range"],
        max_age_seconds: 3600,
      },
    ]);
  });

  test("clears up uploads that were never finished", () => {
    expect(resource.lifecycle_rule).toContainEqual({
      action: { type: "AbortIncompleteMultipartUpload" },
      condition: { age: 7 },
    });
  });

  test("cannot be lost where protected", () => {
    expect(resource).toMatchObject({
      force_destroy: false,
      lifecycle: { prevent_destroy: true },
      soft_delete_policy: { retention_duration_seconds: 604800 },
    });
  });

  test("goes with all that is in it where disposable, and at once", () => {
    expect(build({ protection: "disposable" }).template.only("google_storage_bucket")).toMatchObject({
      force_destroy: true,
      lifecycle: { prevent_destroy: false },
      soft_delete_policy: { retention_duration_seconds: 0 },
    });
  });

  test("locks objects rather than the bucket, whose lock would exclude versioning", () => {
    const locking = build({ objectRetention: true }).template.only("google_storage_bucket");
    expect(locking.enable_object_retention).toBe(true);
    expect(locking).not.toHaveProperty("retention_policy");
  });

  test.each([
    ["reader", "roles/storage.objectViewer"],
    ["writer", "roles/storage.objectUser"],
    ["locker", "projects/example-moodle/roles/locker"],
  ])("lets a %s do what %s allows, and read the configuration", (who, role) => {
    const members = template.resources("google_storage_bucket_iam_member");
    const roles = members.filter(({ member }) => member === `serviceAccount:${who}`).map((one) => one.role);
    expect(roles.sort()).toEqual([role, "roles/storage.legacyBucketReader"].sort());
  });

  test("is reached by the S3 interface", () => {
    expect(bucket.store).toMatchObject({
      kind: "gcs",
      bucketName: props.bucketName,
      endpoint: "https://storage.googleapis.com",
    });
    expect(bucket.store.secret).toBeUndefined();
  });

  // Source: https://cloud.google.com/storage/docs/buckets#naming
  test.each(["ab", "Moodle-files", "moodle_files", "goog-files", "my-google-files", "-moodle"])(
    "refuses the name %p",
    (bucketName) => {
      expect(() => build({ bucketName })).toThrow(/bucket\.bucketName/);
    },
  );

  test.each([1, 6, 91])("refuses to keep what is deleted for %p days", (softDeleteDays) => {
    expect(() => build({ softDeleteDays })).toThrow(/bucket\.softDeleteDays/);
  });
});
