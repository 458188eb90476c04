import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type {
  DatabaseSnapshot,
  DumpFile,
  Reference,
  SiteFacts,
  SourceDatabase,
} from "../../../../services/backup/src/databases/database";

/** What a site's database holds, as far as backups care. */
export interface Rows {
  /** Sizes by content hash. */
  readonly files: ReadonlyMap<string, number>;
}

const PAGE = 10;

/** A Moodle database in memory; its dump is its references as JSON. */
export class FakeDatabase implements SourceDatabase {
  files = new Map<string, number>();
  site: SiteFacts = {
    engine: "postgresql",
    engineVersion: "15.12",
    moodleRelease: "4.5.6",
    moodleVersion: "2024100706.00",
    tablePrefix: "mdl_",
  };
  t0 = new Date("2026-03-01T02:00:00Z");
  /** Called at the moment named. */
  on: Partial<Record<"preflight" | "snapshot" | "dump" | "references", () => Promise<void> | void>> = {};
  openSnapshots = 0;

  async preflight(): Promise<SiteFacts> {
    await this.on.preflight?.();
    return this.site;
  }

  references(): AsyncIterable<readonly Reference[]> {
    return pages(this.files);
  }

  async snapshot(): Promise<DatabaseSnapshot> {
    await this.on.snapshot?.();
    const files = new Map(this.files);
    this.openSnapshots++;
    const { on } = this;
    return {
      t0: this.t0,
      position: "0/16B3748",
      async *references() {
        await on.references?.();
        yield* pages(files);
      },
      rowCounts: async () => ({ mdl_files: files.size }),
      async *dump(folder: string): AsyncIterable<DumpFile> {
        await on.dump?.();
        const text = JSON.stringify([...files]);
        await writeFile(join(folder, "toc.dat"), text);
        yield { name: "toc.dat", size: text.length };
      },
      close: async () => {
        this.openSnapshots--;
      },
    };
  }

  async close(): Promise<void> {}
}

export async function* pages(files: ReadonlyMap<string, number>): AsyncIterable<readonly Reference[]> {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  for (let start = 0; start < sorted.length; start += PAGE) {
    yield sorted.slice(start, start + PAGE).map(([hash, size]) => ({ hash, size }));
  }
}
