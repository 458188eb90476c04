import { createHash, randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { wholeOf } from "../../../../services/backup/src/stores/body";
import { verifying } from "../../../../services/backup/src/stores/checksum";
import {
  type BucketState,
  type Copied,
  type CopyOptions,
  type ObjectInfo,
  type ObjectState,
  type ObjectStore,
  type ObjectVersion,
  type ReadOptions,
  StoreError,
  type Undeleted,
  type WholeObject,
  type WholeOptions,
  type WriteOptions,
} from "../../../../services/backup/src/stores/store";

interface Version {
  readonly versionId: string;
  /** Nothing in a delete marker. */
  content?: Buffer;
  readonly lastModified: Date;
  retainUntil?: Date;
}

const PAGE = 7;

/** A bucket in memory, with versions, delete markers and object lock. Pages are short, so that tests see several. */
export class MemoryStore implements ObjectStore {
  readonly objects = new Map<string, Version[]>();
  /** The store's own clock. */
  now = () => new Date();
  versioned = false;
  lockDays = 0;
  extensions = 0;
  /** What a copy tells of its checksum: as AWS does, as Cloud Storage does, or nothing. */
  copyChecksum: "sha1" | "verified" | "none" = "sha1";
  /** Nothing here outlives a power cut: for tests that tell when it would. */
  flush?: () => Promise<void>;

  constructor(readonly name: string) {}

  async bucketState(): Promise<BucketState> {
    return {
      versioned: this.versioned,
      ...(this.lockDays > 0 ? { lock: { mode: "COMPLIANCE", days: this.lockDays } } : {}),
    };
  }

  async head(key: string, { versionId }: ReadOptions = {}): Promise<ObjectState | undefined> {
    const version = this.version(key, versionId);
    return version?.content === undefined ? undefined : this.state(key, version);
  }

  async get(key: string, { versionId, range }: ReadOptions = {}): Promise<{ state: ObjectState; body: Readable }> {
    const version = this.version(key, versionId);
    if (version?.content === undefined) throw this.failure("not-found", key);
    const part = range === undefined ? version.content : version.content.subarray(range.first, range.last + 1);
    return {
      state: this.state(key, version),
      body: Readable.from(part.length === 0 ? [] : [part], { objectMode: false }),
    };
  }

  async read(key: string, { atMost, ...options }: WholeOptions): Promise<WholeObject> {
    return wholeOf(await this.get(key, options), atMost);
  }

  async put(key: string, content: Uint8Array, options: WriteOptions = {}): Promise<ObjectState> {
    return this.putStream(key, Readable.from([Buffer.from(content)], { objectMode: false }), options);
  }

  async putStream(key: string, body: Readable, options: WriteOptions = {}): Promise<ObjectState> {
    const { checksum, condition, retainUntil } = options;
    if (checksum !== undefined) {
      const source = body;
      const check = verifying(checksum, this.name, key);
      source.on("error", (error) => check.destroy(error));
      body = source.pipe(check);
    }
    const content = await buffer(body);
    const current = this.version(key);
    if (condition !== undefined) {
      const isThere = current?.content !== undefined;
      const met = "absent" in condition ? !isThere : isThere && current.versionId === condition.tag;
      if (!met) throw this.failure("precondition", key);
    }
    return this.state(key, this.add(key, { content, retainUntil: retainUntil ?? this.defaultLock() }));
  }

  canCopyFrom(source: ObjectStore): boolean {
    return source instanceof MemoryStore;
  }

  async copyFrom(source: ObjectStore, sourceKey: string, key: string, options: CopyOptions = {}): Promise<Copied> {
    const { body } = await source.get(sourceKey, options);
    const content = await buffer(body);
    this.add(key, { content, retainUntil: options.retainUntil ?? this.defaultLock() });
    const sha1 = this.copyChecksum === "sha1" ? createHash("sha1").update(content).digest("hex") : undefined;
    return { size: content.length, sha1, verified: this.copyChecksum !== "none" };
  }

  async *list(prefix: string): AsyncIterable<readonly ObjectInfo[]> {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    const infos = (await Promise.all(keys.map((key) => this.head(key)))).filter((info) => info !== undefined);
    for (let start = 0; start < infos.length; start += PAGE) yield infos.slice(start, start + PAGE);
  }

  async *versions(prefix: string): AsyncIterable<readonly ObjectVersion[]> {
    if (!this.versioned) return;
    for (const key of [...this.objects.keys()].filter((name) => name.startsWith(prefix)).sort()) {
      yield [...(this.objects.get(key) ?? [])].reverse().map((version, index) => ({
        ...this.state(key, version),
        versionId: version.versionId,
        isLatest: index === 0,
        isDeleteMarker: version.content === undefined,
      }));
    }
  }

  async delete(keys: readonly string[]): Promise<readonly Undeleted[]> {
    const undeleted: Undeleted[] = [];
    for (const key of keys) {
      const current = this.version(key);
      if (current?.content === undefined) continue;
      if (this.versioned) this.add(key, {});
      else if ((current.retainUntil ?? new Date(0)) > this.now()) {
        undeleted.push({ key, error: this.failure("locked", key) });
      } else this.objects.delete(key);
    }
    return undeleted;
  }

  async retention(key: string): Promise<Date | undefined> {
    return this.version(key)?.retainUntil;
  }

  async extendRetention(key: string, until: Date): Promise<void> {
    const version = this.version(key);
    if (version?.content === undefined) throw this.failure("not-found", key);
    this.extensions++;
    if (version.retainUntil === undefined || version.retainUntil < until) version.retainUntil = until;
  }

  async close(): Promise<void> {}

  /** The content under a key, for tests. */
  content(key: string): Buffer | undefined {
    return this.version(key)?.content;
  }

  /** Changes what is stored, behind the back of whoever stored it. */
  damage(key: string, change: (content: Buffer) => Buffer): void {
    const version = this.version(key);
    if (version?.content === undefined) throw new Error(`no ${key}`);
    version.content = change(Buffer.from(version.content));
  }

  keys(prefix = ""): string[] {
    return [...this.objects.keys()].filter((key) => key.startsWith(prefix) && this.content(key) !== undefined).sort();
  }

  private version(key: string, versionId?: string): Version | undefined {
    const versions = this.objects.get(key) ?? [];
    return versionId === undefined ? versions.at(-1) : versions.find((version) => version.versionId === versionId);
  }

  private add(key: string, what: Pick<Version, "content" | "retainUntil">): Version {
    const version = { versionId: randomUUID(), lastModified: this.now(), ...what };
    const kept = this.versioned ? (this.objects.get(key) ?? []) : [];
    this.objects.set(key, [...kept, version]);
    return version;
  }

  private defaultLock(): Date | undefined {
    return this.lockDays === 0 ? undefined : new Date(this.now().getTime() + this.lockDays * 86_400_000);
  }

  private state(key: string, { versionId, content, lastModified }: Version): ObjectState {
    return {
      key,
      size: content?.length ?? 0,
      lastModified,
      tag: versionId,
      storeTime: this.now(),
      ...(this.versioned ? { versionId } : {}),
    };
  }

  private failure(failure: "not-found" | "precondition" | "locked", key: string): StoreError {
    return new StoreError(failure, this.name, `${this.name}: ${key}: ${failure}`);
  }
}
