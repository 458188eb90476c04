import { EMPTY_HASH } from "../sources/files";
import type { ObjectFsSettings, Reference } from "./database";
import { DatabaseError } from "./failure";

/** What is read of `mdl_config`. */
export const CONFIG_NAMES = ["release", "version", "upgraderunning"] as const;

export type ConfigName = (typeof CONFIG_NAMES)[number];

/** Settings of `tool_objectfs` in `mdl_config_plugins`. */
export const OBJECTFS_NAMES = ["filesystem", "s3_bucket", "key_prefix", "deletelocal", "deleteexternal"] as const;

/** Table in which ObjectFS notes where blobs are; 1 is both in the bucket and local, 2 in the bucket only. */
export const OBJECTFS_TABLE = "tool_objectfs_objects";

/** Release and version, as `SiteFacts` has them. Throws where there is no Moodle, or one that is being upgraded. */
export function readSite(
  config: ReadonlyMap<string, string>,
  now: Date,
): { readonly moodleRelease: string; readonly moodleVersion: string } {
  const [release, version] = [config.get("release"), config.get("version")];
  if (release === undefined || version === undefined) {
    throw new DatabaseError("unsuitable", "the database holds no finished installation of Moodle");
  }
  // Moodle notes until when an upgrade that somebody watches may run.
  if (Number(config.get("upgraderunning") ?? 0) * 1000 > now.getTime()) {
    throw new DatabaseError("changed", "Moodle is being upgraded; make the snapshot when the upgrade is over");
  }
  return { moodleRelease: release, moodleVersion: version };
}

/** Absent where the plugin has no settings at all: it is not installed. */
export function readObjectFs(settings: ReadonlyMap<string, string>): ObjectFsSettings | undefined {
  if (settings.size === 0) return undefined;
  const isOn = (name: string) => !["", "0"].includes(settings.get(name) ?? "");
  return {
    filesystem: settings.get("filesystem") ?? "",
    bucket: settings.get("s3_bucket") ?? "",
    keyPrefix: settings.get("key_prefix") ?? "",
    deleteLocal: isOn("deletelocal"),
    deleteExternal: isOn("deleteexternal"),
  };
}

/** No table of Moodle's is where it should be. */
export function noMoodle(database: string, table: string): DatabaseError {
  return new DatabaseError(
    "unsuitable",
    `database ${database} holds no table ${table}; correct tablePrefix, or name Moodle's database`,
  );
}

/** Rows `hash, size, location`, in the order of their hashes, as references: each hash once. */
export async function* toReferences(
  pages: AsyncIterable<readonly (readonly (string | null)[])[]>,
): AsyncIterable<readonly Reference[]> {
  let last = "";
  for await (const page of pages) {
    const references: Reference[] = [];
    for (const [hash, size, location] of page) {
      if (hash === null || hash === undefined || hash === last || !isBlobHash(hash)) continue;
      last = hash;
      const external = location === "1" || location === "2";
      references.push(external ? { hash, size: Number(size), external } : { hash, size: Number(size) });
    }
    if (references.length > 0) yield references;
  }
}

/** Whether Moodle could keep a blob under it: a row with anything else never had one. */
export function isBlobHash(hash: string): boolean {
  return hash !== EMPTY_HASH && /^[0-9a-f]{40}$/.test(hash);
}
