import { forEachConcurrent } from "../concurrency";
import { shardKey } from "../repository/layout";
import type { ShardFolder } from "../repository/shards";
import type { ObjectStore } from "../stores/store";
import { CONCURRENCY } from "./blobs";

/** Brings the shards into the repository that no other snapshot has brought. */
export async function uploadShards(
  store: ObjectStore,
  folder: ShardFolder,
  signal: AbortSignal,
  retainUntil: Date | undefined,
): Promise<void> {
  await forEachConcurrent(folder.shards, CONCURRENCY, async ({ sha256 }) => {
    const key = shardKey(sha256);
    if ((await store.head(key, { signal })) !== undefined) return;
    await store.put(key, await folder.content(sha256), { signal, retainUntil });
  });
}
