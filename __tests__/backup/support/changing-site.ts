import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { blobPath } from "../../../services/backup/src/sources/files";
import type { ObjectStore } from "../../../services/backup/src/stores/store";
import { memoryFolder } from "./memory-folder";

/** Files after which more are deleted than uploaded. */
const FULL = 200;

/** A Moodle site that people work with: its rows in a file, its blobs on a volume and in a bucket. */
export class ChangingSite {
  readonly root = memoryFolder("changing-site");
  readonly rowsPath = join(this.root, "rows");
  readonly volume = join(this.root, "moodledata");
  readonly rows = new Map<string, { readonly content: Buffer; readonly inBucket: boolean }>();
  private readonly gone: Buffer[] = [];

  /** Without a bucket all blobs are on the volume. */
  constructor(private readonly bucket?: ObjectStore) {
    mkdirSync(join(this.volume, "filedir"), { recursive: true });
    this.writeRows();
  }

  async grow(files: number): Promise<void> {
    for (let file = 0; file < files; file++) await this.upload(randomBytes(1 + Math.floor(Math.random() * 2000)));
  }

  /** Uploads, replaces and deletes until `signal` aborts. */
  async live(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const chance = Math.random();
      if (chance < 0.1 && this.gone.length > 0) await this.upload(this.gone.splice(0, 1)[0] as Buffer);
      else if (chance < (this.rows.size < FULL ? 0.6 : 0.3)) await this.grow(1);
      else await this.remove();
      await sleep(5);
    }
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Moodle writes a blob before its row. */
  private async upload(content: Buffer): Promise<void> {
    const hash = createHash("sha1").update(content).digest("hex");
    const inBucket = this.bucket !== undefined && Math.random() < 0.7;
    if (inBucket) await this.bucket?.put(blobPath(hash), content);
    else {
      const path = join(this.volume, "filedir", blobPath(hash));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.new`, content);
      renameSync(`${path}.new`, path);
    }
    this.rows.set(hash, { content, inBucket });
    this.writeRows();
  }

  /** Moodle deletes a row before its blob; on the volume, that goes to the trash. */
  private async remove(): Promise<void> {
    const [hash, file] = [...this.rows][Math.floor(Math.random() * this.rows.size)] ?? [];
    if (hash === undefined || file === undefined) return;
    this.rows.delete(hash);
    this.writeRows();
    this.gone.push(file.content);
    if (file.inBucket) {
      await this.bucket?.delete([blobPath(hash)]);
      return;
    }
    const trash = join(this.volume, "trashdir", blobPath(hash));
    mkdirSync(dirname(trash), { recursive: true });
    renameSync(join(this.volume, "filedir", blobPath(hash)), trash);
  }

  private writeRows(): void {
    writeFileSync(
      `${this.rowsPath}.new`,
      [...this.rows].map(([hash, { content }]) => `${hash} ${content.length}\n`).join(""),
    );
    renameSync(`${this.rowsPath}.new`, this.rowsPath);
  }
}

/** Hashes in a file of rows. */
export function hashesOf(path: string): string[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.slice(0, 40))
    .sort();
}
