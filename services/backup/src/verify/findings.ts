import type { Finding } from "../operations";
import { hashOfBlobKey } from "../repository/layout";
import type { Manifest, ShardInfo } from "../repository/manifest";
import { readShard } from "../repository/references";
import type { ObjectStore } from "../stores/store";

/** Findings that are listed; more are counted. */
const LISTED = 1000;

/** What is wrong, as it is found. */
export class Findings {
  readonly listed: Finding[] = [];
  further = 0;

  add(finding: Finding): void {
    if (this.listed.length < LISTED) this.listed.push(finding);
    else this.further++;
  }

  /** Names the snapshots that need each blob that is listed. */
  async attribute(store: ObjectStore, manifests: readonly Manifest[]): Promise<void> {
    const shards = new Map<string, ReadonlySet<string>>();
    const refers = async (shard: ShardInfo, hash: string): Promise<boolean> => {
      const hashes =
        shards.get(shard.sha256) ?? new Set((await readShard(store, shard)).map((reference) => reference.hash));
      shards.set(shard.sha256, hashes);
      return hashes.has(hash);
    };
    const blobs = this.listed.filter(({ what }) => what === "blob").sort((a, b) => (a.key < b.key ? -1 : 1));
    for (const finding of blobs) {
      const hash = hashOfBlobKey(finding.key) ?? "";
      const snapshots: string[] = [];
      for (const { id, files } of manifests) {
        const shard = files.shards.find(({ first, last }) => first <= hash && hash <= last);
        if (shard !== undefined && (await refers(shard, hash))) snapshots.push(id);
      }
      this.listed[this.listed.indexOf(finding)] = { ...finding, snapshots };
      // Findings come in the order of their hashes: shards that end before are not needed again.
      if (shards.size > 2 * manifests.length) shards.clear();
    }
  }

  /** Snapshots that a prune has deleted meanwhile explain what is missing. */
  keepThoseOf(snapshots: ReadonlySet<string>): void {
    const kept = this.listed.filter((finding) => finding.snapshots.some((id) => snapshots.has(id)));
    this.listed.splice(0, this.listed.length, ...kept);
  }
}
