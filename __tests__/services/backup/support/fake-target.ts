import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type {
  Reference,
  RestoreOptions,
  ScratchServer,
  TargetDatabase,
  TargetState,
} from "../../../../services/backup/src/databases/database";
import { DatabaseError } from "../../../../services/backup/src/databases/failure";
import { type Treatment, treatmentOf } from "../../../../services/backup/src/databases/treatment";
import { pages } from "./fake-database";

/** A database in memory to restore `FakeDatabase`s into. */
export class FakeTarget implements TargetDatabase {
  files: Map<string, number> | undefined;
  unfinished: { readonly snapshot: string; readonly treatment?: Treatment } | undefined;
  restored: RestoreOptions | undefined;
  /** Called when a restore is half done. */
  halfway: () => Promise<void> | void = () => {};

  async state(): Promise<TargetState> {
    if (this.unfinished !== undefined) return { kind: "unfinished", ...this.unfinished };
    return this.files === undefined ? { kind: "empty" } : { kind: "occupied", tables: 1 };
  }

  async restore(options: RestoreOptions): Promise<void> {
    this.unfinished = { snapshot: options.snapshot, treatment: treatmentOf(options) };
    const text = await readFile(join(options.folder, "toc.dat"), "utf8");
    await this.halfway();
    let rows: [string, number][];
    try {
      rows = JSON.parse(text);
    } catch {
      throw new DatabaseError("dump", "the dump cannot be read");
    }
    this.files = new Map(options.anonymise === undefined ? rows : rows.slice(0, 5));
    this.unfinished = undefined;
    this.restored = options;
  }

  references(): AsyncIterable<readonly Reference[]> {
    return pages(this.files ?? new Map());
  }

  async rowCounts(): Promise<Record<string, number>> {
    return { mdl_files: this.files?.size ?? 0 };
  }

  async close(): Promise<void> {}
}

export class FakeScratchServer implements ScratchServer {
  readonly databases: (FakeTarget & { dropped: boolean; drop(): Promise<void> })[] = [];
  /** Changes a database before it is used. */
  prepare: (database: FakeTarget) => void = () => {};

  async create(): Promise<FakeTarget & { drop(): Promise<void> }> {
    const database = Object.assign(new FakeTarget(), {
      dropped: false,
      async drop() {
        database.dropped = true;
      },
    });
    this.prepare(database);
    this.databases.push(database);
    return database;
  }
}
