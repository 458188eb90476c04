import { bucketReadStatements, type ReadableBucket } from "./bucket-read";
import type { PolicyStatement } from "./iam-policy";
import type { ObjectBucket } from "./object-bucket";

export interface BackupPermissionsProps {
  /** The bucket of the backups. */
  readonly backups: ObjectBucket;
  /** Moodle's bucket. @default all files are on the shared file system */
  readonly objects?: ObjectBucket;
  /** The bucket from which restores come, where it is another than `backups`. @default none */
  readonly restoreFrom?: ReadableBucket;
}

/** What each identity of `BackupCronJobs` may do. */
export interface BackupPermissions {
  readonly snapshot: PolicyStatement[];
  readonly verify: PolicyStatement[];
  readonly prune: PolicyStatement[];
  readonly restore: PolicyStatement[];
}

/**
 * None can delete a version, nor shorten a lock; what is replaced or deleted stays as a version until that expires. Beyond
 * that: a snapshot can take back a file that was copied wrong and nothing else, verifications and drills can add their
 * results, and only pruning can delete what a snapshot is made of.
 */
export function backupPermissions({ backups, objects, restoreFrom }: BackupPermissionsProps): BackupPermissions {
  const read = backups.readStatements();
  return {
    snapshot: [
      ...(objects?.readStatements() ?? []),
      ...read,
      ...backups.writeStatements(),
      ...backups.deleteStatements(["blobs/*"]),
    ],
    verify: [...read, ...backups.writeStatements(["drills/*", "verifications/*"])],
    prune: [...read, ...backups.writeStatements(["lease.json", "plans/*"]), ...backups.deleteStatements()],
    restore: [
      ...(restoreFrom === undefined ? read : bucketReadStatements(restoreFrom)),
      ...(objects === undefined
        ? []
        : [...objects.readStatements(), ...objects.writeStatements(), ...objects.deleteStatements([RESTORE_MARKER])]),
    ],
  };
}

/** Lies in the target while a restore goes on. */
const RESTORE_MARKER = "moodle-backup-restore.json";
