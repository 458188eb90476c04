import { appendFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Reference } from "../database";
import { isBlobHash } from "../moodle";

/** Bytes of a bucket that are gathered before they are written. */
const GATHERED = 16 * 1024;

/** Files, by the first two digits of the hash. */
const BUCKETS = 256;

/**
 * Takes references in any order and gives them sorted, each hash once. They wait in 256 files, so that
 * memory holds a small part of them.
 */
export class ReferenceSpool {
  private readonly buckets = Array.from({ length: BUCKETS }, (): string[] => []);
  private readonly gathered = new Array<number>(BUCKETS).fill(0);
  private writing: Promise<void>;

  constructor(private readonly folder: string) {
    this.writing = mkdir(folder).then(() => {});
    this.writing.catch(() => {});
  }

  add(hash: string, size: string): void {
    if (!isBlobHash(hash)) return;
    const bucket = Number.parseInt(hash.slice(0, 2), 16);
    const line = `${hash} ${Number(size)}\n`;
    this.buckets[bucket]?.push(line);
    this.gathered[bucket] = (this.gathered[bucket] ?? 0) + line.length;
    if ((this.gathered[bucket] ?? 0) > GATHERED) this.flush(bucket);
  }

  /** Waits until what was to be written is written: the disk may be slower than the database. */
  async room(): Promise<void> {
    await this.writing;
  }

  /** Resolves when all that was added is written. */
  async finish(): Promise<void> {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.flush(bucket);
    await this.writing;
  }

  /** After `finish`, as often as wanted. */
  async *references(): AsyncIterable<readonly Reference[]> {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const lines = (await readFile(this.path(bucket), "latin1")).split("\n").sort();
      const page: Reference[] = [];
      for (const line of lines) {
        if (line === "") continue;
        const reference = { hash: line.slice(0, 40), size: Number(line.slice(41)) };
        const last = page.at(-1);
        if (last?.hash !== reference.hash) page.push(reference);
        else if (last.size < reference.size) page[page.length - 1] = reference;
      }
      if (page.length > 0) yield page;
    }
  }

  async remove(): Promise<void> {
    await this.writing.catch(() => {});
    await rm(this.folder, { recursive: true, force: true });
  }

  private flush(bucket: number): void {
    const text = this.buckets[bucket]?.join("") ?? "";
    this.buckets[bucket] = [];
    this.gathered[bucket] = 0;
    this.writing = this.writing.then(() => appendFile(this.path(bucket), text, "latin1"));
    this.writing.catch(() => {});
  }

  private path(bucket: number): string {
    return join(this.folder, bucket.toString(16));
  }
}
