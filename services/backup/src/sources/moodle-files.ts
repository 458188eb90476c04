import type { ObjectFsSettings, SiteFacts } from "../databases/database";
import { BackupError } from "../errors";
import type { ObjectStore } from "../stores/store";
import { type BlobPlace, blobPath, type FileSource } from "./files";

/** Where a site has its files. */
export interface MoodleFilesOptions {
  /** ObjectFS's bucket, below its `key_prefix`. @default all files are on the volume */
  readonly bucket?: { readonly store: ObjectStore; readonly bucketName: string; readonly keyPrefix: string };
  /** Moodle's data folder, which holds `filedir` and `trashdir`. */
  readonly volume?: ObjectStore;
}

const FILEDIR = "filedir/";
const TRASHDIR = "trashdir/";

/** The files of a Moodle site: on its volume, in the bucket of ObjectFS, or in both. */
export class MoodleFiles implements FileSource {
  constructor(private readonly options: MoodleFilesOptions) {}

  async preflight({ objectFs }: SiteFacts): Promise<void> {
    const { bucket, volume } = this.options;
    if (bucket === undefined && volume === undefined) {
      throw new BackupError("neither a bucket nor a folder of Moodle's files is configured; set files.directory");
    }
    if (volume !== undefined) await this.checkVolume(volume, bucket !== undefined);
    if (bucket !== undefined) return this.checkBucket(bucket, objectFs);
    if (objectFs !== undefined && objectFs.filesystem !== "") {
      throw new BackupError(
        `Moodle keeps files in the bucket ${objectFs.bucket} (ObjectFS), which the configuration does not name; set objectStore`,
      );
    }
  }

  async *places(
    hash: string,
    { external = false }: { readonly external?: boolean },
    signal?: AbortSignal,
  ): AsyncIterable<BlobPlace> {
    const path = blobPath(hash);
    const bucket = this.options.bucket?.store;
    const { volume } = this.options;
    const remote: BlobPlace[] = bucket === undefined ? [] : [{ store: bucket, key: path }];
    const local: BlobPlace[] = volume === undefined ? [] : [{ store: volume, key: `${FILEDIR}${path}` }];
    yield* external ? [...remote, ...local] : [...local, ...remote];
    if (bucket !== undefined) {
      for await (const page of bucket.versions(path, { signal })) {
        for (const { key, versionId, isDeleteMarker, isLatest } of page) {
          if (key === path && !isDeleteMarker && !isLatest) yield { store: bucket, key, versionId };
        }
      }
    }
    if (volume !== undefined) yield { store: volume, key: `${TRASHDIR}${path}` };
  }

  /** A volume that is not mounted looks like an empty folder. */
  private async checkVolume(volume: ObjectStore, hasBucket: boolean): Promise<void> {
    await volume.bucketState();
    if (hasBucket) return;
    for await (const page of volume.list(FILEDIR)) if (page.length > 0) return;
    throw new BackupError(`${volume.name} has no file in filedir; mount Moodle's data folder there`);
  }

  /** Settings may be forced by config.php, which the database does not show: only those that are there can disagree. */
  private async checkBucket(
    { store, bucketName, keyPrefix }: NonNullable<MoodleFilesOptions["bucket"]>,
    settings: ObjectFsSettings | undefined,
  ): Promise<void> {
    if (settings !== undefined && settings.bucket !== "" && settings.bucket !== bucketName) {
      throw new BackupError(
        `Moodle keeps files in the bucket ${settings.bucket} (ObjectFS); the configuration names ${bucketName}: correct objectStore`,
      );
    }
    if (settings !== undefined && settings.bucket !== "" && settings.keyPrefix !== keyPrefix) {
      throw new BackupError(
        `Moodle keeps files below the key prefix ${JSON.stringify(settings.keyPrefix)} (ObjectFS); the configuration names ${JSON.stringify(keyPrefix)}: correct objectStore`,
      );
    }
    const { versioned } = await store.bucketState();
    const deletes = settings === undefined || settings.bucket === "" || settings.deleteExternal;
    if (!versioned && deletes) {
      throw new BackupError(
        `${store.name} keeps no versions, so a file that Moodle deletes during a snapshot would be lost; turn versioning on`,
      );
    }
  }
}
