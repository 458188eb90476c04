import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Bucket, type File, type FileMetadata, type SaveOptions, Storage } from "@google-cloud/storage";
import { forEachConcurrent } from "../concurrency";
import { guarded, wholeOf } from "./body";
import { verify, verifying } from "./checksum";
import type { GcsConfiguration } from "./configuration";
import { gcsError } from "./gcs-errors";
import {
  type BucketState,
  type Copied,
  type CopyOptions,
  isStoreFailure,
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
} from "./store";

const PAGE = 1000;
/** Bytes of one request of a resumable upload, and what it holds in memory: a multiple of 256 KiB. */
const CHUNK = 16 * 1024 * 1024;
/** Deletions at once: the interface has none of several objects. */
const DELETIONS = 16;
/** Seconds for which the client repeats a request. */
const PATIENCE = 90;

/** A bucket of Google Cloud Storage. Versions are generations. */
export class GcsStore implements ObjectStore {
  readonly name: string;
  private readonly bucket: Bucket;

  constructor(private readonly configuration: GcsConfiguration) {
    const { bucket, prefix, endpoint } = configuration;
    this.name = `gs://${bucket}${prefix === "" ? "" : `/${prefix}`}`;
    const storage = new Storage({
      apiEndpoint: endpoint,
      retryOptions: { autoRetry: true, maxRetries: 4, totalTimeout: PATIENCE },
      timeout: 60_000,
    });
    this.bucket = storage.bucket(bucket);
  }

  async bucketState(): Promise<BucketState> {
    return this.attempt("reading the settings of", this.configuration.bucket, async () => {
      const [{ versioning, objectRetention }] = await this.bucket.getMetadata();
      const versioned = versioning?.enabled === true;
      // Cloud Storage locks single objects until a date, and gives none of its own.
      return objectRetention?.mode === "Enabled" ? { versioned, lock: { mode: "COMPLIANCE", days: 0 } } : { versioned };
    });
  }

  async head(key: string, { versionId }: ReadOptions = {}): Promise<ObjectState | undefined> {
    try {
      return await this.attempt("looking up", key, async () => {
        const [metadata, response] = await this.file(key, versionId).getMetadata();
        const headers = (response as { headers?: IncomingHttpHeaders } | undefined)?.headers;
        return this.state(metadata, timeOf(headers));
      });
    } catch (error) {
      if (isStoreFailure(error, "not-found")) return undefined;
      throw error;
    }
  }

  async get(
    key: string,
    { range, versionId, signal }: ReadOptions = {},
  ): Promise<{ readonly state: ObjectState; readonly body: Readable }> {
    return this.attempt("reading", key, async () => {
      signal?.throwIfAborted();
      const stream = this.file(key, versionId).createReadStream({
        start: range?.first,
        end: range?.last,
        // Contents are compared with their own hashes.
        validation: false,
        decompress: false,
      });
      const headers = await headersOf(stream, signal);
      const size = Number(headers["content-length"] ?? headers["x-goog-stored-content-length"]);
      const generation = String(headers["x-goog-generation"] ?? "");
      const state: ObjectState = {
        key,
        size,
        lastModified: new Date(headers["last-modified"] ?? 0),
        tag: generation,
        versionId: generation,
        storeTime: timeOf(headers),
      };
      const translate = (error: unknown) => gcsError(this.name, "reading", key, error);
      return { state, body: guarded(stream, { store: this.name, key, size, translate }) };
    });
  }

  async read(key: string, options: WholeOptions): Promise<WholeObject> {
    return wholeOf(await this.get(key, options), options.atMost);
  }

  async put(key: string, content: Uint8Array, options: WriteOptions = {}): Promise<ObjectState> {
    if (options.checksum !== undefined) verify(content, options.checksum, this.name, key);
    return this.attempt("writing", key, async () => {
      const file = this.file(key);
      await file.save(Buffer.from(content), { ...this.writing(options), resumable: false, validation: "crc32c" });
      return this.state(file.metadata);
    });
  }

  async putStream(
    key: string,
    body: Readable,
    options: WriteOptions & { readonly size?: number } = {},
  ): Promise<ObjectState> {
    const { checksum, signal } = options;
    return this.attempt("writing", key, async () => {
      const file = this.file(key);
      const sink = file.createWriteStream({
        ...this.writing(options),
        resumable: true,
        chunkSize: CHUNK,
        validation: "crc32c",
      });
      await (checksum === undefined
        ? pipeline(body, sink, { signal })
        : pipeline(body, verifying(checksum, this.name, key), sink, { signal }));
      return this.state(file.metadata);
    });
  }

  canCopyFrom(source: ObjectStore): boolean {
    return source instanceof GcsStore && source.configuration.endpoint === this.configuration.endpoint;
  }

  /** A rewrite; both CRC32C are the service's own. */
  async copyFrom(source: ObjectStore, sourceKey: string, key: string, options: CopyOptions = {}): Promise<Copied> {
    if (!(source instanceof GcsStore))
      throw new StoreError("other", this.name, `${this.name} cannot copy from ${source.name}`);
    const original = source.file(sourceKey, options.versionId);
    const [before] = await source.attempt("looking up", sourceKey, () => original.getMetadata());
    return this.attempt("copying to", key, async () => {
      const copy = this.file(key);
      const { metadata } = this.writing(options);
      await original.copy(copy, {
        metadata,
        ...(this.configuration.kmsKeyId === undefined ? {} : { destinationKmsKeyName: this.configuration.kmsKeyId }),
      });
      const [after] = await copy.getMetadata();
      if (after.crc32c !== before.crc32c) {
        throw new StoreError(
          "corrupt",
          this.name,
          `${this.name}: the copy ${key} has another CRC32C than ${sourceKey}`,
        );
      }
      return { size: Number(after.size ?? 0), verified: after.crc32c !== undefined };
    });
  }

