import type { Readable } from "node:stream";
import {
  CompleteMultipartUploadCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ObjectLockRetentionMode,
  PutObjectCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { guarded, wholeOf } from "./body";
import { verify, verifying } from "./checksum";
import type { S3Configuration } from "./configuration";
import { persist } from "./persist";
import { connectS3, type S3Patience, type ServerDates } from "./s3-client";
import { s3Error } from "./s3-errors";
import { type ListedObject, type ListingPage, parseListing, versionsOfPage } from "./s3-listing";
import { QuickRequests, stateOf } from "./s3-quick";
import { openQuickly, type QuickRead, readQuickly } from "./s3-reads";
import { checksumOf, copyObject, putQuickly } from "./s3-writes";
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

/** CopyObject ends there; a copy in parts would have a SHA-1 of its parts, which is not Moodle's. */
const LARGEST_COPY = 5 * 1024 ** 3;
const PART = 8 * 1024 * 1024;
/** Parts that an upload may have at most. */
const PARTS = 10_000;
const QUEUE = 4;

const PATIENCE: S3Patience = { idle: 60_000, idleCopy: 15 * 60_000 };

/** A bucket of Amazon S3, or of another server with its interface. */
export class S3Store implements ObjectStore {
  readonly name: string;
  private readonly client: S3Client;
  private readonly copyClient: S3Client;
  /** Ends an upload with a copy's patience: a server may put gigabytes together before it says a word. */
  private readonly uploadClient: S3Client;
  private readonly quick: QuickRequests;
  private readonly dates: ServerDates = new WeakMap();
  private lockMode: ObjectLockRetentionMode = "COMPLIANCE";

  constructor(
    private readonly configuration: S3Configuration,
    private readonly patience = PATIENCE,
  ) {
    this.name = `s3://${configuration.bucket}${configuration.prefix === "" ? "" : `/${configuration.prefix}`}`;
    this.client = connectS3(configuration, patience.idle, this.dates);
    this.copyClient = connectS3(configuration, patience.idleCopy, this.dates);
    this.quick = new QuickRequests(this.client, configuration);
    const send = (command: GetObjectCommand) =>
      (command instanceof CompleteMultipartUploadCommand ? this.copyClient : this.client).send(command);
    this.uploadClient = Object.create(this.client, { send: { value: send } });
  }

  async bucketState(): Promise<BucketState> {
    const { bucket } = this.configuration;
    return this.attempt("reading the settings of", bucket, async () => {
      const { Status } = await this.client.send(new GetBucketVersioningCommand({ Bucket: bucket }));
      const lock = await this.client
        .send(new GetObjectLockConfigurationCommand({ Bucket: bucket }))
        .then(({ ObjectLockConfiguration }) => ObjectLockConfiguration)
        .catch((error) => {
          if ((error as Error).name === "ObjectLockConfigurationNotFoundError") return undefined;
          throw error;
        });
      const versioned = Status === "Enabled";
      if (lock?.ObjectLockEnabled !== "Enabled") return { versioned };
      const { Mode = "COMPLIANCE", Days = 0, Years = 0 } = lock.Rule?.DefaultRetention ?? {};
      this.lockMode = Mode;
      return { versioned, lock: { mode: Mode, days: Days + Years * 365 } };
    });
  }

  async head(key: string, { versionId, signal }: ReadOptions = {}): Promise<ObjectState | undefined> {
    try {
      return await this.attempt("looking up", key, async () => {
        const command = new HeadObjectCommand({ ...this.address(key), VersionId: versionId });
        const answer = await this.client.send(command, { abortSignal: signal });
        return this.state(key, answer, answer.ContentLength ?? 0);
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
      const { idle } = this.patience;
      const Range = range === undefined ? undefined : `bytes=${range.first}-${range.last}`;
      const quick = await openQuickly(this.quick, this.reading(key, { range: Range, versionId, signal }));
      const { state, body } = quick ?? (await this.getBySdk(key, Range, versionId, signal));
      const translate = (error: unknown) => s3Error(this.name, "reading", key, error);
      const { name: store } = this;
      return { state, body: guarded(body, { store, key, size: state.size, translate, stallMilliseconds: idle }) };
    });
  }

  async read(key: string, { atMost, versionId, signal }: WholeOptions): Promise<WholeObject> {
    const quick = await readQuickly(this.quick, this.reading(key, { versionId, signal }), atMost);
    return quick ?? wholeOf(await this.get(key, { versionId, signal }), atMost);
  }

  private reading(key: string, options: Pick<QuickRead, "range" | "versionId" | "signal">): QuickRead {
    return { key, path: this.address(key).Key, patience: this.patience.idle, ...options };
  }

  private async getBySdk(key: string, Range?: string, VersionId?: string, abortSignal?: AbortSignal) {
    const command = new GetObjectCommand({ ...this.address(key), VersionId, Range });
    const answer = await this.client.send(command, { abortSignal });
    return { state: this.state(key, answer, answer.ContentLength ?? 0), body: answer.Body as Readable };
  }

  async put(key: string, content: Uint8Array, options: WriteOptions = {}): Promise<ObjectState> {
    const { checksum, condition, signal } = options;
    if (checksum !== undefined) verify(content, checksum, this.name, key);
    return this.attempt("writing", key, async () => {
      const target = this.writing(key, options);
      if (checksum !== undefined && condition === undefined) {
        const { idle: patience } = this.patience;
        const headers = await putQuickly(this.quick, target, content, checksum, { patience, signal });
        const state = headers && stateOf(key, content.length, headers);
        if (state !== undefined) return state;
      }
      const command = new PutObjectCommand({ ...target, ...checksumOf(checksum), Body: content });
      const answer = await this.client.send(command, { abortSignal: signal });
      return this.state(key, answer, content.length);
    });
  }

  async putStream(
    key: string,
    body: Readable,
    options: WriteOptions & { readonly size?: number } = {},
  ): Promise<ObjectState> {
    const { checksum, size = 0, signal } = options;
    return this.attempt("writing", key, async () => {
      signal?.throwIfAborted();
      let written = 0;
      const counted = async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          written += chunk.length;
          yield chunk;
        }
      };
      const checked = checksum === undefined ? body : body.compose(verifying(checksum, this.name, key));
      const upload = new Upload({
        client: this.uploadClient,
        params: { ...this.writing(key, options), Body: checked.compose(counted) },
        partSize: Math.max(PART, Math.ceil(size / (PARTS - 100))),
        queueSize: QUEUE,
      });
      const abort = () => void upload.abort();
      signal?.addEventListener("abort", abort, { once: true });
      try {
        const answer = await upload.done();
        if (written > PART) await persist(() => this.confirm(key, written), { signal });
        return this.state(key, answer, written);
      } finally {
        signal?.removeEventListener("abort", abort);
        body.destroy();
      }
    });
  }

  /** Some servers call a repeated completion a success while the first one still puts the parts together. */
  private async confirm(key: string, size: number): Promise<void> {
    if ((await this.head(key))?.size === size) return;
    const message = `${this.name}: writing ${key}: its parts are complete, and it is not there`;
    throw new StoreError("transient", this.name, message);
  }

  canCopyFrom(source: ObjectStore, size: number): boolean {
    return (
      source instanceof S3Store &&
      source.configuration.endpoint === this.configuration.endpoint &&
      source.configuration.roleArn === this.configuration.roleArn &&
      size <= LARGEST_COPY
    );
  }

  async copyFrom(source: ObjectStore, sourceKey: string, key: string, options: CopyOptions = {}): Promise<Copied> {
    if (!(source instanceof S3Store))
      throw new StoreError("other", this.name, `${this.name} cannot copy from ${source.name}`);
    const { versionId, signal, size = 0 } = options;
    try {
      const { Bucket, Key } = source.address(sourceKey);
      const path = `${Bucket}/${Key.split("/").map(encodeURIComponent).join("/")}`;
      const CopySource = versionId === undefined ? path : `${path}?versionId=${encodeURIComponent(versionId)}`;
      const input = { ...this.writing(key, options), CopySource };
      const { quick, copyClient: client } = this;
      const checksum = await copyObject({ quick, client, patience: this.patience.idleCopy }, input, signal);
      // With a number of parts behind it, it is a checksum of checksums.
      const sha1 =
        checksum === undefined || checksum.includes("-") ? undefined : Buffer.from(checksum, "base64").toString("hex");
      return { size, sha1, verified: sha1 !== undefined };
    } catch (error) {
      const translated = s3Error(this.name, `copying from ${source.name} to`, key, error);
      // Of a copy, what is not found is the source.
      if (isStoreFailure(translated, "not-found", "archived")) {
        throw new StoreError(translated.failure, source.name, translated.message, { cause: error });
      }
      throw translated;
    }
  }

  async *list(prefix: string, { signal }: { signal?: AbortSignal } = {}): AsyncIterable<readonly ObjectInfo[]> {
    const { Bucket, Key: Prefix } = this.address(prefix);
    let token: string | undefined;
    do {
      const page: ListingPage = await this.attempt("listing", prefix, () =>
        this.listPage(Bucket, Prefix, token, signal),
      );
      if (page.objects.length > 0) yield page.objects.map((object) => this.info(object));
      token = page.token;
    } while (token !== undefined);
  }

  private async listPage(
    Bucket: string,
    Prefix: string,
    token: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ListingPage> {
    const query = { "list-type": "2", prefix: Prefix, ...(token === undefined ? {} : { "continuation-token": token }) };
    const answer = await this.quick.send({ method: "GET", query, patience: this.patience.idle, signal });
    const quick = answer && parseListing(answer.content);
    if (quick !== undefined) return quick;
    const command = new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken: token });
    const {
      Contents = [],
      IsTruncated,
      NextContinuationToken,
    } = await this.client.send(command, { abortSignal: signal });
    return { objects: Contents, token: IsTruncated === true ? NextContinuationToken : undefined };
  }

  async *versions(prefix: string, { signal }: { signal?: AbortSignal } = {}): AsyncIterable<readonly ObjectVersion[]> {
    const { Bucket, Key: Prefix } = this.address(prefix);
    let next: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
    while (next !== undefined) {
      const command: ListObjectVersionsCommand = new ListObjectVersionsCommand({ Bucket, Prefix, ...next });
      const answer = await this.attempt("listing versions of", prefix, () =>
        this.client.send(command, { abortSignal: signal }),
      );
      const page = versionsOfPage(answer, (object) => this.info(object));
      if (page.length > 0) yield page;
      next =
        answer.IsTruncated === true
          ? { KeyMarker: answer.NextKeyMarker, VersionIdMarker: answer.NextVersionIdMarker }
          : undefined;
    }
  }

  async delete(keys: readonly string[], { signal }: { signal?: AbortSignal } = {}): Promise<readonly Undeleted[]> {
    if (keys.length === 0) return [];
    const { bucket } = this.configuration;
    const Objects = keys.map((key) => ({ Key: this.address(key).Key }));
    const { Errors = [] } = await this.attempt("deleting", keys[0] ?? "", () =>
      this.client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }), {
        abortSignal: signal,
      }),
    );
    return Errors.filter(({ Code }) => Code !== "NoSuchKey").map(({ Key = "", Code, Message }) => {
      const key = this.keyOf(Key);
      // Single failures come without a status.
      const failure = {
        name: Code,
        message: Message,
        $metadata: { httpStatusCode: Code === "AccessDenied" ? 403 : 400 },
      };
      return { key, error: s3Error(this.name, "deleting", key, failure) as StoreError };
    });
  }

  async retention(key: string): Promise<Date | undefined> {
    return this.attempt("reading the lock of", key, async () => {
      try {
        const { Retention } = await this.client.send(new GetObjectRetentionCommand(this.address(key)));
        return Retention?.RetainUntilDate;
      } catch (error) {
        if ((error as Error).name === "NoSuchObjectLockConfiguration") return undefined;
        throw error;
      }
    });
  }

  async extendRetention(key: string, until: Date): Promise<void> {
    const Retention = { Mode: this.lockMode, RetainUntilDate: until };
    try {
      await this.attempt("locking", key, () =>
        this.client.send(new PutObjectRetentionCommand({ ...this.address(key), Retention })),
      );
    } catch (error) {
      // A lock that ends later cannot be made to end earlier, and need not.
      if (!isStoreFailure(error, "denied", "locked")) throw error;
      const current = await this.retention(key);
      if (current === undefined || current < until) throw error;
    }
  }

  async close(): Promise<void> {
    this.client.destroy();
    this.copyClient.destroy();
    this.quick.close();
  }

  private address(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.configuration.bucket, Key: `${this.configuration.prefix}${key}` };
  }

  private keyOf(whole: string): string {
    return whole.slice(this.configuration.prefix.length);
  }

  private writing(key: string, { condition, retainUntil }: WriteOptions) {
    const { kmsKeyId } = this.configuration;
    return {
      ...this.address(key),
      ...(condition === undefined ? {} : "absent" in condition ? { IfNoneMatch: "*" } : { IfMatch: condition.tag }),
      ...(retainUntil === undefined ? {} : { ObjectLockMode: this.lockMode, ObjectLockRetainUntilDate: retainUntil }),
      ...(kmsKeyId === undefined
        ? {}
        : { ServerSideEncryption: "aws:kms" as const, SSEKMSKeyId: kmsKeyId, BucketKeyEnabled: true }),
    };
  }

  private info({ Key = "", Size = 0, LastModified = new Date(0), ETag = "" }: ListedObject): ObjectInfo {
    return { key: this.keyOf(Key), size: Size, lastModified: LastModified, tag: ETag };
  }

  private state(key: string, answer: AnswerOfObject, size: number): ObjectState {
    const storeTime = this.dates.get(answer) ?? new Date();
    const { ETag = "", LastModified = storeTime, VersionId } = answer;
    return {
      key,
      size,
      lastModified: LastModified,
      tag: ETag,
      storeTime,
      // Buckets without versions have the one version "null".
      ...(VersionId === undefined || VersionId === "null" ? {} : { versionId: VersionId }),
    };
  }

  private async attempt<T>(doing: string, key: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw s3Error(this.name, doing, key, error);
    }
  }
}

interface AnswerOfObject {
  readonly ETag?: string;
  readonly LastModified?: Date;
  readonly VersionId?: string;
}
