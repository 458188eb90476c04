import { grantBackups } from "../../../constructs/google/backup-grants";
import { GcsBucket } from "../../../constructs/google/gcs-bucket";
import { GoogleWorkloadIdentity } from "../../../constructs/google/google-workload-identity";
import { Template } from "../../support/template";

const PROJECT = { project: "example-moodle", projectNumber: "123456789012" };
const WRITER = "projects/example-moodle/roles/writer";
const REMOVER = "projects/example-moodle/roles/remover";

const waits: Record<string, number> = {};
const template = Template.from((scope) => {
  const bucket = (name: string) =>
    new GcsBucket(scope, name, {
      bucketName: `moodle-1-${name}`,
      project: PROJECT.project,
      location: "europe-west3",
      keyId: "key",
    });
  const identity = (serviceAccountName: string) =>
    new GoogleWorkloadIdentity(scope, serviceAccountName, {
      ...PROJECT,
      workloadPool: "example-moodle.svc.id.goog",
      namespace: "moodle",
      serviceAccountName,
    });
  const identities = {
    snapshot: identity("snapshot"),
    verify: identity("verify"),
    prune: identity("prune"),
    restore: identity("restore"),
  };
  grantBackups({
    backups: bucket("backups"),
    objects: bucket("files"),
    identities,
    writerRole: WRITER,
    removerRole: REMOVER,
  });
  for (const [use, { ready }] of Object.entries(identities)) waits[use] = ready.length;
});

/** Roles of an identity: on which bucket, and below which names. */
function rolesOf(use: string): [bucket: string, role: string, below: string[]][] {
  return template
    .resources("google_storage_bucket_iam_member")
    .filter(({ member }) => member.endsWith(`/sa/${use}`) || member.endsWith(`[moodle/${use}]`))
    .map(({ bucket, role, condition }): [string, string, string[]] => [
      bucket.includes("backups") ? "backups" : "files",
      role,
      Array.from(String(condition?.expression ?? "").matchAll(/objects\/([^"]*)"/g), ([, prefix = ""]) => prefix),
    ])
    .sort(([a, b], [c, d]) => `${a}${b}`.localeCompare(`${c}${d}`));
}

const READER = "roles/storage.legacyBucketReader";

test("a snapshot writes, replaces what coordinates it, takes back files, and reads Moodle's", () => {
  expect(rolesOf("snapshot")).toEqual([
    ["backups", REMOVER, ["lease.json", "locks.json", "blobs/"]],
    ["backups", WRITER, []],
    ["backups", READER, []],
    ["files", READER, []],
    ["files", "roles/storage.objectViewer", []],
  ]);
});

test("verifications and drills add results, and nothing else", () => {
  expect(rolesOf("verify")).toEqual([
    ["backups", READER, []],
    ["backups", "roles/storage.objectCreator", ["drills/", "verifications/"]],
    ["backups", "roles/storage.objectViewer", []],
  ]);
});

test("pruning deletes, and makes nothing but leases and plans", () => {
  expect(rolesOf("prune")).toEqual([
    ["backups", REMOVER, []],
    ["backups", READER, []],
    ["backups", "roles/storage.objectCreator", ["lease.json", "plans/"]],
    ["backups", "roles/storage.objectViewer", []],
  ]);
});

test("a restore reads the backups, and writes Moodle's files", () => {
  expect(rolesOf("restore")).toEqual([
    ["backups", READER, []],
    ["backups", "roles/storage.objectViewer", []],
    ["files", READER, []],
    ["files", "roles/storage.objectUser", []],
  ]);
});

test("whoever uses an identity waits for its grants", () => {
  for (const use of ["snapshot", "verify", "prune", "restore"]) {
    expect(waits[use]).toBeGreaterThanOrEqual(rolesOf(use).length);
  }
});
