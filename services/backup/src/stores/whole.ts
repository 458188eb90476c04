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
    const { state, body } = await store.get(key, options);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body) {
      size += (chunk as Buffer).length;
      if (size > LARGEST) throw new Error(`${store.name}: ${key} has more than ${LARGEST} bytes`);
      chunks.push(chunk as Buffer);
    }
    return { state, content: Buffer.concat(chunks) };
  } catch (error) {
    if (isStoreFailure(error, "not-found")) return undefined;
    throw error;
  }
}

export async function readText(store: ObjectStore, key: string, signal?: AbortSignal): Promise<string | undefined> {
  return (await readObject(store, key, { signal }))?.content.toString("utf8");
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
