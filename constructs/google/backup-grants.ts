import type { GcsBucket } from "./gcs-bucket";
import type { GoogleWorkloadIdentity } from "./google-workload-identity";

export interface BackupGrantsProps {
  /** The bucket of the backups. */
  readonly backups: GcsBucket;
  /** Moodle's bucket. @default all files are on the shared file system */
  readonly objects?: GcsBucket;
  /** Those of `BackupCronJobs`; each waits for its grants. */
  readonly identities: {
    readonly snapshot: GoogleWorkloadIdentity;
    readonly verify: GoogleWorkloadIdentity;
    readonly prune: GoogleWorkloadIdentity;
    readonly restore: GoogleWorkloadIdentity;
  };
  /** Full name of the role that may create and lock objects. */
  readonly writerRole: string;
  /** Full name of the role that may delete objects, which replacing one takes as well. */
  readonly removerRole: string;
}

const CREATOR = "roles/storage.objectCreator";

/**
 * What each identity of the backups may do. None can shorten a lock or end a noncurrent version. Beyond that: a snapshot
 * can take back a file that was copied wrong and nothing else, verifications and drills can add their results, and only
 * pruning can delete what a snapshot is made of.
 */
export function grantBackups({ backups, objects, identities, writerRole, removerRole }: BackupGrantsProps): void {
  const { snapshot, verify, prune, restore } = identities;
  snapshot.waitFor(
    ...backups.grantWrite("backup", snapshot.member, writerRole),
    backups.grantRole("backup-replace", snapshot.member, removerRole, ["lease.json", "locks.json", "blobs/"]),
    ...(objects?.grantRead("backup", snapshot.member) ?? []),
  );
  verify.waitFor(
    ...backups.grantRead("backup-verify", verify.member),
    backups.grantRole("backup-verify-results", verify.member, CREATOR, ["drills/", "verifications/"]),
  );
  prune.waitFor(
    ...backups.grantRead("backup-prune", prune.member),
    backups.grantRole("backup-prune-plans", prune.member, CREATOR, ["lease.json", "plans/"]),
    backups.grantRole("backup-prune-remove", prune.member, removerRole),
  );
  restore.waitFor(
    ...backups.grantRead("backup-restore", restore.member),
    ...(objects?.grantWrite("backup-restore", restore.member) ?? []),
  );
}
