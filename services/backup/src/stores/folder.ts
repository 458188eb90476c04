import type { BigIntStats } from "node:fs";
import { type FileHandle, link, open, readdir, rename, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { verify, verifying } from "./checksum";
import { codeOf, contentOf, entriesOf, Folders, newName, statOf, sync } from "./files";
import { flushTree } from "./flush";
import {
  type BucketState,
  type Copied,
  type ObjectInfo,
  type ObjectState,
  type ObjectStore,
  type ObjectVersion,
  type ReadOptions,
  StoreError,
  type StoreFailure,
  type Undeleted,
  type WholeObject,
  type WholeOptions,
  type WriteCondition,
  type WriteOptions,
} from "./store";
import { streamOf } from "./stream-of";

/** Files on their way. They begin with a dot, and no key does. */
const TEMPORARY = ".tmp";
/** Milliseconds after which a file on its way belongs to a run that was killed. */
const ABANDONED = 24 * 3600 * 1000;
/** Milliseconds after which the claim of a replacement belongs to a run that was killed. */
const CLAIM_TIME = 10_000;
/** Milliseconds for which the file system's time is known, once it was looked at. */
const FRESH = 5_000;
const PAGE = 1000;

/** A folder, on a disk or a file server that many hosts share. A file appears whole, on disk, or not at all. */
export class FolderStore implements ObjectStore {
  readonly name: string;
  private readonly folders = new Folders();
  /** The file system's time, and when it was looked at by this process's monotonic clock. */
  private seen: { readonly time: number; readonly at: number } | undefined;

  constructor(private readonly root: string) {
    this.name = root;
  }

  async bucketState(): Promise<BucketState> {
    await this.attempt("reading", "", () => readdir(this.root));
    return { versioned: false };
  }

  async head(key: string): Promise<ObjectState | undefined> {
    return this.attempt("reading", key, async () => {
      const stats = await statOf(this.path(key));
      return stats?.isFile() ? state(key, stats, await this.now()) : undefined;
    });
  }

  async get(key: string, { range, signal }: ReadOptions = {}): Promise<{ state: ObjectState; body: Readable }> {
    return this.attempt("reading", key, async () => {
      const handle = await open(this.path(key));
      try {
        const stats = await handle.stat({ bigint: true });
        const chunks = handle.createReadStream({ signal, start: range?.first, end: range?.last });
        return { state: state(key, stats, await this.now()), body: streamOf(this.chunksOf(key, chunks), chunks) };
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  async read(key: string, { atMost }: WholeOptions): Promise<WholeObject> {
    return this.attempt("reading", key, async () => {
      const handle = await open(this.path(key));
      try {
        const stats = await handle.stat({ bigint: true });
        const found = state(key, stats, await this.now());
        if (found.size > atMost) return { state: found };
        const content = await contentOf(handle, found.size);
        if (content.length === found.size) return { state: found, content };
        const message = `${this.name}: reading ${key}: ${content.length} of ${found.size} bytes came`;
        throw new StoreError("transient", this.name, message);
      } finally {
        await handle.close();
      }
    });
  }

  async put(key: string, content: Uint8Array, options: WriteOptions = {}): Promise<ObjectState> {
    if (options.checksum !== undefined) verify(content, options.checksum, this.name, key);
    return this.write(key, options, (file) => file.writeFile(content));
  }

  putStream(key: string, body: Readable, options: WriteOptions = {}): Promise<ObjectState> {
    const { checksum, signal } = options;
    return this.write(key, options, (file) => {
      const fill = (chunks: AsyncIterable<Buffer>) => writeFile(file, chunks);
      return checksum === undefined
        ? pipeline(body, fill, { signal })
        : pipeline(body, verifying(checksum, this.name, key), fill, { signal });
    });
  }

  canCopyFrom(): boolean {
    return false;
  }

  async copyFrom(_source: ObjectStore, _sourceKey: string, key: string): Promise<Copied> {
    throw new StoreError("other", this.name, `${this.name}: a folder copies nothing by itself, ${key} either`);
  }

  async *list(prefix: string, { signal }: { signal?: AbortSignal } = {}): AsyncIterable<readonly ObjectInfo[]> {
    const end = prefix.lastIndexOf("/") + 1;
    let page: ObjectInfo[] = [];
    for await (const files of this.walk(prefix.slice(0, end), prefix.slice(end))) {
      signal?.throwIfAborted();
      page = page.concat(files);
      if (page.length < PAGE) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  async *versions(): AsyncIterable<readonly ObjectVersion[]> {}

  async delete(keys: readonly string[]): Promise<readonly Undeleted[]> {
    const undeleted: Undeleted[] = [];
    for (const key of keys) {
      try {
        await unlink(this.path(key));
      } catch (error) {
        if (codeOf(error) !== "ENOENT")
          undeleted.push({ key, error: this.failed("deleting", key, error) as StoreError });
      }
    }
    await this.sweep();
    return undeleted;
  }

  async retention(): Promise<undefined> {}

  async extendRetention(key: string): Promise<void> {
    throw new StoreError("other", this.name, `${this.name}: a folder cannot lock ${key}`);
  }

  async flush(): Promise<void> {
    return this.attempt("writing", "", () => flushTree(this.root));
  }

  async close(): Promise<void> {}

  /** Files of one folder after the other, in the order of their whole keys. */
  private async *walk(folder: string, start: string): AsyncIterable<ObjectInfo[]> {
    const entries = await this.attempt("listing", folder, () => entriesOf(join(this.root, folder)));
    const named = entries
      .filter((entry) => entry.name.startsWith(start) && !entry.name.startsWith("."))
      .map((entry) => ({ entry, name: entry.isDirectory() ? `${entry.name}/` : entry.name }))
      .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
    let names: string[] = [];
    for (const { entry, name } of named) {
      if (entry.isFile()) names.push(`${folder}${name}`);
      if (!entry.isDirectory()) continue;
      if (names.length > 0) yield await this.describe(names);
      names = [];
      yield* this.walk(`${folder}${name}`, "");
    }
    if (names.length > 0) yield await this.describe(names);
  }

  /** A file that is gone by now is not listed. */
  private async describe(keys: readonly string[]): Promise<ObjectInfo[]> {
    const files = await this.attempt("listing", keys[0] ?? "", () =>
      Promise.all(keys.map(async (key) => ({ key, stats: await statOf(this.path(key)) }))),
    );
    return files.flatMap(({ key, stats }) => (stats === undefined ? [] : [info(key, stats)]));
  }

  private async write(
    key: string,
    { condition, flushLater = false }: WriteOptions,
    fill: (file: FileHandle) => Promise<void>,
  ): Promise<ObjectState> {
    const path = this.path(key);
    const temporary = join(this.root, TEMPORARY, newName());
    return this.attempt("writing", key, async () => {
      try {
        const stats = await this.make(temporary, fill, flushLater);
        await this.place(temporary, path, condition, key);
        if (!flushLater) await sync(dirname(path));
        return state(key, stats, await this.now());
      } catch (error) {
        await unlink(temporary).catch(() => {});
        throw error;
      }
    });
  }

  private async make(path: string, fill: (file: FileHandle) => Promise<void>, flushLater: boolean) {
    const file = await this.folders.with(path, () => open(path, "wx", 0o600));
    try {
      await fill(file);
      if (!flushLater) await file.sync();
      return await file.stat({ bigint: true });
    } finally {
      await file.close();
    }
  }

  /** Gives a file its name, and takes its temporary one. */
  private async place(temporary: string, path: string, condition: WriteCondition | undefined, key: string) {
    if (condition === undefined) return this.folders.with(path, () => rename(temporary, path));
    if ("absent" in condition) {
      // Unlike a rename, a link never replaces what is there.
      await this.folders
        .with(path, () => link(temporary, path))
        .catch((error) => {
          throw codeOf(error) === "EEXIST" ? this.unmet(key) : error;
        });
      return unlink(temporary);
    }
    // Of all who would replace the same state, one makes this link.
    const claim = `${path}.${condition.tag}`;
    try {
      await link(temporary, claim);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      const claimed = await statOf(claim);
      if (claimed !== undefined && (await this.now()).getTime() - Number(claimed.mtimeMs) > CLAIM_TIME)
        await unlink(claim).catch(() => {});
      throw this.unmet(key);
    }
    const current = await statOf(path);
    if (current === undefined || tagOf(current) !== condition.tag) {
      await unlink(claim).catch(() => {});
      throw this.unmet(key);
    }
    await rename(claim, path);
    return unlink(temporary);
  }

  private unmet(key: string): StoreError {
    return new StoreError(
      "precondition",
      this.name,
      `${this.name}: ${key} is not in the state it was to be replaced in`,
    );
  }

  /** Removes what killed runs left half-written. */
  private async sweep(): Promise<void> {
    const folder = join(this.root, TEMPORARY);
    const now = (await this.now()).getTime();
    for (const { name } of await entriesOf(folder)) {
      const stats = await statOf(join(folder, name));
      if (stats !== undefined && now - Number(stats.mtimeMs) > ABANDONED) {
        await unlink(join(folder, name)).catch(() => {});
      }
    }
  }

  /**
   * The file system's time: a file server's clock is another than this machine's, and leases go by it. A file says it that is
   * made for that; where none can be made, nothing is written either, and no lease taken.
   */
  private async now(): Promise<Date> {
    if (this.seen === undefined || performance.now() - this.seen.at > FRESH) {
      this.seen = { time: await this.look().catch(() => Date.now()), at: performance.now() };
    }
    const { time, at } = this.seen;
    return new Date(time + performance.now() - at);
  }

  private async look(): Promise<number> {
    const path = join(this.root, TEMPORARY, newName());
    const handle = await open(path, "wx", 0o600);
    try {
      return (await handle.stat()).mtimeMs;
    } finally {
      await handle.close();
      await unlink(path).catch(() => {});
    }
  }

  private path(key: string): string {
    if (key.split("/").some((part) => part === "" || part.startsWith("."))) {
      throw new StoreError("other", this.name, `${this.name}: ${JSON.stringify(key)} is no key of a folder`);
    }
    return join(this.root, key);
  }

  private async *chunksOf(key: string, chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    try {
      yield* chunks;
    } catch (error) {
      throw this.failed("reading", key, error);
    }
  }

  private async attempt<T>(doing: string, key: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw this.failed(doing, key, error);
    }
  }

  /** Errors that are none of the file system's, such as those of a body that is written, stay as they are. */
  private failed(doing: string, key: string, error: unknown): unknown {
    if (error instanceof StoreError || (error as NodeJS.ErrnoException).errno === undefined) return error;
    const code = codeOf(error) ?? "";
    const failure: StoreFailure = FAILURES[code] ?? "other";
    return new StoreError(failure, this.name, `${this.name}: ${doing} ${key}: ${code}`, { cause: error });
  }
}

const FAILURES: Readonly<Record<string, StoreFailure>> = {
  ENOENT: "not-found",
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  ENOSPC: "no-space",
  EDQUOT: "no-space",
  ESTALE: "transient",
  EIO: "transient",
  ETIMEDOUT: "transient",
};

function tagOf({ ino, mtimeNs }: BigIntStats): string {
  return `${ino}-${mtimeNs}`;
}

function info(key: string, stats: BigIntStats): ObjectInfo {
  return { key, size: Number(stats.size), lastModified: new Date(Number(stats.mtimeMs)), tag: tagOf(stats) };
}

function state(key: string, stats: BigIntStats, storeTime: Date): ObjectState {
  return { ...info(key, stats), storeTime };
}
