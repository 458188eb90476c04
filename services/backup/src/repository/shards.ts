import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { Reference } from "../databases/database";
import { BackupError } from "../errors";
import type { ShardInfo } from "./manifest";

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** What is kept of a reference. */
export type StoredReference = Pick<Reference, "hash" | "size">;

/** References of one shard at most, should the hashes be chosen by somebody. */
const LONGEST = 65_536;

/** A shard as it goes into the repository. */
export interface Shard {
  readonly info: ShardInfo;
  /** gzip of the lines. */
  readonly content: Buffer;
}

/**
 * Cuts sorted references into shards. A shard ends after a hash that ends in 000: where it is cut depends on content
 * alone, so that snapshots share what has not changed. Fails where hashes are not distinct and ascending.
 */
export async function* cutShards(pages: AsyncIterable<readonly StoredReference[]>): AsyncIterable<Shard> {
  let pending: StoredReference[] = [];
  let previous = "";
  for await (const page of pages) {
    for (const reference of page) {
      if (reference.hash <= previous) {
        throw new BackupError(
          `the database gives ${reference.hash} after ${previous}: hashes must be distinct and ascend`,
        );
      }
      previous = reference.hash;
      pending.push(reference);
      if (!reference.hash.endsWith("000") && pending.length < LONGEST) continue;
      yield await shardOf(pending);
      pending = [];
    }
  }
  if (pending.length > 0) yield await shardOf(pending);
}

async function shardOf(references: readonly StoredReference[]): Promise<Shard> {
  const lines = Buffer.from(references.map(({ hash, size }) => `${hash} ${size}\n`).join(""));
  const info: ShardInfo = {
    sha256: createHash("sha256").update(lines).digest("hex"),
    references: references.length,
    bytes: references.reduce((sum, { size }) => sum + size, 0),
    first: references[0]?.hash ?? "",
    last: references.at(-1)?.hash ?? "",
  };
  return { info, content: await compress(lines, { level: 1 }) };
}

/** The lines of a shard; nothing where the content is not what its name says. */
export async function shardLines(sha256: string, content: Uint8Array): Promise<Buffer | undefined> {
  const lines = await decompress(content).catch(() => undefined);
  if (lines === undefined || createHash("sha256").update(lines).digest("hex") !== sha256) return undefined;
  return lines;
}

/** The references of a shard; nothing where the content is not what its name says. */
export async function parseShard(sha256: string, content: Uint8Array): Promise<StoredReference[] | undefined> {
  const lines = await shardLines(sha256, content);
  if (lines === undefined) return undefined;
  const references: StoredReference[] = [];
  const text = lines.toString("latin1");
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf("\n", start);
    references.push({ hash: text.slice(start, start + 40), size: Number(text.slice(start + 41, end)) });
    start = end + 1;
  }
  return references;
}

export class DamagedShard extends BackupError {
  override readonly name = "DamagedShard";

  constructor(readonly sha256: string) {
    super(`refs/${sha256} is damaged: its content does not have that SHA-256`);
  }
}

/** Shards of a snapshot that is being made, in a folder. */
export class ShardFolder {
  readonly shards: ShardInfo[] = [];

  private constructor(private readonly folder: string) {}

  static async write(folder: string, pages: AsyncIterable<readonly StoredReference[]>): Promise<ShardFolder> {
    await mkdir(folder, { recursive: true });
    const written = new ShardFolder(folder);
    for await (const { info, content } of cutShards(pages)) {
      await writeFile(join(folder, info.sha256), content);
      written.shards.push(info);
    }
    return written;
  }

  content(sha256: string): Promise<Buffer> {
    return readFile(join(this.folder, sha256));
  }

  async *references(): AsyncIterable<readonly StoredReference[]> {
    for (const { sha256 } of this.shards) {
      const references = await parseShard(sha256, await this.content(sha256));
      if (references === undefined) throw new DamagedShard(sha256);
      yield references;
    }
  }
}
