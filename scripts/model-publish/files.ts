import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { PublishError } from "./publish-error";

/** A file of a model. */
export interface ModelFile {
  /** Below the model's folder, with `/`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** In lower-case hexadecimal. */
  readonly sha256: string;
}

/**
 * The files of a model's folder in the order of their names, each read once.
 *
 * @throws PublishError for what a bucket cannot hold as it is, and for what KServe leaves out: on S3, it fetches no empty
 * file (https://github.com/kserve/kserve/blob/v0.20.0/python/storage/kserve_storage/kserve_storage.py)
 */
export async function modelFiles(folder: string): Promise<ModelFile[]> {
  const top = await lstat(folder).catch(() => undefined);
  if (top?.isDirectory() !== true) throw new PublishError(`${folder} is no folder: name the one that holds the model`);
  const files: ModelFile[] = [];
  for (const path of await paths(folder, "")) {
    const { size } = await lstat(join(folder, path));
    if (size === 0) throw new PublishError(`${path} is empty, and KServe would leave it out: fill or remove it`);
    files.push({ path, size, sha256: await sha256(join(folder, path)) });
  }
  if (files.length === 0) throw new PublishError(`${folder} holds no file: name the folder that holds the model`);
  return files;
}

async function paths(folder: string, below: string): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (/[^\x20-\x7e]|\\/.test(entry.name)) {
      const allowed = "letters, digits, spaces and signs of ASCII, no backslash";
      throw new PublishError(`${JSON.stringify(path)} has a character that not every server takes: use ${allowed}`);
    }
    if (entry.isDirectory()) found.push(...(await paths(folder, path)));
    else if (entry.isFile()) found.push(path);
    else throw new PublishError(`${path} is neither a file nor a folder: put what it points to in its place`);
  }
  return found;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
