import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "./kubernetes/cluster";
import type { Log } from "./log";
import { MODEL_LABEL } from "./rollout";
import { stateName } from "./store";

export interface RemoveOptions {
  /** CronJob that is suspended first. @default none */
  readonly cronJob?: string;
  /** Seconds during which nothing must have been found. @default 10 */
  readonly quietSeconds?: number;
  /** @default that of the clock */
  readonly pause?: (seconds: number) => Promise<void>;
}

/**
 * Deletes what serves the models and their states, and waits until KServe has let go of it: its controller must outlive
 * the InferenceServices, whose finalizer nobody else removes. A run that is under way may make one of them again, so it
 * looks until nothing has been there for a while.
 */
export async function remove(
  cluster: Cluster,
  models: readonly string[],
  log: Log,
  { cronJob, quietSeconds = 10, pause = (seconds) => sleep(seconds * 1000) }: RemoveOptions = {},
): Promise<void> {
  if (cronJob !== undefined) {
    const metadata = { name: cronJob };
    await cluster.apply({ apiVersion: "batch/v1", kind: "CronJob", metadata, spec: { suspend: true } });
  }
  for (let quiet = 0; quiet < quietSeconds; quiet++) {
    let found = 0;
    for (const model of models) found += await removeModel(cluster, model);
    if (found > 0) {
      log.info("waiting for what serves to be gone", { objects: found });
      quiet = -1;
    }
    await pause(1);
  }
}

async function removeModel(cluster: Cluster, model: string): Promise<number> {
  const label = `${MODEL_LABEL}=${model}`;
  const found = [...(await cluster.list("HTTPRoute", label)), ...(await cluster.list("InferenceService", label))];
  await cluster.delete("ConfigMap", stateName(model));
  for (const { kind, metadata } of found) {
    if (metadata.deletionTimestamp === undefined)
      await cluster.delete(kind as "HTTPRoute" | "InferenceService", metadata.name);
  }
  return found.length;
}
