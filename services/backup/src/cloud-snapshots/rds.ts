import {
  CreateDBClusterSnapshotCommand,
  CreateDBSnapshotCommand,
  DeleteDBClusterSnapshotCommand,
  DeleteDBSnapshotCommand,
  paginateDescribeDBClusterSnapshots,
  paginateDescribeDBSnapshots,
  RDSClient,
} from "@aws-sdk/client-rds";
import type { CloudSnapshot, CloudSnapshots } from "./cloud-snapshots";
import type { CloudSnapshotsConfiguration } from "./configuration";

/**
 * Manual snapshots of an RDS instance or cluster: they outlive it. Their names are `<identifier>-backup-<ulid>`, which
 * sorts them by time and lets permissions tell them from a person's own.
 */
export class RdsSnapshots implements CloudSnapshots {
  private readonly client: RDSClient;
  private readonly prefix: string;

  constructor(private readonly configuration: Extract<CloudSnapshotsConfiguration, { kind: "rds" | "rds-cluster" }>) {
    const { identifier, region } = configuration;
    this.prefix = `${identifier}-backup-`;
    this.client = new RDSClient({
      region,
      maxAttempts: 5,
      requestHandler: { connectionTimeout: 5_000, requestTimeout: 15_000 },
    });
  }

  async begin(ulid: string): Promise<CloudSnapshot> {
    const { kind, identifier } = this.configuration;
    const id = `${this.prefix}${ulid.toLowerCase()}`;
    const startedAt = new Date();
    await (kind === "rds"
      ? this.client.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: identifier, DBSnapshotIdentifier: id }))
      : this.client.send(
          new CreateDBClusterSnapshotCommand({ DBClusterIdentifier: identifier, DBClusterSnapshotIdentifier: id }),
        ));
    return { kind, id, startedAt };
  }

  async list(): Promise<readonly string[]> {
    const { kind, identifier } = this.configuration;
    const ids: string[] = [];
    const paging = { client: this.client };
    if (kind === "rds") {
      const filter = { DBInstanceIdentifier: identifier, SnapshotType: "manual" };
      for await (const { DBSnapshots = [] } of paginateDescribeDBSnapshots(paging, filter)) {
        ids.push(...DBSnapshots.map(({ DBSnapshotIdentifier = "" }) => DBSnapshotIdentifier));
      }
    } else {
      const filter = { DBClusterIdentifier: identifier, SnapshotType: "manual" };
      for await (const { DBClusterSnapshots = [] } of paginateDescribeDBClusterSnapshots(paging, filter)) {
        ids.push(...DBClusterSnapshots.map(({ DBClusterSnapshotIdentifier = "" }) => DBClusterSnapshotIdentifier));
      }
    }
    return ids.filter((id) => id.startsWith(this.prefix)).sort();
  }

  async remove(id: string): Promise<void> {
    await (this.configuration.kind === "rds"
      ? this.client.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: id }))
      : this.client.send(new DeleteDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: id })));
  }
}
