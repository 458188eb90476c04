import { BackupError } from "../errors";
import { putOnce, readRight } from "../stores/whole";
import { SNAPSHOTS, snapshotKey, ULID } from "./layout";
import { type Manifest, manifestSchema } from "./manifest";
import type { Repository, WritableRepository } from "./repository";
import { unseal } from "./signing";

/** A manifest that cannot be read or trusted. */
export class BadManifest extends BackupError {
  override readonly name = "BadManifest";

  constructor(
    readonly key: string,
    reason: string,
    readonly isMissing = false,
  ) {
    super(`${key} ${reason}`);
  }
}

/** Ids of all snapshots, oldest first. */
export async function snapshotIds({ store }: Repository, signal?: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of store.list(SNAPSHOTS, { signal })) {
    for (const { key } of page) {
      const id = key.slice(SNAPSHOTS.length, -".json".length);
      if (!ULID.test(id) || key !== snapshotKey(id)) throw new BadManifest(key, "is no snapshot; move it elsewhere");
      ids.push(id);
    }
  }
  return ids;
}

/** Throws `BadManifest` where it is missing, damaged, or not signed with the repository's key. */
export async function readManifest({ store, config }: Repository, id: string, signal?: AbortSignal): Promise<Manifest> {
  const key = snapshotKey(id);
  const read = await readRight(
    store,
    key,
    async (content) => unseal("snapshot", content.toString("utf8"), config.publicKey),
    signal,
  );
  if (read.value === undefined) {
    if (!read.found)
      throw new BadManifest(key, `does not exist in ${store.name}; moodle-backup list shows what does`, true);
    throw new BadManifest(key, "is damaged, or not signed with the repository's key");
  }
  const parsed = manifestSchema.safeParse(read.value);
  if (!parsed.success) throw new BadManifest(key, "is of another version of this program");
  if (parsed.data.id !== id || parsed.data.repository !== config.id)
    throw new BadManifest(key, "is of another snapshot");
  return parsed.data;
}

/** All manifests, oldest first. */
export async function readManifests(repository: Repository, signal?: AbortSignal): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (const id of await snapshotIds(repository, signal)) manifests.push(await readManifest(repository, id, signal));
  return manifests;
}

/** The snapshot with that ULID, or with `latest` the newest complete one. */
export async function findManifest(repository: Repository, id: string, signal?: AbortSignal): Promise<Manifest> {
  if (id !== "latest") return readManifest(repository, id, signal);
  for (const newest of (await snapshotIds(repository, signal)).reverse()) {
    const manifest = await readManifest(repository, newest, signal);
    if (manifest.status === "complete") return manifest;
  }
  throw new BackupError(`${repository.store.name} holds no complete snapshot`);
}

/** The newest snapshot, complete or partial. */
export async function newestManifest(repository: Repository, signal?: AbortSignal): Promise<Manifest> {
  const newest = (await snapshotIds(repository, signal)).at(-1);
  if (newest === undefined) throw new BackupError(`${repository.store.name} holds no snapshot`);
  return readManifest(repository, newest, signal);
}

/** Writes a manifest: with that, the snapshot exists. */
export async function seal(repository: WritableRepository, manifest: Manifest, retainUntil?: Date): Promise<void> {
  const text = repository.signingKey.seal("snapshot", manifest);
  await putOnce(repository.store, snapshotKey(manifest.id), text, { condition: { absent: true }, retainUntil });
}
