import type { AnonymiseRules } from "../anonymise/rules";
import type { Treatment } from "./treatment";

export type { AnonymiseRules };

/** PostgreSQL, MySQL or MariaDB. */
export type Engine = "postgresql" | "mysql" | "mariadb";

/** What the database says about itself and the site, read in one go. */
export interface SiteFacts {
  readonly engine: Engine;
  /** Version of the server, such as `15.12`. */
  readonly engineVersion: string;
  /** `release` of `mdl_config`, such as `4.5.6 (Build: 20250811)`. */
  readonly moodleRelease: string;
  /** `version` of `mdl_config`, such as `2024100706.00`. */
  readonly moodleVersion: string;
  /** Prefix of the tables. */
  readonly tablePrefix: string;
  /** Settings of `tool_objectfs` from `mdl_config_plugins`; absent where the plugin is not installed. */
  readonly objectFs?: ObjectFsSettings;
  /** Bytes of the tables without indexes; a compressed dump takes a fifth of it or so. @default unknown */
  readonly databaseBytes?: number;
  /** What the database holds beside Moodle's tables, and a dump does not. @default nothing */
  readonly leftOut?: readonly string[];
}

/** The settings of ObjectFS that decide where blobs are. Keys and secrets are not read. */
export interface ObjectFsSettings {
  /** `filesystem`: the PHP class, such as `\tool_objectfs\s3_file_system`; empty where it is off. */
  readonly filesystem: string;
  /** `s3_bucket`. */
  readonly bucket: string;
  /** `key_prefix`. */
  readonly keyPrefix: string;
  /** `deletelocal`: blobs leave the volume once they are in the bucket. */
  readonly deleteLocal: boolean;
  /** `deleteexternal`: blobs that nothing refers to are deleted from the bucket too. */
  readonly deleteExternal: boolean;
}

/** A blob that `mdl_files` refers to. */
export interface Reference {
  /** `contenthash`: SHA-1, 40 lower-case hexadecimal digits. */
  readonly hash: string;
  /** `filesize` in bytes. */
  readonly size: number;
  /** ObjectFS has recorded that the bucket holds it (`location` 1 or 2 in `mdl_tool_objectfs_objects`). */
  readonly external?: boolean;
}

/** A finished file of a dump, relative to the dump's folder. Whoever takes it may delete it. */
export interface DumpFile {
  readonly name: string;
  readonly size: number;
}

/** The database as Moodle uses it. Every failure is a `BackupError` or a `DatabaseError`, without statements or secrets. */
export interface SourceDatabase {
  /** Fails where the database is not Moodle's, or the role cannot read all of it. */
  preflight(signal?: AbortSignal): Promise<SiteFacts>;
  /**
   * What `mdl_files` refers to now, outside any snapshot: distinct hashes in ascending order, without the empty hash.
   * Pages, so that a million of them cost little.
   */
  references(signal?: AbortSignal): AsyncIterable<readonly Reference[]>;
  /** Opens a consistent view that stays until it is closed. */
  snapshot(signal?: AbortSignal): Promise<DatabaseSnapshot>;
  close(): Promise<void>;
}

/** The database at one moment. References and dump are of exactly that moment. */
export interface DatabaseSnapshot {
  /** The database's own clock when the view was opened. */
  readonly t0: Date;
  /** Where point-in-time recovery would start: an LSN, a GTID set or binary log position; absent where not readable. */
  readonly position?: string;
  /** As `SourceDatabase.references`, in this view. May run while `dump` does. */
  references(signal?: AbortSignal): AsyncIterable<readonly Reference[]>;
  /** Rows of each table of Moodle, in this view; drills compare them. */
  rowCounts(signal?: AbortSignal): Promise<Readonly<Record<string, number>>>;
  /**
   * Writes a logical dump into an empty folder and yields each file once it is finished. A dump that streams may yield
   * early, so that the folder need not hold all of it.
   */
  dump(folder: string, signal?: AbortSignal): AsyncIterable<DumpFile>;
  /** Ends the view. Does not throw. */
  close(): Promise<void>;
}

/** What the target of a restore holds. */
export type TargetState =
  | { readonly kind: "empty" }
  /** A restore of this snapshot was begun there and did not end; an older program noted no treatment. */
  | { readonly kind: "unfinished"; readonly snapshot: string; readonly treatment?: Treatment }
  /** Something else: it is left alone. */
  | { readonly kind: "occupied"; readonly tables: number };

export interface RestoreOptions {
  /** ULID of the snapshot; kept in the target until the restore is over. */
  readonly snapshot: string;
  /** All files of the dump, in this folder. */
  readonly folder: string;
  /** Leaves the data exactly as it was, cron and mail too: for drills, whose databases nobody uses. @default false */
  readonly untouched?: boolean;
  /** Address of the new site; rewritten in Moodle's texts. @default as it was */
  readonly wwwroot?: string;
  /** Address of the old site. @default the one that Moodle was installed with, `wwwroot` of `mdl_mnet_host` */
  readonly previousWwwroot?: string;
  /** Anonymises before anything else can see the data. @default none */
  readonly anonymise?: AnonymiseRules;
  readonly signal?: AbortSignal;
}

/** A database that a snapshot is restored into: an empty one, or a scratch one of a drill. */
export interface TargetDatabase {
  state(): Promise<TargetState>;
  /** Begins anew where the same restore was begun. Leaves cron and mail off. */
  restore(options: RestoreOptions): Promise<void>;
  references(signal?: AbortSignal): AsyncIterable<readonly Reference[]>;
  rowCounts(signal?: AbortSignal): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

/** A server on which drills make databases of their own. */
export interface ScratchServer {
  /** Makes an empty database, named after the drill; drops what drills more than a day old have left. */
  create(drill: string): Promise<TargetDatabase & { drop(): Promise<void> }>;
}
