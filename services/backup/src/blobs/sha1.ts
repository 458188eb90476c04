import { createHash } from "node:crypto";
import { persist } from "../stores/persist";
import type { ObjectStore, ReadOptions } from "../stores/store";

/** The SHA-1 of an object, read whole. */
export async function sha1Of(
  store: ObjectStore,
  key: string,
  options: Pick<ReadOptions, "versionId" | "signal"> = {},
): Promise<string> {
  return persist(async () => {
    const { body } = await store.get(key, options);
    const hash = createHash("sha1");
    for await (const chunk of body) hash.update(chunk as Buffer);
    return hash.digest("hex");
  }, options);
}
