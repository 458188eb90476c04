import type { CloudSnapshot, CloudSnapshots } from "./cloud-snapshots";
import type { CloudSnapshotsConfiguration } from "./configuration";

/**
 * Has the cloud make a snapshot, and lets go of its oldest ones. That is no failure of the snapshot: `onError` is told.
 */
export async function takeCloudSnapshot(
  snapshots: CloudSnapshots,
  keep: number,
  id: string,
  onError: (error: unknown) => void,
): Promise<CloudSnapshot> {
  const taken = await snapshots.begin(id);
  try {
    const all = await snapshots.list();
    for (const old of all.slice(0, Math.max(0, all.length - keep))) await snapshots.remove(old);
  } catch (error) {
    onError(error);
  }
  return taken;
}

/** Clients are loaded only where they are needed. */
export async function openCloudSnapshots(configuration: CloudSnapshotsConfiguration): Promise<CloudSnapshots> {
  switch (configuration.kind) {
    case "rds":
    case "rds-cluster": {
      const { RdsSnapshots } = await import("./rds.js");
      return new RdsSnapshots(configuration);
    }
    case "cloud-sql": {
      const { CloudSqlBackups } = await import("./cloud-sql.js");
      return new CloudSqlBackups(configuration);
    }
  }
}
