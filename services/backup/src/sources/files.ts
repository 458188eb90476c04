import type { SiteFacts } from "../databases/database";
import type { ObjectStore } from "../stores/store";

/** SHA-1 of nothing. Moodle keeps no blob for it: directories and empty files refer to it. */
export const EMPTY_HASH = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

/**
 * Where Moodle puts a blob below `filedir/`, and ObjectFS below its key prefix.
 * https://github.com/catalyst/moodle-tool_objectfs (classes/local/store/s3/client.php, get_filepath_from_hash)
 */
export function blobPath(hash: string): string {
  return blobFolder(hash) + hash;
}

export function blobFolder(hash: string): string {
  return `${hash.slice(0, 2)}/${hash.slice(2, 4)}/`;
}

/** A place where a blob may be. Whether it is there shows when it is read. */
export interface BlobPlace {
  readonly store: ObjectStore;
  readonly key: string;
  readonly versionId?: string;
}

/** Moodle's files, wherever they are. */
export interface FileSource {
  /** Fails closed: where Moodle has its files elsewhere, or where they could be lost while a snapshot is made. */
  preflight(site: SiteFacts): Promise<void>;
  /**
   * The places of a blob, the likeliest first: the bucket or `filedir`, as the hint says, then the other, then noncurrent
   * versions in the bucket, then Moodle's trash. Each is looked up only when it is asked for.
   */
  places(hash: string, hint: { readonly external?: boolean }, signal?: AbortSignal): AsyncIterable<BlobPlace>;
}
