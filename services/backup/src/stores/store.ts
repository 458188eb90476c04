import type { Readable } from "node:stream";

/** One object as a listing shows it. */
export interface ObjectInfo {
  /** Below the store's prefix. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** By the store's own clock. */
  readonly lastModified: Date;
  /** Changes with the content, and in some stores with every write: an ETag, a generation. */
  readonly tag: string;
}

/** One object as it is read or written. */
export interface ObjectState extends ObjectInfo {
  /** The store's own clock when it answered. Whoever compares it with `lastModified` needs no clock. */
  readonly storeTime: Date;
  /** Where the store keeps versions. */
  readonly versionId?: string;
}

/** An object with its content, where that is no larger than was asked for. */
export interface WholeObject {
  readonly state: ObjectState;
  readonly content?: Buffer;
}

/** One version of an object. Of each key the newest comes first. */
export interface ObjectVersion extends ObjectInfo {
  readonly versionId: string;
  readonly isLatest: boolean;
  /** Says that the object is deleted; has no content. */
  readonly isDeleteMarker: boolean;
}

/** When a write may take place: only where nothing is, or only in place of one known state. */
export type WriteCondition = { readonly absent: true } | { readonly tag: string };

/** What the content must be, in lower-case hexadecimal. A write of anything else leaves nothing behind. */
export interface Checksum {
  readonly algorithm: "sha1" | "sha256";
  readonly value: string;
}

export interface WriteOptions {
  readonly condition?: WriteCondition;
  readonly checksum?: Checksum;
  /** Nobody may delete the version before. @default what the bucket gives new objects */
  readonly retainUntil?: Date;
  /** A power cut may take it until the store's `flush` is over. @default false: what is written stays */
  readonly flushLater?: boolean;
  readonly signal?: AbortSignal;
}

export interface ReadOptions {
  /** Offsets of the first and the last byte. @default everything */
  readonly range?: { readonly first: number; readonly last: number };
  /** @default the latest */
  readonly versionId?: string;
  readonly signal?: AbortSignal;
}

export interface WholeOptions extends Pick<ReadOptions, "versionId" | "signal"> {
  /** Bytes. */
  readonly atMost: number;
}

export interface CopyOptions {
  /** Version of the source. @default the latest */
  readonly versionId?: string;
  /** Bytes, where known: it decides how a copy is made. */
  readonly size?: number;
  readonly retainUntil?: Date;
  readonly signal?: AbortSignal;
}

/** A copy made by the service itself. */
export interface Copied {
  readonly size: number;
  /** SHA-1 of the whole copy in lower-case hexadecimal, where the service computed it. */
  readonly sha1?: string;
  /** The service compared source and copy by a checksum that covers all bytes. */
  readonly verified: boolean;
}

/** What a bucket does with its objects. */
export interface BucketState {
  /** Deleted and replaced objects stay as noncurrent versions. */
  readonly versioned: boolean;
  /** Object lock, where it is on. */
  readonly lock?: { readonly mode: "COMPLIANCE" | "GOVERNANCE"; readonly days: number };
}

/** An object that `delete` could not delete. */
export interface Undeleted {
  readonly key: string;
  readonly error: StoreError;
}

/**
 * A bucket below a prefix, or a folder. Keys use `/`; listings are in the order of their UTF-8 bytes. All failures are
 * `StoreError`s; the official clients behind it have already repeated what may be repeated.
 */
export interface ObjectStore {
  /** As a person writes it: `s3://bucket/prefix`, `gs://bucket`, `/srv/backup`. */
  readonly name: string;
  bucketState(): Promise<BucketState>;
  /** Nothing where there is no object, or a delete marker. */
  head(key: string, options?: Pick<ReadOptions, "versionId" | "signal">): Promise<ObjectState | undefined>;
  /** Fails as `not-found`. A body that ends early fails as `transient`. */
  get(key: string, options?: ReadOptions): Promise<{ readonly state: ObjectState; readonly body: Readable }>;
  /** A small object by one request. Fails as `not-found`; without content where it has more than `atMost` bytes. */
  read(key: string, options: WholeOptions): Promise<WholeObject>;
  /** For what fits into memory. Fails as `precondition` where the condition does not hold. */
  put(key: string, content: Uint8Array, options?: WriteOptions): Promise<ObjectState>;
  /** In parts, up to 5 TB. Nothing appears under the key unless the body ends without an error. */
  putStream(key: string, body: Readable, options?: WriteOptions & { readonly size?: number }): Promise<ObjectState>;
  /** Whether the service can copy from there by itself. */
  canCopyFrom(source: ObjectStore, size: number): boolean;
  copyFrom(source: ObjectStore, sourceKey: string, key: string, options?: CopyOptions): Promise<Copied>;
  /** Pages of objects in the order of their keys. */
  list(prefix: string, options?: { readonly signal?: AbortSignal }): AsyncIterable<readonly ObjectInfo[]>;
  /** Pages of versions and delete markers; empty where the bucket keeps none. */
  versions(prefix: string, options?: { readonly signal?: AbortSignal }): AsyncIterable<readonly ObjectVersion[]>;
  /** Deletes the latest versions, up to 1,000 at once. Objects that do not exist count as deleted. */
  delete(keys: readonly string[], options?: { readonly signal?: AbortSignal }): Promise<readonly Undeleted[]>;
  /** Until when the latest version is locked. */
  retention(key: string): Promise<Date | undefined>;
  /** Never shortens. */
  extendRetention(key: string, until: Date): Promise<void>;
  /** Makes what was written with `flushLater` outlive a power cut; absent where everything does. */
  flush?(): Promise<void>;
  close(): Promise<void>;
}

export type StoreFailure =
  | "not-found"
  /** The condition of a write does not hold. */
  | "precondition"
  /** The object is locked against deletion. */
  | "locked"
  /** Credentials, permissions or an encryption key. */
  | "denied"
  /** In an archive class, from which it must be recalled first. */
  | "archived"
  /** The content is not what its checksum says. */
  | "corrupt"
  | "no-space"
  /** Time-outs, resets, throttling, 5xx: worth another attempt. */
  | "transient"
  | "other";

/** A failed call of a store. The message names store, call and key. */
export class StoreError extends Error {
  override readonly name = "StoreError";

  constructor(
    readonly failure: StoreFailure,
    /** Name of the store. */
    readonly store: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export function isStoreFailure(error: unknown, ...failures: readonly StoreFailure[]): error is StoreError {
  return error instanceof StoreError && failures.includes(error.failure);
}
