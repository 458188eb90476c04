/** Object lock of a real S3 server. */
import { DeleteObjectCommand, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { PREFIXES } from "../../services/backup/src/blobs/listing";
import { blobKey } from "../../services/backup/src/repository/layout";
import { runRestore } from "../../services/backup/src/restore/run";
import { runSnapshot } from "../../services/backup/src/snapshot/run";
import { FolderStore } from "../../services/backup/src/stores/folder";
import { runVerify } from "../../services/backup/src/verify/run";
import { BucketSite } from "./support/bucket-site";
import { memoryFolder } from "./support/memory-folder";
import { S3Server } from "./support/s3-server";

const LOCK_DAYS = 7;
const DAY = 86_400_000;

describe("a repository with object lock", () => {
  let server: S3Server;
  let site: BucketSite;
  let hash: string;
  let snapshot: string;

  const verify = async () => {
    const { store, progress, clock, signal } = site.options();
    return (await runVerify({ store, progress, clock, signal, snapshots: [snapshot] })).findings;
  };

  beforeAll(async () => {
    server = await S3Server.start();
    await server.makeBucket("moodle", { versioned: true });
    await server.makeBucket("locked", { lock: true });
    site = new BucketSite(server.store("moodle"), server.store("locked"));
    await site.found(3);
    hash = await site.addFile("a file that somebody deletes");
    const { manifest } = await runSnapshot({ ...site.options(), lockDays: LOCK_DAYS });
    snapshot = manifest.id;
  });
  afterAll(() => server.stop());

  test("locks what a snapshot needs for twice the time that is promised", async () => {
    const end = await server.store("locked").retention(blobKey(hash));
    expect(Math.round(((end?.getTime() ?? 0) - Date.now()) / DAY)).toBe(2 * LOCK_DAYS);
  });

  test("lets nobody delete the version", async () => {
    const client = server.client();
    const place = { Bucket: "locked", Key: blobKey(hash) };
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ ...place, Prefix: place.Key }));
    const VersionId = Versions[0]?.VersionId;
    await expect(client.send(new DeleteObjectCommand({ ...place, VersionId }))).rejects.toThrow();
    client.destroy();
  });

  test("names what is behind a delete marker, and restores it all the same", async () => {
    const store = server.store("locked");
    await store.delete([blobKey(hash)]);
    expect(await store.head(blobKey(hash))).toBeUndefined();
    expect(await verify()).toEqual([{ problem: "hidden", what: "blob", key: blobKey(hash), snapshots: [snapshot] }]);
    const files = new FolderStore(memoryFolder("restored"));
    const { scratch, progress, clock, signal } = site.options();
    const report = await runRestore({ store, snapshot, files, scratch, progress, clock, signal });
    expect(report.files.blobs).toBe(4);
  });

  test("has it again after the next snapshot", async () => {
    site.database.t0 = new Date(site.database.t0.getTime() + 1);
    const { manifest } = await runSnapshot({ ...site.options(), lockDays: LOCK_DAYS });
    expect(manifest.status).toBe("complete");
    expect(await verify()).toEqual([]);
  });

  test("near their end are extended once, and none on an unchanged run", async () => {
    const store = server.store("locked", "second/");
    const other = new BucketSite(server.store("moodle", "second/"), store);
    await other.found(30);
    let t0 = Date.now();
    const extensions = async () => {
      other.database.t0 = new Date(++t0);
      return (await runSnapshot({ ...other.options(), lockDays: LOCK_DAYS })).lockExtensions;
    };
    expect([await extensions(), await extensions()]).toEqual([0, 0]);
    // As if a pause had lasted until less is left than is promised.
    const soon = new Date(Date.now() + (LOCK_DAYS - 1) * DAY).toISOString();
    const parts = [...PREFIXES.map((prefix) => `blobs/${prefix}/`), "refs/", "config.json"];
    const lockedUntil = Object.fromEntries(parts.map((part) => [part, soon]));
    await store.put("locks.json", Buffer.from(JSON.stringify({ format: 1, lockedUntil })));
    const before = Date.now();
    // Files, their references, and what says whose the repository is.
    expect(await extensions()).toBe(30 + 1 + 1);
    for (const key of ["config.json", ...[...other.database.files.keys()].map(blobKey)]) {
      const end = (await store.retention(key))?.getTime() ?? 0;
      expect(end).toBeGreaterThanOrEqual(before + 2 * LOCK_DAYS * DAY - 1000);
    }
    expect(await extensions()).toBe(0);
  });
});
