import type { CloudSnapshots } from "../cloud-snapshots/cloud-snapshots";
import type { CloudSnapshotsConfiguration } from "../cloud-snapshots/configuration";
import type { FilesConfiguration } from "../configuration/schema";
import type { DatabaseConnection, ServerConnection } from "../databases/connection";
import type { AnonymiseRules, ScratchServer, SourceDatabase, TargetDatabase } from "../databases/database";
import type {
  Common,
  DrillOptions,
  DrillResult,
  PruneOptions,
  PruneReport,
  RestoreOptions,
  RestoreReport,
  SnapshotOptions,
  SnapshotReport,
  VerifyOptions,
  VerifyReport,
} from "../operations";
import type { RepositoryConfig } from "../repository/config";
import type { UnreadableSnapshot } from "../repository/inspect";
import type { Manifest } from "../repository/manifest";
import type { FileSource } from "../sources/files";
import type { StoreConfiguration } from "../stores/configuration";
import type { ObjectStore } from "../stores/store";
import type { Verification } from "../verify/verification";

/** What a repository says about itself. */
export interface RepositoryState {
  /** Absent where there is none yet. */
  readonly repository?: RepositoryConfig;
  /** Oldest first. */
  readonly snapshots: readonly (Manifest | UnreadableSnapshot)[];
  readonly verification?: Verification;
  /** The newest one. */
  readonly drill?: DrillResult;
  readonly passedDrill?: DrillResult;
}

/** What the command line has done for it. */
export interface Operations {
  initialise(store: ObjectStore, signingSecret: string, now: Date): Promise<RepositoryConfig>;
  readRepository(common: Common): Promise<RepositoryConfig>;
  runSnapshot(options: SnapshotOptions): Promise<SnapshotReport>;
  /** Oldest first. One that cannot be read does not hide the others. */
  listSnapshots(common: Common): Promise<(Manifest | UnreadableSnapshot)[]>;
  readState(common: Common): Promise<RepositoryState>;
  /** A ULID, or `latest`: the newest complete one. */
  readSnapshot(common: Common, id: string): Promise<Manifest>;
  runVerify(options: VerifyOptions): Promise<VerifyReport>;
  runRestore(options: RestoreOptions): Promise<RestoreReport>;
  runPrune(options: PruneOptions): Promise<PruneReport>;
  runDrill(options: DrillOptions): Promise<DrillResult>;
  requireDrill(common: Common, withinSeconds: number): Promise<DrillResult>;
  breakLease(common: Common): Promise<{ readonly command: string; readonly token: number } | undefined>;

  openStore(configuration: StoreConfiguration): Promise<ObjectStore>;
  /** ObjectFS's bucket, the data folder, or both. */
  openFiles(configuration: FilesConfiguration): Promise<FileSource & { close(): Promise<void> }>;
  openSource(connection: DatabaseConnection): Promise<SourceDatabase>;
  openTarget(connection: DatabaseConnection): Promise<TargetDatabase>;
  openScratchServer(connection: ServerConnection): Promise<ScratchServer>;
  openCloudSnapshots(configuration: CloudSnapshotsConfiguration): Promise<CloudSnapshots>;
  /** The program's own rules, with those of a file in addition. */
  readAnonymiseRules(path?: string): Promise<AnonymiseRules>;
}
