import { BackupError } from "../errors";
import type { Progress } from "../progress";
import type { Session } from "../repository/session";
import type { Unneeded } from "./unneeded";

type Erasable = Pick<Unneeded, "key" | "size">;

const BATCH = 1000;

/** Deletes under the lease, and counts. */
export class Eraser {
  objects = 0;
  bytes = 0;
  /** Objects that are locked: left for a later run. */
  locked = 0;
  /** Unneeded objects that are still there: too young, or locked. */
  left = 0;

  constructor(
    private readonly session: Session,
    private readonly progress: Progress,
    private readonly dryRun: boolean,
  ) {}

  /** Deletes what `isRipe` says and counts the rest. */
  async eraseWhere(
    pages: AsyncIterable<readonly Unneeded[]>,
    isRipe: (object: Unneeded) => boolean,
  ): Promise<{ blobs: number; bytes: number }> {
    const rest = { blobs: 0, bytes: 0 };
    let batch: Unneeded[] = [];
    for await (const page of pages) {
      for (const object of page) {
        if (isRipe(object)) batch.push(object);
        else {
          this.left++;
          rest.blobs++;
          rest.bytes += object.size;
        }
      }
      if (batch.length < BATCH) continue;
      await this.eraseAll(batch);
      batch = [];
    }
    await this.eraseAll(batch);
    return rest;
  }

  /** Gives the keys that are locked. Throws where one cannot be deleted for another reason. */
  async eraseAll(objects: readonly Erasable[]): Promise<ReadonlySet<string>> {
    const locked = new Set<string>();
    for (let start = 0; start < objects.length; start += BATCH) {
      for (const key of await this.erase(objects.slice(start, start + BATCH))) locked.add(key);
    }
    return locked;
  }

  private async erase(objects: readonly Erasable[]): Promise<string[]> {
    const { repository, lease, signal } = this.session;
    let undeleted: ReadonlySet<string> = new Set();
    if (!this.dryRun) {
      await lease.check();
      const failures = await repository.store.delete(
        objects.map(({ key }) => key),
        { signal },
      );
      const fatal = failures.find(({ error }) => error.failure !== "locked");
      if (fatal !== undefined) throw new BackupError(fatal.error.message, undefined, { cause: fatal.error });
      undeleted = new Set(failures.map(({ key }) => key));
    }
    const deleted = objects.filter(({ key }) => !undeleted.has(key));
    const bytes = deleted.reduce((sum, { size }) => sum + size, 0);
    this.objects += deleted.length;
    this.bytes += bytes;
    this.locked += undeleted.size;
    this.left += undeleted.size;
    this.progress({ kind: "advance", phase: "delete", objects: deleted.length, bytes });
    return [...undeleted];
  }
}
