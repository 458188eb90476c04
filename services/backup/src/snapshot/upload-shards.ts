import { forEachConcurrent } from "../concurrency";
import type { Progress } from "../progress";
import { shardKey } from "../repository/layout";
import { type ShardFolder, shardLines } from "../repository/shards";
import type { ObjectStore } from "../stores/store";
import { readObject } from "../stores/whole";

export interface ShardUpload {
  readonly store: ObjectStore;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** @default the bucket's own */
  readonly retainUntil?: Date;
}

/** Shards at once: each takes half a megabyte. */
const PARALLEL = 8;

/** Brings the shards into the repository that are not there as they should be: a few hundred that all snapshots need. */
export async function uploadShards(
  { store, progress, signal, retainUntil }: ShardUpload,
  folder: ShardFolder,
): Promise<void> {
  await forEachConcurrent(folder.shards, PARALLEL, async ({ sha256 }) => {
    const key = shardKey(sha256);
    const stored = await readObject(store, key, { signal });
    if (stored !== undefined) {
      if ((await shardLines(sha256, stored.content)) !== undefined) return;
      progress({ kind: "warning", message: `${key} was damaged in the repository and is written again` });
    }
    await store.put(key, await folder.content(sha256), { signal, retainUntil });
  });
}
