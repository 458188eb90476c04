import type { Reconcile } from "../kernel/controller";
import type { Store } from "../kernel/store";
import type { MoodleCluster } from "../kernel/types";
import { isPaused } from "../release/pause";
import type { CredentialWatch } from "./watch";

/** Looks at the logins of a site before its release: which login works is part of what the release is to be. */
export function watchingCredentials(
  watch: CredentialWatch,
  clusters: Store<MoodleCluster>,
  reconcile: Reconcile,
): Reconcile {
  return async (key) => {
    const cluster = clusters.get(key);
    const isLeftAlone = cluster === undefined || isPaused(cluster) || cluster.metadata.deletionTimestamp !== undefined;
    if (isLeftAlone) return reconcile(key);
    await watch.observe(cluster);
    const { again } = await reconcile(key);
    const next = [again, watch.again(key)].filter((time) => time !== undefined);
    return { again: next.length === 0 ? undefined : Math.min(...next) };
  };
}
