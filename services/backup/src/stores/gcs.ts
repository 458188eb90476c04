import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { type Bucket, type File, type FileMetadata, type SaveOptions, Storage } from "@google-cloud/storage";
import { forEachConcurrent } from "../concurrency";
import { guarded, wholeOf } from "./body";
import { verify, verifying } from "./checksum";
import type { GcsConfiguration } from "./configuration";
import { gcsError } from "./gcs-errors";
import { beginUpload, chunksOf, ResumableUpload } from "./gcs-upload";
import { persist } from "./persist";
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
/** Deletions at once: the interface has none of several objects. */
const DELETIONS = 16;
const ATTEMPTS = 6;

export interface GcsLimits {
  /** Milliseconds without an answer after which a request is repeated. */
  readonly idle: number;
  /** Milliseconds before the first repetition. */
  readonly firstDelay: number;
  /** Bytes of one request of an upload, and what it holds in memory: a multiple of 256 KiB. */
  readonly chunk: number;
}

const LIMITS: GcsLimits = { idle: 60_000, firstDelay: 500, chunk: 8 * 1024 * 1024 };

/** A bucket of Google Cloud Storage. Versions are generations. */
export class GcsStore implements ObjectStore {
  readonly name: string;
  private readonly bucket: Bucket;

  constructor(
    private readonly configuration: GcsConfiguration,
    private readonly limits = LIMITS,
  ) {
    const { bucket, prefix, endpoint } = configuration;
    this.name = `gs://${bucket}${prefix === "" ? "" : `/${prefix}`}`;
    const storage = new Storage({
      apiEndpoint: endpoint,
      // Requests are repeated here: the client gives no answer at all after its last time-out, and one write without a
      // condition ends the repetitions of all others.
      retryOptions: { autoRetry: false, maxRetries: 0 },
      timeout: limits.idle,
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

  async head(key: string, { versionId, signal }: ReadOptions = {}): Promise<ObjectState | undefined> {
    try {
      const look = () => this.file(key, versionId).getMetadata();
      const [metadata, response] = await this.attempt("looking up", key, look, signal);
      const headers = (response as { headers?: IncomingHttpHeaders } | undefined)?.headers;
      return this.state(metadata, timeOf(headers));
    } catch (error) {
      if (isStoreFailure(error, "not-found")) return undefined;
      throw error;
    }
  }

  async get(
    key: string,
    { range, versionId, signal }: ReadOptions = {},
  ): Promise<{ readonly state: ObjectState; readonly body: Readable }> {
    const open = async () => {
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
      const { idle: stallMilliseconds } = this.limits;
      return { state, body: guarded(stream, { store: this.name, key, size, translate, stallMilliseconds }) };
    };
    return this.attempt("reading", key, open, signal);
  }

  async read(key: string, options: WholeOptions): Promise<WholeObject> {
    return wholeOf(await this.get(key, options), options.atMost);
  }

  async put(key: string, content: Uint8Array, options: WriteOptions = {}): Promise<ObjectState> {
    if (options.checksum !== undefined) verify(content, options.checksum, this.name, key);
    const write = async () => {
      const file = this.file(key);
      await file.save(Buffer.from(content), { ...this.writing(options), resumable: false, validation: "crc32c" });
      return this.state(file.metadata);
    };
    return this.attempt("writing", key, write, options.signal);
  }

  async putStream(
    key: string,
    body: Readable,
    options: WriteOptions & { readonly size?: number } = {},
  ): Promise<ObjectState> {
    const { checksum, signal } = options;
    const checked = checksum === undefined ? body : body.compose(verifying(checksum, this.name, key));
    const abort = () => void body.destroy(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      let upload: ResumableUpload | undefined;
      let metadata: FileMetadata | undefined;
      for await (const chunk of chunksOf(checked, this.limits.chunk)) {
        signal?.throwIfAborted();
        if (upload === undefined && chunk.isLast)
          return await this.put(key, chunk.content, { ...options, checksum: undefined });
        upload ??= await this.upload(key, options);
        metadata = await upload.add(chunk);
      }
      return this.state(metadata ?? {});
    } finally {
      signal?.removeEventListener("abort", abort);
      body.destroy();
    }
  }

  private async upload(key: string, options: WriteOptions): Promise<ResumableUpload> {
    const { signal } = options;
    const { kmsKeyId: kmsKeyName } = this.configuration;
    const file = this.file(key);
    const { preconditionOpts, metadata = {} } = this.writing(options);
    const query = { ...preconditionOpts, ...(kmsKeyName === undefined ? {} : { kmsKeyName }) };
    const begin = () => beginUpload(file, query, metadata);
    return new ResumableUpload({
      file,
      session: await this.attempt("writing", key, begin, signal),
      persist: (action) => this.attempt("writing", key, action, signal),
      fail: (failure, problem) => new StoreError(failure, this.name, `${this.name}: writing ${key}: ${problem}`),
    });
  }

  canCopyFrom(source: ObjectStore): boolean {
    return source instanceof GcsStore && source.configuration.endpoint === this.configuration.endpoint;
  }

  /** A rewrite; both CRC32C are the service's own. */
  async copyFrom(source: ObjectStore, sourceKey: string, key: string, options: CopyOptions = {}): Promise<Copied> {
    if (!(source instanceof GcsStore))
      throw new StoreError("other", this.name, `${this.name} cannot copy from ${source.name}`);
    const { signal } = options;
    const original = source.file(sourceKey, options.versionId);
    const look = () => original.getMetadata();
    const [before] = await source.attempt("looking up", sourceKey, look, signal);
    const after = await this.rewrite(original, key, options);
    if (after.crc32c !== before.crc32c) {
      throw new StoreError("corrupt", this.name, `${this.name}: the copy ${key} has another CRC32C than ${sourceKey}`);
    }
    return { size: Number(after.size ?? 0), verified: after.crc32c !== undefined };
  }

  /** In steps, for a large object. The client's own forgets the lock, and after the first step all of the metadata. */
  private async rewrite(original: File, key: string, options: CopyOptions): Promise<FileMetadata> {
    const { bucket, kmsKeyId } = this.configuration;
    const qs = {
      ...(options.versionId === undefined ? {} : { sourceGeneration: options.versionId }),
      ...(kmsKeyId === undefined ? {} : { destinationKmsKeyName: kmsKeyId }),
    };
    const request = {
      method: "POST",
      uri: `/rewriteTo/b/${bucket}/o/${encodeURIComponent(this.file(key).name)}`,
      json: this.writing(options).metadata,
    };
    let token = {};
    for (;;) {
      const step = () => original.request({ ...request, qs: { ...qs, ...token } });
      const [answer] = await this.attempt("copying to", key, step, options.signal);
      const { rewriteToken, resource = {} } = answer as { rewriteToken?: string; resource?: FileMetadata };
      if (!rewriteToken) return resource;
      token = { rewriteToken };
    }
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
        await this.attempt("deleting", key, () => this.file(key).delete({ ignoreNotFound: true }), signal);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        undeleted.push({ key, error });
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
      const [files, following]: [File[], object | null, ...unknown[]] = await this.attempt(
        "listing",
        prefix,
        () => this.bucket.getFiles({ ...query, pageToken }),
        signal,
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

  private attempt<T>(doing: string, key: string, action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const translated = () =>
      action().catch((error) => {
        throw gcsError(this.name, doing, key, error);
      });
    return persist(translated, { signal, attempts: ATTEMPTS, firstDelay: this.limits.firstDelay });
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
    stream.once("response", (answer: IncomingMessage) => {
      const { statusCode = 0, headers } = answer;
      if (statusCode < 400) return resolve(headers);
      // An error follows. Before, the client reads what the server says, waits for all of it without end, and lets the
      // process die where that breaks off.
      answer[Symbol.asyncIterator] = async function* () {};
      answer.resume();
    });
    signal?.addEventListener("abort", () => stream.destroy(signal.reason), { once: true });
    // The request is made when somebody reads.
    stream.read(0);
  });
}
