import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { forEachConcurrent } from "../concurrency";
import { BackupError, ScratchFull } from "../errors";
import { EXIT } from "../exit-codes";
import { dumpFolder } from "../repository/layout";
import type { DumpPart, Manifest } from "../repository/manifest";
import { verifying } from "../stores/checksum";
import { persist } from "../stores/persist";
import { isStoreFailure, type ObjectStore } from "../stores/store";
import { versionsOf } from "../stores/whole";

/** Parts on their way at once. */
const PARALLEL = 4;

/** Brings a dump into a folder, every part compared with its SHA-256. Throws where a part is missing or damaged. */
export async function fetchDump(
  store: ObjectStore,
  manifest: Manifest,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await forEachConcurrent(manifest.database.parts, PARALLEL, async (part) => {
    const key = `${dumpFolder(manifest.id)}${part.name}`;
    const path = join(folder, part.name);
    await mkdir(dirname(path), { recursive: true });
    for await (const versionId of versions(store, key, part, signal)) {
      if (await fetchVersion(store, key, versionId, part, path, signal)) return;
    }
    throw new BackupError(`${key} is missing or damaged; restore another snapshot`, EXIT.referencesMissing);
  });
}

/** The version that was written, the latest, then any other: whichever has the right content. */
async function* versions(
  store: ObjectStore,
  key: string,
  { versionId }: DumpPart,
  signal: AbortSignal,
): AsyncIterable<string | undefined> {
  if (versionId !== undefined) yield versionId;
  yield undefined;
  yield* versionsOf(store, key, signal);
}

async function fetchVersion(
  store: ObjectStore,
  key: string,
  versionId: string | undefined,
  { sha256 }: DumpPart,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await persist(
      async () => {
        const { body } = await store.get(key, { versionId, signal });
        const check = verifying({ algorithm: "sha256", value: sha256 }, store.name, key);
        await pipeline(body, check, createWriteStream(path), { signal });
      },
      { signal },
    );
    return true;
  } catch (error) {
    if (isStoreFailure(error, "not-found", "corrupt")) return false;
    throw ScratchFull.isReason(error) ? new ScratchFull(dirname(path)) : error;
  }
}
