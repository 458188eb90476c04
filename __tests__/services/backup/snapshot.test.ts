import { writeFile } from "node:fs/promises";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { LeaseHeld } from "../../../services/backup/src/errors";
import { blobKey } from "../../../services/backup/src/repository/layout";
import { openRepository } from "../../../services/backup/src/repository/repository";
import { readManifests } from "../../../services/backup/src/repository/snapshots";
import { runSnapshot } from "../../../services/backup/src/snapshot/run";
import { blobPath } from "../../../services/backup/src/sources/files";
import { runVerify } from "../../../services/backup/src/verify/run";
import { TestSite } from "./support/site";

describe("a snapshot", () => {
  afterEach(() => jest.restoreAllMocks());

  test("holds every file that the database refers to, from bucket and volume", async () => {
    const site = await TestSite.create(60);
    const { manifest, unchanged } = await runSnapshot(site.options());
    expect(manifest).toMatchObject({ status: "complete", added: { blobs: 60 }, files: { references: 60 } });
    expect(unchanged).toBe(60);
    expect(site.repository.keys("blobs/")).toEqual([...site.database.files.keys()].sort().map(blobKey));
    expect(await readManifests(await openRepository(site.repository))).toEqual([manifest]);
  });

  test("copies only what is new", async () => {
    const site = await TestSite.create(30);
    await runSnapshot(site.options());
    await site.addFile("another");
    site.database.t0 = new Date("2026-03-02T02:00:00Z");
    const { manifest } = await runSnapshot(site.options());
    expect(manifest.added).toEqual({ blobs: 1, bytes: 7 });
  });

  test("takes what was deleted after T0 from a noncurrent version", async () => {
    const site = await TestSite.create(10);
    await runSnapshot(site.options());
    const hash = await site.addFile("short-lived");
    site.database.files.delete(hash);
    site.database.on.snapshot = () => void site.database.files.set(hash, 11);
    site.database.on.dump = async () => void (await site.bucket.delete([blobPath(hash)]));
    const { manifest } = await runSnapshot(site.options());
    expect(manifest.status).toBe("complete");
    expect(site.repository.content(blobKey(hash))?.toString()).toBe("short-lived");
  });

  test("is partial, and names what Moodle has lost", async () => {
    const site = await TestSite.create(10);
    const hash = await site.addFile("lost", "volume");
    site.volume.objects.delete(`filedir/${blobPath(hash)}`);
    const { manifest } = await runSnapshot(site.options());
    expect(manifest.status).toBe("partial");
    expect(manifest.missing).toEqual({ blobs: 1, bytes: 4, hashes: [hash] });
    expect(site.warnings()).toContain(`Moodle has lost ${hash}`);
  });

  test("warns of each thing that its dump leaves out", async () => {
    const site = await TestSite.create(1);
    const leftOut = ["2 triggers, which Moodle does not have", "1 view, which Moodle does not have"];
    site.database.site = { ...site.database.site, leftOut };
    const { manifest, incomplete } = await runSnapshot(site.options());
    expect(site.warnings()).toEqual(leftOut.map((what) => `a dump leaves out ${what}`));
    expect([manifest.status, incomplete]).toEqual(["complete", []]);
  });

  test("does not take a damaged file for the right one", async () => {
    const site = await TestSite.create(10);
    const hash = await site.addFile("precious");
    site.bucket.damage(blobPath(hash), () => Buffer.from("precioux"));
    const { manifest } = await runSnapshot(site.options());
    expect(manifest.missing?.hashes).toEqual([hash]);
    expect(site.repository.keys("blobs/")).not.toContain(blobKey(hash));
  });

  test("heals a blob that was cut short in the repository", async () => {
    const site = await TestSite.create(10);
    const hash = await site.addFile("whole");
    await runSnapshot(site.options());
    site.repository.damage(blobKey(hash), (content) => content.subarray(0, 2));
    const { manifest } = await runSnapshot(site.options());
    expect(manifest.status).toBe("complete");
    expect(site.repository.content(blobKey(hash))?.toString()).toBe("whole");
    expect(site.warnings()).toContain(`${blobKey(hash)} was damaged in the repository and is copied again`);
  });

  test.each(["damaged", "missing"])("heals references that are %s in the repository", async (how) => {
    const site = await TestSite.create(30);
    await runSnapshot(site.options());
    const [shard = ""] = site.repository.keys("refs/");
    if (how === "missing") await site.repository.delete([shard]);
    else site.repository.damage(shard, (content) => content.subarray(0, -10));
    const { manifest } = await runSnapshot(site.options());
    expect(manifest).toMatchObject({ status: "complete", added: { blobs: 0 } });
    expect(site.warnings().join()).toContain(`${shard} is ${how}`);
    const report = await runVerify(site.options());
    expect(report.findings).toEqual([]);
  });

  test("does not leave a wrong copy under a name that it cannot free", async () => {
    const site = await TestSite.create(10);
    const hash = await site.addFile("precious");
    site.bucket.damage(blobPath(hash), () => Buffer.from("precioux"));
    site.repository.lockDays = 5;
    await expect(runSnapshot(site.options())).rejects.toThrow(
      new RegExp(`^${blobKey(hash)} has the SHA-1 .* and stays`),
    );
    expect(site.repository.keys("snapshots/")).toEqual([]);
  });

  test("reads the references of now before it copies what they name", async () => {
    const site = await TestSite.create(30);
    const order: string[] = [];
    const references = site.database.references.bind(site.database);
    site.database.references = async function* () {
      yield* references();
      order.push("read");
    };
    const copy = site.repository.copyFrom.bind(site.repository);
    site.repository.copyFrom = async (...args) => {
      order.push("copied");
      return copy(...args);
    };
    await runSnapshot(site.options());
    expect(order.indexOf("read")).toBe(0);
    expect(order.slice(1)).toContain("copied");
  });

  test.each([
    [4, ["dump begins", "dump ends", "references"]],
    [5, ["dump begins", "references", "dump ends"]],
  ])("on %i processors reads references where the dump leaves one idle", async (processors, expected) => {
    jest.spyOn(os, "availableParallelism").mockReturnValue(processors);
    const site = await TestSite.create(10);
    const order: string[] = [];
    site.database.on.dump = async () => {
      order.push("dump begins");
      await sleep(50);
      order.push("dump ends");
    };
    site.database.on.references = () => void order.push("references");
    expect((await runSnapshot(site.options())).manifest.status).toBe("complete");
    expect(order).toEqual(expected);
  });

  test("says that the scratch folder is full", async () => {
    const site = await TestSite.create(10);
    site.database.on.dump = () => writeFile("/dev/full", "dump");
    await expect(runSnapshot(site.options())).rejects.toThrow(
      /\/moodle-backup-snapshot-[0-9a-f-]{36} is full; give the scratch folder more space$/,
    );
  });

  test("is not begun while another runs", async () => {
    const site = await TestSite.create(10);
    let second: unknown;
    site.database.on.snapshot = async () => {
      site.database.on = {};
      second = await runSnapshot(site.options()).catch((error) => error);
    };
    await runSnapshot(site.options());
    expect(second).toBeInstanceOf(LeaseHeld);
  });
});