  async *list(prefix: string, { signal }: { signal?: AbortSignal } = {}): AsyncIterable<readonly ObjectInfo[]> {
    for await (const files of this.pages(prefix, false, signal)) {
      yield files.map(({ metadata }) => this.info(metadata));
    }
  }

  async *versions(prefix: string, { signal }: { signal?: AbortSignal } = {}): AsyncIterable<readonly ObjectVersion[]> {
    const { versioned } = await this.bucketState();
    if (!versioned) return;
    for await (const files of this.pages(prefix, true, signal)) {
      const page = files.map(({ metadata }) => ({
        ...this.info(metadata),
        versionId: String(metadata.generation ?? ""),
        isLatest: metadata.timeDeleted === undefined,
        isDeleteMarker: false,
      }));
      yield page.sort((a, b) => compare(a.key, b.key) || Number(b.versionId) - Number(a.versionId));
    }
  }

  async delete(keys: readonly string[], { signal }: { signal?: AbortSignal } = {}): Promise<readonly Undeleted[]> {
    const undeleted: Undeleted[] = [];
    await forEachConcurrent(keys, DELETIONS, async (key) => {
      signal?.throwIfAborted();
      try {
        await this.file(key).delete({ ignoreNotFound: true });
      } catch (error) {
        const translated = gcsError(this.name, "deleting", key, error);
        if (!(translated instanceof StoreError)) throw translated;
        undeleted.push({ key, error: translated });
      }
    });
    return undeleted;
  }

  async retention(key: string): Promise<Date | undefined> {
    return this.attempt("reading the lock of", key, async () => {
      const [{ retention }] = await this.file(key).getMetadata();
      return retention?.retainUntilTime === undefined ? undefined : new Date(retention.retainUntilTime);
    });
  }

  async extendRetention(key: string, until: Date): Promise<void> {
    try {
      await this.attempt("locking", key, () => this.file(key).setMetadata({ retention: retentionUntil(until) }));
    } catch (error) {
      // A lock that ends later cannot be made to end earlier, and need not.
      if (!isStoreFailure(error, "denied", "locked", "other")) throw error;
      const current = await this.retention(key);
      if (current === undefined || current < until) throw error;
    }
  }

  async close(): Promise<void> {}

  private async *pages(
    prefix: string,
    versions: boolean,
    signal: AbortSignal | undefined,
  ): AsyncIterable<readonly File[]> {
    const query = { prefix: `${this.configuration.prefix}${prefix}`, versions, maxResults: PAGE, autoPaginate: false };
    let next: { pageToken?: string } | null | undefined = {};
    while (next !== null && next !== undefined) {
      signal?.throwIfAborted();
      const { pageToken }: { pageToken?: string } = next;
      const [files, following]: [File[], object | null, ...unknown[]] = await this.attempt("listing", prefix, () =>
        this.bucket.getFiles({ ...query, pageToken }),
      );
      if (files.length > 0) yield files;
      next = following;
    }
  }

  private file(key: string, versionId?: string): File {
    const { prefix, kmsKeyId } = this.configuration;
    return this.bucket.file(`${prefix}${key}`, {
      ...(versionId === undefined ? {} : { generation: versionId }),
      ...(kmsKeyId === undefined ? {} : { kmsKeyName: kmsKeyId }),
    });
  }

  private writing({ condition, retainUntil }: WriteOptions): SaveOptions {
    const generation = condition === undefined ? undefined : "absent" in condition ? 0 : condition.tag;
    return {
      preconditionOpts: generation === undefined ? {} : { ifGenerationMatch: generation },
      metadata: retainUntil === undefined ? {} : { retention: retentionUntil(retainUntil) },
    };
  }

  private info(metadata: FileMetadata): ObjectInfo {
    return {
      key: (metadata.name ?? "").slice(this.configuration.prefix.length),
      size: Number(metadata.size ?? 0),
      lastModified: new Date(metadata.updated ?? 0),
      tag: String(metadata.generation ?? ""),
    };
  }

  private state(metadata: FileMetadata, storeTime?: Date): ObjectState {
    const info = this.info(metadata);
    return { ...info, versionId: info.tag, storeTime: storeTime ?? info.lastModified };
  }

  private async attempt<T>(doing: string, key: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw gcsError(this.name, doing, key, error);
    }
  }
}

function retentionUntil(until: Date) {
  return { mode: "Locked", retainUntilTime: until.toISOString() };
}

function timeOf(headers: IncomingHttpHeaders | undefined): Date {
  return headers?.date === undefined ? new Date() : new Date(headers.date);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Waits for the answer before anything is read. */
function headersOf(stream: Readable, signal: AbortSignal | undefined): Promise<IncomingHttpHeaders> {
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    stream.once("response", ({ statusCode = 0, headers }: IncomingMessage) => {
      // Of a failure, an error follows.
      if (statusCode < 400) resolve(headers);
    });
    signal?.addEventListener("abort", () => stream.destroy(signal.reason), { once: true });
    // The request is made when somebody reads.
    stream.read(0);
  });
}
