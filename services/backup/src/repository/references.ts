import { BackupError } from "../errors";
import type { ObjectStore } from "../stores/store";
import { readRight } from "../stores/whole";
import { shardKey } from "./layout";
import type { Manifest, ShardInfo } from "./manifest";
import { DamagedShard, parseShard, type StoredReference, shardLines } from "./shards";

/** Shards read before they are needed. */
const READ_AHEAD = 4;

/** The references of one snapshot, in order. Throws where a shard is missing or damaged. */
export async function* referencesOf(
  store: ObjectStore,
  { shards }: Manifest["files"],
  signal?: AbortSignal,
): AsyncIterable<readonly StoredReference[]> {
  const reading: Promise<StoredReference[]>[] = [];
  for (let index = 0; index < shards.length; index++) {
    while (reading.length < READ_AHEAD && index + reading.length < shards.length) {
      const read = readShard(store, shards[index + reading.length] as ShardInfo, signal);
      read.catch(() => {});
      reading.push(read);
    }
    yield await (reading.shift() as Promise<StoredReference[]>);
  }
}

/** Throws `MissingShard` or `DamagedShard`. */
export async function readShard(
  store: ObjectStore,
  shard: ShardInfo,
  signal?: AbortSignal,
): Promise<StoredReference[]> {
  return readShardBy(parseShard, store, shard, signal);
}

/** Throws `MissingShard` or `DamagedShard`. */
export async function checkShard(store: ObjectStore, shard: ShardInfo, signal?: AbortSignal): Promise<void> {
  await readShardBy(shardLines, store, shard, signal);
}

async function readShardBy<T>(
  parse: (sha256: string, content: Buffer) => Promise<T | undefined>,
  store: ObjectStore,
  { sha256 }: ShardInfo,
  signal?: AbortSignal,
): Promise<T> {
  const read = await readRight(store, shardKey(sha256), (content) => parse(sha256, content), signal);
  if (read.value !== undefined) return read.value;
  throw read.found ? new DamagedShard(sha256) : new MissingShard(sha256);
}

export class MissingShard extends BackupError {
  override readonly name = "MissingShard";

  constructor(readonly sha256: string) {
    super(`${shardKey(sha256)} is missing`);
  }
}

/**
 * What any of the snapshots refers to, in order and once. A shard that several share is read once; no more shards are in
 * memory than there are snapshots.
 */
export async function* unionOf(
  store: ObjectStore,
  manifests: readonly Manifest[],
  signal?: AbortSignal,
): AsyncIterable<readonly StoredReference[]> {
  const distinct = new Map(manifests.flatMap(({ files }) => files.shards.map((shard) => [shard.sha256, shard])));
  const waiting = [...distinct.values()].sort((a, b) => (a.first < b.first ? -1 : 1));
  let open: OpenShard[] = [];
  while (open.length + waiting.length > 0) {
    if (open.length === 0) open.push(await openShard(store, waiting.shift() as ShardInfo, signal));
    // Up to the end of the shard that ends first, everything is in the shards that begin before it.
    let end = earliestEnd(open);
    while (waiting[0] !== undefined && waiting[0].first <= end) {
      const beginning = waiting.splice(
        0,
        countWhile(waiting, ({ first }) => first <= end),
      );
      open.push(...(await Promise.all(beginning.map((shard) => openShard(store, shard, signal)))));
      end = earliestEnd(open);
    }
    yield mergeSorted(
      open.map((shard) =>
        shard.references.splice(
          0,
          countWhile(shard.references, (r) => r.hash <= end),
        ),
      ),
    );
    open = open.filter(({ references }) => references.length > 0);
  }
}

interface OpenShard {
  readonly last: string;
  /** What is not yet given out. */
  readonly references: StoredReference[];
}

async function openShard(store: ObjectStore, shard: ShardInfo, signal?: AbortSignal): Promise<OpenShard> {
  return { last: shard.last, references: await readShard(store, shard, signal) };
}

function earliestEnd(open: readonly OpenShard[]): string {
  return open.map(({ last }) => last).sort()[0] ?? "";
}

function countWhile<T>(items: readonly T[], holds: (item: T) => boolean): number {
  const index = items.findIndex((item) => !holds(item));
  return index === -1 ? items.length : index;
}

function mergeSorted(lists: readonly (readonly StoredReference[])[]): readonly StoredReference[] {
  const [only] = lists;
  if (only !== undefined && lists.length === 1) return only;
  const all = new Map(lists.flat().map((reference) => [reference.hash, reference]));
  return [...all.values()].sort((a, b) => (a.hash < b.hash ? -1 : 1));
}
