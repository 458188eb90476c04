import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Manifest } from "../../../services/backup/src/repository/manifest";
import { blobPath } from "../../../services/backup/src/sources/files";
import { hashesOf } from "./changing-site";

/** A repository as its server keeps it, read with none of the service's own code but the names. */
export class RepositoryOnDisk {
  constructor(readonly root: string) {}

  /** Ids of the sealed snapshots, oldest first. */
  snapshots(): string[] {
    const folder = join(this.root, "snapshots");
    return existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => name.endsWith(".json"))
          .map((name) => name.slice(0, -".json".length))
          .sort()
      : [];
  }

  /** What is wrong with any sealed snapshot: nothing, whatever was killed. */
  faults(): string[] {
    return this.snapshots().flatMap((id) => this.faultsOf(id));
  }

  hashes(id: string): string[] {
    return this.manifest(id).files.shards.flatMap(({ sha256 }) => {
      const lines = gunzipSync(readFileSync(join(this.root, "refs", sha256)));
      if (createHash("sha256").update(lines).digest("hex") !== sha256) throw new Error(`refs/${sha256} is damaged`);
      return lines
        .toString("latin1")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => line.slice(0, 40));
    });
  }

  /** As if the time of the lease were over. */
  expireLease(): void {
    const path = join(this.root, "lease.json");
    const past = new Date(Date.now() - 3_600_000);
    if (existsSync(path)) utimesSync(path, past, past);
  }

  private faultsOf(id: string): string[] {
    const { status } = this.manifest(id);
    if (status !== "complete") return [`${id} is ${status}`];
    const referred = this.hashes(id);
    const faults = referred
      .filter((hash) => sha1Of(join(this.root, "blobs", blobPath(hash))) !== hash)
      .map((hash) => `${id} lacks ${hash}`);
    const dumped = hashesOf(join(this.root, "dumps", id, "rows"));
    if (dumped.join() !== referred.join()) faults.push(`${id}: dump and references differ`);
    return faults;
  }

  private manifest(id: string): Manifest {
    return JSON.parse(readFileSync(join(this.root, "snapshots", `${id}.json`), "utf8")).payload;
  }
}

/** Nothing where there is no file. */
export function sha1Of(path: string): string | undefined {
  return existsSync(path) ? createHash("sha1").update(readFileSync(path)).digest("hex") : undefined;
}
