import type { Clock } from "./clock";
import type { AnonymiseRules, ScratchServer, SourceDatabase, TargetDatabase } from "./databases/database";
import type { Progress } from "./progress";
import type { Manifest } from "./repository/manifest";
import type { FileSource } from "./sources/files";
import type { ObjectStore } from "./stores/store";

/** What every command takes. The caller opens stores and databases, and closes them. */
export interface Common {
  /** Holds the repository. */
  readonly store: ObjectStore;
  readonly progress: Progress;
  readonly clock: Clock;
  /** Aborted on SIGINT and SIGTERM: the command ends with `Interrupted`. */
  readonly signal: AbortSignal;
  /** Objects under way at once. @default 32 */
  readonly concurrency?: number;
  /** Base64url of the public key to trust. @default the one in the repository's own config.json */
  readonly publicKey?: string;
}

/** What commands that write take beside. */
export interface Writing extends Common {
  /** The repository's secret, of at least 32 characters; its Ed25519 key is derived from it. */
  readonly signingSecret: string;
  /** Seconds to wait for a lease that another run holds, as restic's --retry-lock. @default 0 */
  readonly retryLockSeconds?: number;
  /** Seconds after which a lease that is not renewed may be taken over. @default 300 */
  readonly leaseSeconds?: number;
}

export interface SnapshotOptions extends Writing {
  readonly database: SourceDatabase;
  readonly files: FileSource;
  /** Folder for dump and references on the way; emptied first. */
  readonly scratch: string;
  /** Days for which nobody can delete what the snapshot needs; 0 asks for no lock. @default 0 */
  readonly lockDays?: number;
  /** Has the cloud make its own snapshot of the instance too. @default none */
  readonly cloudSnapshot?: (id: string) => Promise<NonNullable<Manifest["database"]["cloudSnapshot"]>>;
}

export interface SnapshotReport {
  readonly manifest: Manifest;
  /** Blobs that were there already. */
  readonly unchanged: number;
  /** What could not be done, though nothing that the database refers to is missing: exit code 3. */
  readonly incomplete: readonly string[];
  readonly lockExtensions: number;
}

/** Restic's words: https://restic.readthedocs.io/en/stable/060_forget.html */
export interface Retention {
  readonly keepLast?: number;
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
  /** Such as `1y5m7d2h`. */
  readonly keepWithin?: string;
}

export interface PruneOptions extends Writing {
  readonly retention: Retention;
  /** Hours between marking and deleting. @default 24 */
  readonly graceHours?: number;
  /** Says what would be done. @default false */
  readonly dryRun?: boolean;
}

export interface PruneReport {
  readonly kept: readonly string[];
  /** Marked in this run; a run after the grace deletes them. */
  readonly marked: { readonly snapshots: readonly string[]; readonly blobs: number; readonly bytes: number };
  readonly deleted: { readonly snapshots: readonly string[]; readonly objects: number; readonly bytes: number };
  /** Still locked: tried again by the next run. */
  readonly locked: number;
}

export interface VerifyOptions extends Common {
  /** ULIDs. @default all */
  readonly snapshots?: readonly string[];
  /** Reads dumps and this share of all blobs, 0 to 1; the next run goes on where this one ended. @default 0: quick */
  readonly readShare?: number;
  /** Signs and keeps the result, by which the next run knows where to go on. @default not kept */
  readonly signingSecret?: string;
}

/** Something wrong in a repository. */
export interface Finding {
  readonly problem: "missing" | "damaged" | "hidden" | "unreadable";
  readonly what: "manifest" | "references" | "dump" | "blob";
  /** Key in the repository. */
  readonly key: string;
  /** Snapshots that need it; of a blob, those that were looked at. */
  readonly snapshots: readonly string[];
}

export interface VerifyReport {
  readonly snapshots: number;
  readonly blobs: number;
  /** Read and compared with their checksum. */
  readonly read: { readonly objects: number; readonly bytes: number };
  readonly findings: readonly Finding[];
  /** Beyond those listed. */
  readonly furtherFindings: number;
}

export interface RestoreOptions extends Common {
  /** ULID, or `latest`: the newest complete one, with `allowPartial` the newest of all. */
  readonly snapshot: string;
  /** Where files go: a folder that becomes `filedir`, or ObjectFS's bucket and prefix. @default no files */
  readonly files?: ObjectStore;
  /** @default no database */
  readonly database?: TargetDatabase;
  readonly scratch: string;
  readonly wwwroot?: string;
  readonly anonymise?: AnonymiseRules;
  /** Restores a snapshot that is partial, without what is missing. @default false */
  readonly allowPartial?: boolean;
}

export interface RestoreReport {
  readonly manifest: Manifest;
  readonly files: { readonly blobs: number; readonly bytes: number };
  readonly milliseconds: number;
}

export interface DrillOptions extends Common {
  readonly signingSecret: string;
  readonly server: ScratchServer;
  readonly scratch: string;
  /** ULID, or `latest`: the newest one, complete or partial. @default latest */
  readonly snapshot?: string;
  /** Blobs read and compared with their SHA-1, chosen at random. @default 500 */
  readonly sample?: number;
}

export type { DrillResult } from "./drill/result";
