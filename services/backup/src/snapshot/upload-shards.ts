import { forEachConcurrent } from "../concurrency";
import type { Progress } from "../progress";
import { shardKey } from "../repository/layout";
import { parseShard, type ShardFolder } from "../repository/shards";
import type { ObjectStore } from "../stores/store";
import { readObject } from "../stores/whole";
import { CONCURRENCY } from "./blobs";

export interface ShardUpload {
  readonly store: ObjectStore;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** @default the bucket's own */
  readonly retainUntil?: Date;
}

/** Brings the shards into the repository that are not there as they should be: a few hundred that all snapshots need. */
export async function uploadShards(
  { store, progress, signal, retainUntil }: ShardUpload,
  folder: ShardFolder,
): Promise<void> {
  await forEachConcurrent(folder.shards, CONCURRENCY, async ({ sha256 }) => {
    const key = shardKey(sha256);
    const stored = await readObject(store, key, { signal });
    if (stored !== undefined) {
      if ((await parseShard(sha256, stored.content)) !== undefined) return;
      progress({ kind: "warning", message: `${key} was damaged in the repository and is written again` });
    }
    await store.put(key, await folder.content(sha256), { signal, retainUntil });
  });
}
