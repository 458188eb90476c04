import { blobPath } from "../sources/files";

/** Where everything is in a repository. DESIGN.md draws it. */
export const CONFIG_KEY = "config.json";
export const LEASE_KEY = "lease.json";
export const LOCKS_KEY = "locks.json";

export const BLOBS = "blobs/";
export const DUMPS = "dumps/";
export const REFERENCES = "refs/";
export const SNAPSHOTS = "snapshots/";
export const PLANS = "plans/";
export const DRILLS = "drills/";
export const VERIFICATIONS = "verifications/";

/** Blobs lie as ObjectFS lays them out, so that Moodle could read a repository as its bucket. */
export function blobKey(hash: string): string {
  return `${BLOBS}${blobPath(hash)}`;
}

/** Throws nothing: whatever is no blob, such as a stray upload, gives nothing. */
export function hashOfBlobKey(key: string): string | undefined {
  const hash = key.slice(key.lastIndexOf("/") + 1);
  return /^[0-9a-f]{40}$/.test(hash) && key === blobKey(hash) ? hash : undefined;
}

export function shardKey(sha256: string): string {
  return `${REFERENCES}${sha256}`;
}

export function snapshotKey(id: string): string {
  return `${SNAPSHOTS}${id}.json`;
}

export function dumpFolder(id: string): string {
  return `${DUMPS}${id}/`;
}

export function planKey(id: string): string {
  return `${PLANS}${id}.json`;
}

export function drillKey(id: string): string {
  return `${DRILLS}${id}.json`;
}

export function verificationKey(id: string): string {
  return `${VERIFICATIONS}${id}.json`;
}

/** ULIDs sort by time: https://github.com/ulid/spec */
export const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
