import { createHash } from "node:crypto";
import { systemClock } from "../../../services/backup/src/clock";
import type { SnapshotOptions } from "../../../services/backup/src/operations";
import type { ProgressEvent } from "../../../services/backup/src/progress";
import { initialise } from "../../../services/backup/src/repository/repository";
import { blobPath } from "../../../services/backup/src/sources/files";
import { MoodleFiles } from "../../../services/backup/src/sources/moodle-files";
import type { ObjectStore } from "../../../services/backup/src/stores/store";
import { FakeDatabase } from "../../services/backup/support/fake-database";
import { memoryFolder } from "./memory-folder";

export const SECRET = "a secret of the tests, long enough for a key";

/** A site whose blobs are in a real bucket, and its repository in another. */
export class BucketSite {
  readonly database = new FakeDatabase();
  readonly scratch = memoryFolder("scratch");
  readonly events: ProgressEvent[] = [];

  constructor(
    readonly bucket: ObjectStore,
    readonly repository: ObjectStore,
  ) {
    this.database.t0 = new Date();
  }

  /** Makes the repository and `count` files. */
  async found(count: number, createdAt = new Date()): Promise<void> {
    await initialise(this.repository, SECRET, createdAt);
    for (let file = 0; file < count; file++) await this.addFile(`file ${file}`);
  }

  async addFile(content: string): Promise<string> {
    const hash = createHash("sha1").update(content).digest("hex");
    await this.bucket.put(blobPath(hash), Buffer.from(content));
    this.database.files.set(hash, content.length);
    return hash;
  }

  options(): SnapshotOptions {
    const { database, scratch, bucket } = this;
    return {
      store: this.repository,
      database,
      files: new MoodleFiles({ bucket: { store: bucket, bucketName: "moodle", keyPrefix: "" } }),
      scratch,
      signingSecret: SECRET,
      progress: (event) => this.events.push(event),
      clock: systemClock,
      signal: new AbortController().signal,
    };
  }

  warnings(): string[] {
    return this.events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));
  }
}
