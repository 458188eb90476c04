import { createHash } from "node:crypto";
import { forEachConcurrent } from "../concurrency";
import { dumpFolder, shardKey } from "../repository/layout";
import type { DumpPart, Manifest, ShardInfo } from "../repository/manifest";
import { checkShard, MissingShard } from "../repository/references";
import { DamagedShard } from "../repository/shards";
import { persist } from "../stores/persist";
import { isStoreFailure, type ObjectStore } from "../stores/store";
import type { Findings } from "./findings";

/** Objects under way at once. */
const PARALLEL = 16;

/** Reads every shard; gives the manifests with those that can be read. */
export async function checkShards(
  store: ObjectStore,
  manifests: readonly Manifest[],
  findings: Findings,
  signal: AbortSignal,
): Promise<Manifest[]> {
  const users = new Map<string, { shard: ShardInfo; snapshots: string[] }>();
  for (const { id, files } of manifests) {
    for (const shard of files.shards) {
      const user = users.get(shard.sha256) ?? { shard, snapshots: [] };
      user.snapshots.push(id);
      users.set(shard.sha256, user);
    }
  }
  const bad = new Set<string>();
  await forEachConcurrent(users.values(), PARALLEL, async ({ shard, snapshots }) => {
    try {
      await checkShard(store, shard, signal);
    } catch (error) {
      if (!(error instanceof MissingShard || error instanceof DamagedShard)) throw error;
      bad.add(shard.sha256);
      const problem = error instanceof MissingShard ? "missing" : "damaged";
      findings.add({ problem, what: "references", key: shardKey(shard.sha256), snapshots });
    }
  });
  return manifests.map((manifest) => ({
    ...manifest,
    files: { ...manifest.files, shards: manifest.files.shards.filter(({ sha256 }) => !bad.has(sha256)) },
  }));
}

/** Finds every part of the dumps; reads those of `read`. Gives what was read. */
export async function checkDumps(
  store: ObjectStore,
  manifests: readonly Manifest[],
  read: ReadonlySet<string>,
  findings: Findings,
  signal: AbortSignal,
): Promise<{ objects: number; bytes: number }> {
  const total = { objects: 0, bytes: 0 };
  const parts = manifests.flatMap(({ id, database }) => database.parts.map((part) => ({ id, part })));
  await forEachConcurrent(parts, PARALLEL, async ({ id, part }) => {
    const key = `${dumpFolder(id)}${part.name}`;
    const problem = await checkPart(store, key, part, read.has(id), signal);
    if (problem !== undefined) findings.add({ problem, what: "dump", key, snapshots: [id] });
    if (!read.has(id)) return;
    total.objects++;
    total.bytes += part.size;
  });
  return total;
}

async function checkPart(
  store: ObjectStore,
  key: string,
  { size, sha256, versionId }: DumpPart,
  read: boolean,
  signal: AbortSignal,
): Promise<"missing" | "damaged" | "hidden" | undefined> {
  const latest = await store.head(key, { signal });
  const recorded = latest ?? (versionId === undefined ? undefined : await store.head(key, { versionId, signal }));
  if (recorded === undefined) return "missing";
  if (recorded.size !== size) return "damaged";
  if (read) {
    const actual = await hashOf(store, key, latest === undefined ? versionId : undefined, signal);
    if (actual !== undefined && actual !== sha256) return "damaged";
  }
  return latest === undefined ? "hidden" : undefined;
}

async function hashOf(
  store: ObjectStore,
  key: string,
  versionId: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return await persist(
      async () => {
        const hash = createHash("sha256");
        const { body } = await store.get(key, { versionId, signal });
        for await (const chunk of body) hash.update(chunk as Buffer);
        return hash.digest("hex");
      },
      { signal },
    );
  } catch (error) {
    // A prune has deleted it just now, with its snapshot.
    if (isStoreFailure(error, "not-found")) return undefined;
    throw error;
  }
}
