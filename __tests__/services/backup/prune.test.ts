import type { PruneOptions } from "../../../services/backup/src/operations";
import { runPrune } from "../../../services/backup/src/prune/run";
import { blobKey, snapshotKey } from "../../../services/backup/src/repository/layout";
import { Lease } from "../../../services/backup/src/repository/lease";
import { runSnapshot } from "../../../services/backup/src/snapshot/run";
import { TestSite } from "./support/site";

const HOUR = 3_600_000;

class PruneSite {
  time = new Date("2026-03-01T00:00:00Z").getTime();

  private constructor(readonly site: TestSite) {
    site.repository.now = () => new Date(this.time);
  }

  static async create(files = 10): Promise<PruneSite> {
    return new PruneSite(await TestSite.create(files));
  }

  async snapshot(): Promise<string> {
    this.time += 24 * HOUR;
    this.site.database.t0 = new Date(this.time);
    return (await runSnapshot(this.site.options())).manifest.id;
  }

  prune(options: Partial<PruneOptions> = {}) {
    return runPrune({ ...this.site.options(), retention: { keepLast: 1 }, ...options });
  }

  pass(hours: number): void {
    this.time += hours * HOUR;
  }
}

describe("a prune", () => {
  test("marks first, and deletes only after the grace", async () => {
    const it = await PruneSite.create();
    const lost = await it.site.addFile("goes");
    const old = await it.snapshot();
    it.site.database.files.delete(lost);
    const kept = await it.snapshot();

    const first = await it.prune();
    expect(first.kept).toEqual([kept]);
    expect(first.marked).toEqual({ snapshots: [old], blobs: 1, bytes: 4 });
    expect(first.deleted).toEqual({ snapshots: [], objects: 0, bytes: 0 });

    it.pass(19);
    expect((await it.prune()).deleted.objects).toBe(0);

    it.pass(1.5);
    const last = await it.prune();
    expect(last.deleted.snapshots).toEqual([old]);
    expect(it.site.repository.keys()).not.toContain(blobKey(lost));
    expect(it.site.repository.keys("snapshots/")).toEqual([snapshotKey(kept)]);
    expect(it.site.repository.keys("dumps/")).toEqual([`dumps/${kept}/toc.dat`]);
    expect(it.site.repository.keys("blobs/")).toHaveLength(10);
  });

  test("leaves nothing behind that no snapshot needs", async () => {
    const it = await PruneSite.create();
    await it.snapshot();
    const keys = () => it.site.repository.keys().filter((key) => /^(blobs|refs|dumps|plans)\//.test(key));
    for (let index = 0; index < 4; index++) {
      const hash = await it.site.addFile(`passing ${index}`);
      await it.snapshot();
      it.site.database.files.delete(hash);
    }
    await it.snapshot();
    for (let index = 0; index < 3; index++) {
      await it.prune();
      it.pass(24);
    }
    expect(keys().filter((key) => !key.startsWith("blobs/"))).toHaveLength(2);
    expect(keys().filter((key) => key.startsWith("blobs/"))).toHaveLength(10);
  });

  test("keeps what is needed again", async () => {
    const it = await PruneSite.create();
    const hash = await it.site.addFile("comes back");
    await it.snapshot();
    it.site.database.files.delete(hash);
    await it.snapshot();
    await it.prune();
    it.site.database.files.set(hash, 10);
    await it.snapshot();
    it.pass(24);
    await it.prune();
    expect(it.site.repository.keys()).toContain(blobKey(hash));
  });

  test("deletes nothing that came after the mark", async () => {
    const it = await PruneSite.create();
    await it.snapshot();
    await it.site.repository.put(blobKey("a".repeat(40)), Buffer.from("before"));
    await it.prune();
    it.pass(24);
    await it.site.repository.put(blobKey("b".repeat(40)), Buffer.from("after"));
    const { marked } = await it.prune();
    expect(it.site.repository.keys()).not.toContain(blobKey("a".repeat(40)));
    expect(it.site.repository.keys()).toContain(blobKey("b".repeat(40)));
    expect(marked.blobs).toBe(1);
  });

  test("waits for the grace again where a run lost its lease, and may still write", async () => {
    const it = await PruneSite.create();
    const hash = await it.site.addFile("needed again");
    await it.snapshot();
    it.site.database.files.delete(hash);
    await it.snapshot();
    await it.prune();
    it.pass(24);
    await Lease.acquire({ ...it.site.options(), command: "snapshot", seconds: 60 });
    it.pass(1);
    expect((await it.prune()).deleted.objects).toBe(0);
    it.pass(24);
    expect((await it.prune()).deleted.snapshots).toHaveLength(1);
    expect(it.site.repository.keys()).not.toContain(blobKey(hash));
  });

  test("refuses to let everything go", async () => {
    const it = await PruneSite.create();
    await it.snapshot();
    await expect(it.prune({ retention: {} })).rejects.toThrow("retention would keep none of 1 snapshots");
  });

  test("refuses a repository without snapshots", async () => {
    const it = await PruneSite.create();
    await expect(it.prune()).rejects.toThrow("holds no snapshot");
  });

  test("refuses where a manifest is damaged", async () => {
    const it = await PruneSite.create();
    const id = await it.snapshot();
    await it.snapshot();
    it.site.repository.damage(snapshotKey(id), (content) => content.subarray(0, -20));
    await expect(it.prune()).rejects.toThrow(`${snapshotKey(id)} is damaged, or not signed`);
  });

  test("with dryRun says what it would do, and does nothing", async () => {
    const it = await PruneSite.create();
    await it.snapshot();
    await it.snapshot();
    await it.prune();
    it.pass(24);
    const before = it.site.repository.keys();
    const report = await it.prune({ dryRun: true });
    expect(report.deleted.snapshots).toHaveLength(1);
    expect(it.site.repository.keys()).toEqual(before);
  });

  test("leaves what is locked, with all that a locked manifest needs", async () => {
    const it = await PruneSite.create();
    const hash = await it.site.addFile("goes");
    it.site.repository.lockDays = 5;
    const old = await it.snapshot();
    it.site.database.files.delete(hash);
    await it.snapshot();
    await it.prune();
    it.pass(24);
    const early = await it.prune();
    expect(early.locked).toBeGreaterThan(0);
    expect(it.site.repository.keys()).toEqual(expect.arrayContaining([snapshotKey(old), blobKey(hash)]));
    it.pass(5 * 24);
    await it.prune();
    it.pass(24);
    await it.prune();
    expect(it.site.repository.keys()).not.toContain(snapshotKey(old));
    expect(it.site.repository.keys()).not.toContain(blobKey(hash));
  });
});
