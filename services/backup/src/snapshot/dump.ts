import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { forEachConcurrent } from "../concurrency";
import type { DatabaseSnapshot, DumpFile } from "../databases/database";
import type { Progress } from "../progress";
import { dumpFolder } from "../repository/layout";
import type { DumpPart } from "../repository/manifest";
import type { ObjectStore } from "../stores/store";

export interface DumpOptions {
  readonly store: ObjectStore;
  readonly snapshot: DatabaseSnapshot;
  /** ULID of the snapshot. */
  readonly id: string;
  /** Empty folder. */
  readonly folder: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** @default the bucket's own */
  readonly retainUntil?: Date;
}

/** Parts that are uploaded at the same time; each has an upload of several requests. */
const PARALLEL = 2;

/** Bytes up to which a file is read into memory. */
const SMALL = 1024 * 1024;

/** Dumps the database and brings every file of it into the repository as soon as it is finished. */
export async function dumpDatabase(options: DumpOptions): Promise<DumpPart[]> {
  const { snapshot, folder, progress, signal } = options;
  const parts: DumpPart[] = [];
  await forEachConcurrent(snapshot.dump(folder, signal), PARALLEL, async (file) => {
    parts.push(await upload(file, options));
    progress({ kind: "advance", phase: "dump", objects: 1, bytes: file.size });
  });
  return parts.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function upload(file: DumpFile, options: DumpOptions): Promise<DumpPart> {
  const part = file.size <= SMALL ? await uploadWhole(file, options) : await uploadStream(file, options);
  await rm(join(options.folder, file.name));
  return part;
}

/** Of most of Moodle's tables there is little to dump: one request each, which the checksum guards. */
async function uploadWhole(
  { name }: DumpFile,
  { store, id, folder, signal, retainUntil }: DumpOptions,
): Promise<DumpPart> {
  const content = await readFile(join(folder, name), { signal });
  const sha256 = createHash("sha256").update(content).digest("hex");
  const checksum = { algorithm: "sha256", value: sha256 } as const;
  const { versionId } = await store.put(`${dumpFolder(id)}${name}`, content, { checksum, signal, retainUntil });
  return { name, size: content.length, sha256, ...(versionId === undefined ? {} : { versionId }) };
}

async function uploadStream({ name, size }: DumpFile, options: DumpOptions): Promise<DumpPart> {
  const { store, id, folder, signal, retainUntil } = options;
  const hash = createHash("sha256");
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const [{ versionId, size: written }] = await Promise.all([
    store.putStream(`${dumpFolder(id)}${name}`, hashing, { size, signal, retainUntil }),
    pipeline(createReadStream(join(folder, name)), hashing, { signal }),
  ]);
  return { name, size: written, sha256: hash.digest("hex"), ...(versionId === undefined ? {} : { versionId }) };
}
