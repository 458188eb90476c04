import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../../services/backup/src/clock";
import type { SnapshotOptions } from "../../../../services/backup/src/operations";
import type { ProgressEvent } from "../../../../services/backup/src/progress";
import { initialise } from "../../../../services/backup/src/repository/repository";
import { blobPath } from "../../../../services/backup/src/sources/files";
import { MoodleFiles } from "../../../../services/backup/src/sources/moodle-files";
import type { ObjectStore } from "../../../../services/backup/src/stores/store";
import { FakeDatabase } from "./fake-database";
import { MemoryStore } from "./memory-store";

export const SECRET = "a secret of the tests, long enough for a key";

/** A small Moodle site with a bucket, a volume and a repository, all in memory. */
export class TestSite {
  readonly bucket = new MemoryStore("memory://moodle");
  readonly volume = new MemoryStore("memory://volume");
  readonly repository = new MemoryStore("memory://repository");
  readonly database = new FakeDatabase();
  readonly events: ProgressEvent[] = [];
  readonly scratch = mkdtempSync(join(tmpdir(), "backup-test-"));
  readonly abort = new AbortController();

  constructor() {
    this.bucket.versioned = true;
  }

  /** A site with a repository and `count` files, every fourth on the volume only. */
  static async create(count = 0): Promise<TestSite> {
    const site = new TestSite();
    await initialise(site.repository, SECRET, new Date("2026-01-01T00:00:00Z"));
    for (let index = 0; index < count; index++)
      await site.addFile(`file ${index}`, index % 4 === 0 ? "volume" : "bucket");
    return site;
  }

  /** Puts a blob where Moodle would, then refers to it. */
  async addFile(content: string, where: "bucket" | "volume" = "bucket"): Promise<string> {
    const bytes = Buffer.from(content);
    const hash = createHash("sha1").update(bytes).digest("hex");
    const path = blobPath(hash);
    await (where === "bucket" ? this.bucket.put(path, bytes) : this.volume.put(`filedir/${path}`, bytes));
    this.database.files.set(hash, bytes.length);
    return hash;
  }

  options(store: ObjectStore = this.repository): SnapshotOptions {
    return {
      store,
      database: this.database,
      files: new MoodleFiles({
        bucket: { store: this.bucket, bucketName: "moodle", keyPrefix: "" },
        volume: this.volume,
      }),
      scratch: this.scratch,
      signingSecret: SECRET,
      progress: (event) => this.events.push(event),
      clock: { ...systemClock, sleep: (milliseconds, signal) => systemClock.sleep(Math.min(milliseconds, 20), signal) },
      signal: this.abort.signal,
      concurrency: 4,
    };
  }

  warnings(): string[] {
    return this.events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));
  }
}
