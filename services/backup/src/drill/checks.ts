import { randomInt } from "node:crypto";
import { listBlobs } from "../blobs/listing";
import { filterBy } from "../blobs/merge";
import { sha1Of } from "../blobs/sha1";
import { forEachConcurrent, observe } from "../concurrency";
import type { TargetDatabase } from "../databases/database";
import type { DrillOptions } from "../operations";
import { blobKey } from "../repository/layout";
import type { Manifest } from "../repository/manifest";
import { referencesOf } from "../repository/references";
import type { StoredReference } from "../repository/shards";
import { isStoreFailure } from "../stores/store";

const CONCURRENCY = 16;

export interface Checked {
  readonly failures: string[];
  readonly references: number;
  readonly sampled: number;
}

/** Compares a restored database with its snapshot, and its references with the repository's files. */
export async function checkRestored(
  { store, signal, sample = 500 }: DrillOptions,
  manifest: Manifest,
  database: TargetDatabase,
): Promise<Checked> {
  const failures = compareRows(manifest.database.rowCounts, await database.rowCounts(signal));
  const known = new Set(manifest.missing?.hashes);
  const chosen = new Sample(sample);
  let references = 0;
  const restored = observe(database.references(signal), (page) => {
    references += page.length;
    for (const reference of page) if (!known.has(reference.hash)) chosen.offer(reference);
  });
  const shards = referencesOf(store, manifest.files, signal);
  let differing = 0;
  const recorded = filterBy(restored, shards, (reference, shard) => {
    if (shard?.size !== reference.size) differing++;
    return true;
  });
  let absent = 0;
  const blobs = listBlobs(store, { signal });
  for await (const page of filterBy(recorded, blobs, ({ hash }, blob) => blob === undefined && !known.has(hash))) {
    absent += page.length;
  }
  if (differing > 0 || references !== manifest.files.references) {
    failures.push(
      `the restored database refers to ${references} files, the snapshot to ${manifest.files.references}; ${differing} differ`,
    );
  }
  if (absent > 0) failures.push(`${absent} files that the database refers to are not in the repository`);
  let damaged = 0;
  await forEachConcurrent(chosen.references, CONCURRENCY, async ({ hash }) => {
    signal.throwIfAborted();
    const actual = await sha1Of(store, blobKey(hash), { signal }).catch((error) => {
      if (isStoreFailure(error, "not-found")) return undefined;
      throw error;
    });
    if (actual !== undefined && actual !== hash) damaged++;
  });
  if (damaged > 0) failures.push(`${damaged} of ${chosen.references.length} files read do not have their SHA-1`);
  return { failures, references, sampled: chosen.references.length };
}

function compareRows(expected: Readonly<Record<string, number>>, actual: Readonly<Record<string, number>>): string[] {
  const differing = Object.keys({ ...expected, ...actual })
    .filter((table) => expected[table] !== actual[table])
    .sort();
  if (differing.length === 0) return [];
  const some = differing
    .slice(0, 5)
    .map((table) => `${table} ${actual[table] ?? "none"} for ${expected[table] ?? "none"}`);
  return [
    `${differing.length} tables have other numbers of rows: ${some.join(", ")}${differing.length > 5 ? ", ..." : ""}`,
  ];
}

/** So many references, each as likely as another (reservoir sampling). */
class Sample {
  readonly references: StoredReference[] = [];
  private seen = 0;

  constructor(private readonly size: number) {}

  offer(reference: StoredReference): void {
    this.seen++;
    if (this.references.length < this.size) this.references.push(reference);
    else {
      const place = randomInt(this.seen);
      if (place < this.size) this.references[place] = reference;
    }
  }
}
