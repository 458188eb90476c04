import { randomBytes } from "node:crypto";
import type { BigIntStats, Dirent } from "node:fs";
import { type FileHandle, mkdir, open, readdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Code of an error of the file system, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Nothing where there is no such file. */
export async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Nothing where there is no such folder. */
export async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [];
    throw error;
  }
}

const PROCESS = randomBytes(12).toString("hex");
let names = 0;

/** A name that nobody else uses. */
export function newName(): string {
  return `${PROCESS}-${++names}`;
}

/** Makes folders where they are missing, and remembers them: most files go where others are already. */
export class Folders {
  private readonly made = new Set<string>();

  /** Does what needs the folder of `path`. */
  async with<T>(path: string, action: () => Promise<T>): Promise<T> {
    const folder = dirname(path);
    const remembered = this.made.has(folder);
    if (!remembered) await makeFolder(folder);
    this.made.add(folder);
    try {
      return await action();
    } catch (error) {
      if (!remembered || codeOf(error) !== "ENOENT") throw error;
      await makeFolder(folder);
      return action();
    }
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") await mkdir(path, { recursive: true });
    else if (codeOf(error) !== "EEXIST") throw error;
  }
}

/** All bytes of an open file that is known to have so many; fewer where it has become shorter. */
export async function contentOf(handle: FileHandle, size: number): Promise<Buffer> {
  const content = Buffer.allocUnsafe(size);
  let end = 0;
  while (end < size) {
    const { bytesRead } = await handle.read(content, end, size - end, end);
    if (bytesRead === 0) break;
    end += bytesRead;
  }
  return content.subarray(0, end);
}

/** Brings a file, or the names in a folder, to the disk: they outlive a power cut. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
