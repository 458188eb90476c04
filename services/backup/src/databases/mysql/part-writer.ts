import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip, type Gzip } from "node:zlib";
import type { DumpFile } from "../database";

/** Gzip's level: twice as fast as its default, for a tenth more bytes. */
const LEVEL = 3;

/** What each part with data begins with, so that it can be restored by itself after `schema.sql.gz`. */
export const PREAMBLE = `SET NAMES utf8mb4;
SET time_zone = '+00:00';
SET foreign_key_checks = 0;
SET unique_checks = 0;
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
`;

/** A part of a dump on its way to a file, compressed in a thread of its own. */
export class PartWriter {
  private readonly gzip: Gzip = createGzip({ level: LEVEL });
  private readonly written: Promise<void>;
  /** Bytes before compression. */
  size = 0;

  constructor(
    private readonly folder: string,
    readonly name: string,
  ) {
    this.written = pipeline(this.gzip, createWriteStream(join(folder, name), { flags: "wx" }));
    this.written.catch(() => {});
  }

  write(text: string | Buffer): void {
    this.size += text.length;
    this.gzip.write(text);
  }

  /** Waits until there is room for more. */
  async room(): Promise<void> {
    if (this.gzip.writableNeedDrain) await Promise.race([once(this.gzip, "drain"), this.written]);
  }

  async finish(): Promise<DumpFile> {
    this.gzip.end();
    await this.written;
    return { name: this.name, size: (await stat(join(this.folder, this.name))).size };
  }

  /** Gives up. */
  async abandon(): Promise<void> {
    this.gzip.destroy();
    await this.written.catch(() => {});
  }
}
