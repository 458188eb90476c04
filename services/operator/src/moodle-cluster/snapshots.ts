import type { MoodleCluster } from "../kernel/types";
import type { Desired, View } from "../release/engine";
import { isSameImage } from "../release/image";
import type { SnapshotRequest } from "../release/snapshot";

/** The snapshot that comes before another image, or one that is not known; undefined where there is none to make. */
export function upgradeSnapshot(
  cluster: MoodleCluster,
  { image, generation, digest }: Pick<Desired, "image" | "generation" | "digest">,
  { records, verified, cannotGoBack }: Pick<View, "records" | "verified" | "cannotGoBack">,
): SnapshotRequest | undefined {
  const { snapshot } = cluster.spec;
  if (snapshot === undefined || verified === undefined || isSameImage(verified.image, image)) return undefined;
  // The same once more, on a database that may be half-way: the snapshot to go back to is the one from before.
  if (cannotGoBack && records[0]?.digest === digest) return undefined;
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
