import { BackupError } from "../errors";
import type { Common } from "../operations";
import type { RepositoryConfig } from "./config";
import { breakLease as breakLeaseOf } from "./lease";
import type { Manifest } from "./manifest";
import { openRepository } from "./repository";
import { interruptible } from "./session";
import { findManifest, readManifest, snapshotIds } from "./snapshots";

/** A snapshot of which nothing but its name can be read. */
export interface UnreadableSnapshot {
  readonly id: string;
  readonly problem: string;
}

export function readRepository({ store, publicKey, signal }: Common): Promise<RepositoryConfig> {
  return interruptible(signal, async () => (await openRepository(store, publicKey)).config);
}

/** Oldest first. One that cannot be read does not hide the others. */
export function listSnapshots({ store, publicKey, signal }: Common): Promise<(Manifest | UnreadableSnapshot)[]> {
  return interruptible(signal, async () => {
    const repository = await openRepository(store, publicKey);
    const snapshots: (Manifest | UnreadableSnapshot)[] = [];
    for (const id of await snapshotIds(repository, signal)) {
      try {
        snapshots.push(await readManifest(repository, id, signal));
      } catch (error) {
        if (!(error instanceof BackupError)) throw error;
        snapshots.push({ id, problem: error.message });
      }
    }
    return snapshots;
  });
}

/** A ULID, or `latest`: the newest complete one. */
export function readSnapshot({ store, publicKey, signal }: Common, id: string): Promise<Manifest> {
  return interruptible(signal, async () => findManifest(await openRepository(store, publicKey), id, signal));
}

/** Ends the lease of a run that is known to be dead. Says whose it was; nothing where there was none. */
export function breakLease({
  store,
  publicKey,
  signal,
}: Common): Promise<{ command: string; token: number } | undefined> {
  return interruptible(signal, async () => {
    await openRepository(store, publicKey);
    return breakLeaseOf(store);
  });
}
