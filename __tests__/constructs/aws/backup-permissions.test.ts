import { type BackupPermissionsProps, backupPermissions } from "../../../constructs/aws/backup-permissions";
import type { PolicyStatement } from "../../../constructs/aws/iam-policy";
import { ObjectBucket } from "../../../constructs/aws/object-bucket";
import { Template } from "../../support/template";

const PLACE = { keyArn: "arn:aws:kms:eu-central-1:111122223333:key/k", region: "eu-central-1" };
const SNAPSHOT = "snapshots/01K3V7X2M9QZ4T8RWB6YHNCDEF.json";

function permissions(withObjects = true, restoreFrom?: BackupPermissionsProps["restoreFrom"]) {
  let result!: ReturnType<typeof backupPermissions>;
  let arns!: { backups: string; objects: string };
  Template.from((scope) => {
    const backups = new ObjectBucket(scope, "backups", { ...PLACE, bucketName: "backups", lockDays: 30 });
    const objects = new ObjectBucket(scope, "objects", { ...PLACE, bucketName: "files" });
    arns = { backups: backups.bucketArn, objects: objects.bucketArn };
    result = backupPermissions({ backups, objects: withObjects ? objects : undefined, restoreFrom });
  });
  return { result, arns };
}

const { result, arns } = permissions();

/** Whether the statements allow an action on an object, by the rules of IAM's wildcards. */
function may(statements: readonly PolicyStatement[], action: string, resource: string): boolean {
  return statements.some(({ Action, Resource }) => {
    const matches = (pattern: string) =>
      pattern.endsWith("*") ? resource.startsWith(pattern.slice(0, -1)) : resource === pattern;
    return [Action].flat().includes(action) && [Resource].flat().some((one) => matches(String(one)));
  });
}

const inBackups = (key: string) => `${arns.backups}/${key}`;
const inObjects = (key: string) => `${arns.objects}/${key}`;

test.each(Object.entries(result))(
  "%s reads the backups, and can neither end a version nor shorten a lock",
  (_, given: readonly PolicyStatement[]) => {
    expect(may(given, "s3:GetObject", inBackups(SNAPSHOT))).toBe(true);
    const actions = given.flatMap(({ Action = [] }) => Action);
    expect(
      actions.filter((action) =>
        /DeleteObjectVersion|Bypass|PutBucket|PutLifecycle|LegalHold|kms:\*|s3:\*/.test(action),
      ),
    ).toEqual([]);
  },
);

test("a snapshot reads Moodle's files, and writes none of them", () => {
  expect(may(result.snapshot, "s3:GetObjectVersion", inObjects("aa/bb/cc"))).toBe(true);
  expect(may(result.snapshot, "s3:PutObject", inObjects("aa/bb/cc"))).toBe(false);
});

test("a snapshot writes and locks, and takes back a file at most", () => {
  for (const action of ["s3:PutObject", "s3:PutObjectRetention"]) {
    expect(may(result.snapshot, action, inBackups(SNAPSHOT))).toBe(true);
  }
  expect(may(result.snapshot, "s3:DeleteObject", inBackups("blobs/aa/bb/cc"))).toBe(true);
  for (const key of [SNAPSHOT, "dumps/x/toc.dat", "refs/aa", "config.json"]) {
    expect(may(result.snapshot, "s3:DeleteObject", inBackups(key))).toBe(false);
  }
});

test("verifications and drills add results, and nothing else", () => {
  expect(may(result.verify, "s3:PutObject", inBackups("drills/x.json"))).toBe(true);
  expect(may(result.verify, "s3:PutObject", inBackups("verifications/x.json"))).toBe(true);
  for (const key of [SNAPSHOT, "blobs/aa/bb/cc", "lease.json", "config.json"]) {
    expect(may(result.verify, "s3:PutObject", inBackups(key))).toBe(false);
    expect(may(result.verify, "s3:DeleteObject", inBackups(key))).toBe(false);
  }
  expect(may(result.verify, "s3:GetObject", inObjects("aa/bb/cc"))).toBe(false);
});

test("pruning deletes, and can forge nothing", () => {
  expect(may(result.prune, "s3:DeleteObject", inBackups(SNAPSHOT))).toBe(true);
  expect(may(result.prune, "s3:PutObject", inBackups("lease.json"))).toBe(true);
  for (const key of [SNAPSHOT, "blobs/aa/bb/cc", "config.json", "drills/x.json"]) {
    expect(may(result.prune, "s3:PutObject", inBackups(key))).toBe(false);
  }
  expect(may(result.prune, "s3:GetObject", inObjects("aa/bb/cc"))).toBe(false);
});

test("a restore writes Moodle's files, and nothing of the backups", () => {
  expect(may(result.restore, "s3:PutObject", inObjects("aa/bb/cc"))).toBe(true);
  expect(may(result.restore, "s3:DeleteObject", inObjects("aa/bb/cc"))).toBe(false);
  expect(may(result.restore, "s3:DeleteObject", inObjects("moodle-backup-restore.json"))).toBe(true);
  for (const action of ["s3:PutObject", "s3:DeleteObject"]) {
    expect(may(result.restore, action, inBackups(SNAPSHOT))).toBe(false);
  }
});

test("a restore from another environment's backups reads those, and not the site's own", () => {
  const other = { bucketArn: "arn:aws:s3:::other", keyArn: "arn:aws:kms:eu-central-1:444455556666:key/o" };
  const { result: given, arns: own } = permissions(true, other);
  expect(may(given.restore, "s3:GetObject", "arn:aws:s3:::other/config.json")).toBe(true);
  expect(may(given.restore, "kms:Decrypt", other.keyArn)).toBe(true);
  expect(may(given.restore, "s3:GetObject", `${own.backups}/config.json`)).toBe(false);
  expect(JSON.stringify([given.snapshot, given.verify, given.prune])).not.toContain("other");
});

test("without a bucket of Moodle's, only the backups' is named", () => {
  const { result: without, arns: given } = permissions(false);
  expect(JSON.stringify(without)).not.toContain(given.objects);
});
