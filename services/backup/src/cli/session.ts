import { takeCloudSnapshot } from "../cloud-snapshots/take";
import { ConfigurationError, readNamedFile } from "../configuration/load";
import type { Configuration, FilesConfiguration } from "../configuration/schema";
import type { ScratchServer, SourceDatabase, TargetDatabase } from "../databases/database";
import type { Common, SnapshotOptions, Writing } from "../operations";
import type { Progress } from "../progress";
import type { FileSource } from "../sources/files";
import type { ObjectStore } from "../stores/store";
import type { Concealer } from "./conceal";
import { connectDatabase, connectServer } from "./connection";
import type { Operations } from "./operations";
import type { World } from "./world";

/** What one command works with: opened when it is asked for, closed when the command is over. */
export class Session {
  private readonly opened: { close(): Promise<void> }[] = [];
  private repository: Promise<ObjectStore> | undefined;

  constructor(
    readonly world: World,
    readonly configuration: Configuration,
    readonly operations: Operations,
    readonly progress: Progress,
    private readonly concealer: Concealer,
  ) {}

  async common(): Promise<Common> {
    const { world, configuration, progress } = this;
    return {
      store: await this.store(),
      progress,
      clock: world.clock,
      signal: world.signal,
      concurrency: configuration.concurrency,
      publicKey: configuration.signing.publicKey,
    };
  }

  /** What commands that write take; `waitSeconds` in place of the configuration's. */
  async writing(waitSeconds?: number): Promise<Writing> {
    const { lease } = this.configuration;
    const signingSecret = this.signingSecret();
    return {
      ...(await this.common()),
      signingSecret,
      leaseSeconds: lease.seconds,
      retryLockSeconds: waitSeconds ?? lease.waitSeconds,
    };
  }

  signingSecret(): string {
    const { secretFile } = this.configuration.signing;
    return this.concealer.add(readNamedFile("signing.secretFile", required("signing.secretFile", secretFile)));
  }

  /** Holds the repository; opened once. */
  store(): Promise<ObjectStore> {
    this.repository ??= this.operations.openStore(this.configuration.repository).then((store) => this.keep(store));
    return this.repository;
  }

  async source(): Promise<SourceDatabase> {
    const database = required("database", this.configuration.database);
    return this.keep(await this.operations.openSource(connectDatabase("database", database, this.concealer)));
  }

  /** Has the cloud make a snapshot too; nothing where that is not asked for. */
  async cloudSnapshot(): Promise<SnapshotOptions["cloudSnapshot"]> {
    const { cloudSnapshots } = this.configuration;
    if (cloudSnapshots === undefined) return undefined;
    const snapshots = await this.operations.openCloudSnapshots(cloudSnapshots);
    return (id) =>
      takeCloudSnapshot(snapshots, cloudSnapshots.keep, id, (error) =>
        this.progress({
          kind: "warning",
          message: `an old snapshot of the cloud's could not be deleted: ${(error as Error).message}`,
        }),
      );
  }

  async files(): Promise<FileSource> {
    return this.keep(await this.operations.openFiles(required("files", this.configuration.files)));
  }

  async targetDatabase(): Promise<TargetDatabase> {
    const database = required("restore.database", this.configuration.restore.database);
    return this.keep(await this.operations.openTarget(connectDatabase("restore.database", database, this.concealer)));
  }

  /** Where restored files go: the bucket where there is one, else `filedir` in the data folder. */
  async targetFiles(): Promise<ObjectStore> {
    const { objectStore, directory }: FilesConfiguration = required("restore.files", this.configuration.restore.files);
    if (objectStore !== undefined) return this.keep(await this.operations.openStore(objectStore));
    const folder = required("restore.files.directory", directory);
    return this.keep(await this.operations.openStore({ kind: "folder", path: `${folder}/filedir` }));
  }

  async scratchServer(): Promise<ScratchServer> {
    const server = required("drill.server", this.configuration.drill.server);
    return this.operations.openScratchServer(connectServer("drill.server", server, this.concealer));
  }

  async close(): Promise<void> {
    for (const resource of this.opened.reverse()) await resource.close();
  }

  private keep<T extends { close(): Promise<void> }>(resource: T): T {
    this.opened.push(resource);
    return resource;
  }
}

/** A field that this command needs, though others do not. */
function required<T>(field: string, value: T | undefined): T {
  if (value === undefined)
    throw new ConfigurationError([`${field}: missing, and this command needs it; add the field`]);
  return value;
}
