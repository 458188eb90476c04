import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { runPrune } from "../../../services/backup/src/prune/run";
import { blobKey, dumpFolder, snapshotKey } from "../../../services/backup/src/repository/layout";
import { runRestore } from "../../../services/backup/src/restore/run";
import { blobPath } from "../../../services/backup/src/sources/files";
import { FolderStore } from "../../../services/backup/src/stores/folder";
import type { ObjectStore } from "../../../services/backup/src/stores/store";
import { FakeTarget } from "../../services/backup/support/fake-target";
import type { Task } from "./faulty-sites";
import { memoryFolder } from "./memory-folder";
import type { ProxiedSite } from "./proxied-site";

/** A snapshot of a site that has one, with a new file, and its verification. */
export function snapshots(calls: readonly string[]): Task<void> {
  const run = async (site: ProxiedSite) => site.verify(await site.snapshot());
  return { name: "snapshot", calls, begin: run, prepare: (site) => site.change(), run };
}

/** The same with a file of so many bytes that the server cannot copy by itself. */
export function uploads(bytes: number, calls: readonly string[]): Task<void> {
  const { run } = snapshots(calls);
  return {
    name: "upload",
    calls,
    begin: async (site) => {
      site.repository.canCopyFrom = () => false;
    },
    prepare: async (site) => {
      await site.addFile(randomBytes(bytes / 2).toString("hex"));
      await site.change();
    },
    run,
  };
}

interface Aged {
  /** Only the older snapshot needs it. */
  readonly hash: string;
  readonly old: string;
  readonly kept: string;
}

/** Two prunes: one that marks, then one that deletes. */
export function prunes(calls: readonly string[]): Task<Aged> {
  return {
    name: "prune",
    calls,
    prepare: async (site) => {
      await site.change();
      const hash = await site.addFile(`goes ${Math.random()}`);
      const old = await site.snapshot();
      site.database.files.delete(hash);
      await site.change();
      return { hash, old, kept: await site.snapshot() };
    },
    run: async (site) => {
      const prune = () => runPrune({ ...site.options(), retention: { keepLast: 1 }, graceHours: 0 });
      await prune();
      // A store tells the time in whole seconds, and when a plan was written to the millisecond.
      await sleep(1000);
      await prune();
    },
    check: async (site, { hash, old, kept }) => {
      await site.verify(kept);
      const { repository } = site;
      expect(await repository.head(snapshotKey(old))).toBeUndefined();
      expect(await repository.head(blobKey(hash))).toBeUndefined();
      for await (const page of repository.list(dumpFolder(old))) expect(page).toEqual([]);
    },
    checkFailed: (site, { kept }) => site.verify(kept),
  };
}

interface Target {
  readonly files: ObjectStore;
  readonly database: FakeTarget;
}

let targets = 0;

export function restoresIntoBucket(calls: readonly string[]): Task<Target> {
  return restores("restore", calls, (site) => site.through("restored", `target-${String(++targets)}`));
}

/** Only these read blobs. */
export function restoresIntoFolder(calls: readonly string[]): Task<Target> {
  return restores("restore into folder", calls, () => new FolderStore(memoryFolder("restored")));
}

function restores(name: string, calls: readonly string[], open: (site: ProxiedSite) => ObjectStore): Task<Target> {
  return {
    name,
    calls,
    begin: async (site) => {
      await site.snapshot();
    },
    prepare: async (site) => ({ files: open(site), database: new FakeTarget() }),
    run: async (site, target) => {
      const { store, scratch, progress, clock, signal } = site.options();
      await runRestore({ store, snapshot: "latest", ...target, scratch, progress, clock, signal });
    },
    check: async (site, { files, database }) => {
      const keys: string[] = [];
      for await (const page of files.list("")) keys.push(...page.map(({ key }) => key));
      expect(keys.sort()).toEqual([...site.database.files.keys()].sort().map(blobPath));
      expect(database.files).toEqual(site.database.files);
      expect(await database.state()).toEqual({ kind: "occupied", tables: 1 });
    },
  };
}
