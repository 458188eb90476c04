import type { Readable } from "node:stream";
import type { ObjectStore } from "../stores/store";

/** SHA-1 of nothing. Moodle keeps no blob for it: directories and empty files refer to it. */
export const EMPTY_HASH = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

/**
 * Where Moodle puts a blob below `filedir/`, and ObjectFS below its key prefix.
 * https://github.com/catalyst/moodle-tool_objectfs (classes/local/store/s3/client.php, get_filepath_from_hash)
 */
export function blobPath(hash: string): string {
  return `${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`;
}

/** One place where a blob may be. */
export type BlobPlace =
  /** In a bucket: the service may copy it by itself. */
  | { readonly kind: "object"; readonly store: ObjectStore; readonly key: string; readonly versionId?: string }
  /** On the shared volume. */
  | { readonly kind: "file"; readonly path: string };

/** A blob that is there, unread. */
export interface FoundBlob {
  readonly place: BlobPlace;
  readonly size: number;
  open(signal?: AbortSignal): Promise<Readable>;
}

/** Moodle's files, wherever they are. */
export interface FileSource {
  /** Fails closed where files could be lost while a snapshot is made. */
  preflight(): Promise<void>;
  /**
   * The places of a blob, the likeliest and cheapest first: the bucket or `filedir`, as the hint says, then the other,
   * then noncurrent versions in the bucket, then Moodle's trash. Lazy: later places are looked up only when asked for.
   */
  find(hash: string, hint: { readonly external?: boolean }): AsyncIterable<FoundBlob>;
  close(): Promise<void>;
}
