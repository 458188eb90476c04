import { createHash } from "node:crypto";
import { persist } from "../stores/persist";
import type { ObjectStore, ReadOptions } from "../stores/store";

/** Bytes up to which a blob is read into memory, by one request. */
export const SMALL = 1024 * 1024;

/** The SHA-1 of an object, read whole. `size` is what it is believed to have. */
export async function sha1Of(
  store: ObjectStore,
  key: string,
  { size = 0, ...options }: Pick<ReadOptions, "versionId" | "signal"> & { readonly size?: number } = {},
): Promise<string> {
  return persist(async () => {
    const hash = createHash("sha1");
    const { content } = size > SMALL ? {} : await store.read(key, { ...options, atMost: SMALL });
    if (content !== undefined) return hash.update(content).digest("hex");
    const { body } = await store.get(key, options);
    for await (const chunk of body) hash.update(chunk as Buffer);
    return hash.digest("hex");
  }, options);
}
