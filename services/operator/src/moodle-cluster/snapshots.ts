import type { MoodleCluster } from "../kernel/types";
import type { Desired } from "../release/engine";
import type { SnapshotRequest } from "../release/snapshot";

/** The snapshot that comes before another image; undefined where there is none to make. */
export function upgradeSnapshot(cluster: MoodleCluster, { image, generation }: Desired): SnapshotRequest | undefined {
  const before = cluster.status?.release?.verified?.image;
  const { snapshot } = cluster.spec;
  if (snapshot === undefined || before === undefined || before === image) return undefined;
  return { owner: cluster, cronJob: snapshot.cronJob, job: snapshotJob(cluster, `g${generation}`) };
}

/** The snapshot before the site goes. */
export function lastSnapshot(cluster: MoodleCluster): SnapshotRequest | undefined {
  const { snapshot, deletionPolicy } = cluster.spec;
  if (snapshot === undefined || deletionPolicy !== "Snapshot") return undefined;
  return { owner: cluster, cronJob: snapshot.cronJob, job: snapshotJob(cluster, "last") };
}

/** One for each purpose and resource, even if a resource of the same name is made anew. */
function snapshotJob({ metadata }: MoodleCluster, purpose: string): string {
  return `${metadata.name}-${metadata.uid?.slice(0, 8)}-${purpose}`;
}
