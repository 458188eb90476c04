import { persist } from "./persist";
import { isStoreFailure, type ObjectState, type ObjectStore, type WriteCondition } from "./store";

/** Whatever is larger is no file of a repository's own. */
const LARGEST = 64 * 1024 * 1024;

/** A small object as a whole; nothing where it does not exist. */
export async function readObject(
  store: ObjectStore,
  key: string,
  options: { readonly versionId?: string; readonly signal?: AbortSignal } = {},
): Promise<{ readonly state: ObjectState; readonly content: Buffer } | undefined> {
  try {
    return await persist(async () => {
      const { state, content } = await store.read(key, { ...options, atMost: LARGEST });
      if (content === undefined) throw new Error(`${store.name}: ${key} has more than ${LARGEST} bytes`);
      return { state, content };
    }, options);
  } catch (error) {
    if (isStoreFailure(error, "not-found")) return undefined;
    throw error;
  }
}

export async function readText(store: ObjectStore, key: string, signal?: AbortSignal): Promise<string | undefined> {
  return (await readObject(store, key, { signal }))?.content.toString("utf8");
}

/** Ids of the versions of one object, newest first, without delete markers. Empty where the bucket keeps none. */
export async function* versionsOf(store: ObjectStore, key: string, signal?: AbortSignal): AsyncIterable<string> {
  for await (const page of store.versions(key, { signal })) {
    for (const version of page) if (version.key === key && !version.isDeleteMarker) yield version.versionId;
  }
}

/**
 * An object that is known by its content: the latest version, or any other that `accept` recognises. A delete marker or
 * an overwritten object hides nothing. Where no version is right, `found` says whether there was any.
 */
export async function readRight<T>(
  store: ObjectStore,
  key: string,
  accept: (content: Buffer) => Promise<T | undefined>,
  signal?: AbortSignal,
): Promise<{ readonly value: T | undefined; readonly found: boolean }> {
  const latest = await readObject(store, key, { signal });
  const value = latest === undefined ? undefined : await accept(latest.content);
  if (value !== undefined) return { value, found: true };
  let found = latest !== undefined;
  for await (const versionId of versionsOf(store, key, signal)) {
    const object = await readObject(store, key, { versionId, signal });
    if (object === undefined) continue;
    found = true;
    const older = await accept(object.content);
    if (older !== undefined) return { value: older, found };
  }
  return { value: undefined, found };
}

/**
 * A write on a condition that may be repeated after an answer got lost: that it finds its own content there is a success.
 */
export async function putOnce(
  store: ObjectStore,
  key: string,
  text: string,
  options: { readonly condition: WriteCondition; readonly retainUntil?: Date },
): Promise<ObjectState> {
  const content = Buffer.from(text);
  try {
    return await store.put(key, content, options);
  } catch (error) {
    if (!isStoreFailure(error, "precondition")) throw error;
    const current = await readObject(store, key);
    if (current === undefined || !current.content.equals(content)) throw error;
    return current.state;
  }
}
