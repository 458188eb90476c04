import { requireDrill } from "../../../services/backup/src/drill/require";
import { runDrill } from "../../../services/backup/src/drill/run";
import { WrongKey } from "../../../services/backup/src/errors";
import type { DrillOptions } from "../../../services/backup/src/operations";
import { blobKey, drillKey, dumpFolder, snapshotKey } from "../../../services/backup/src/repository/layout";
import type { Manifest } from "../../../services/backup/src/repository/manifest";
import { runSnapshot } from "../../../services/backup/src/snapshot/run";
import { blobPath } from "../../../services/backup/src/sources/files";
import { FakeScratchServer } from "./support/fake-target";
import { TestSite } from "./support/site";

describe("a drill", () => {
  let site: TestSite;
  let manifest: Manifest;
  let server: FakeScratchServer;

  beforeEach(async () => {
    site = await TestSite.create(25);
    site.database.t0 = new Date();
    manifest = (await runSnapshot(site.options())).manifest;
    server = new FakeScratchServer();
  });

  const drill = (options: Partial<DrillOptions> = {}) => {
    const { store, progress, clock, signal, scratch, signingSecret } = site.options();
    return runDrill({ store, progress, clock, signal, scratch, signingSecret, server, ...options });
  };
  const required = (seconds: number, now = new Date()) => {
    const { store, progress, clock, signal } = site.options();
    return requireDrill({ store, progress, clock: { ...clock, now: () => now }, signal }, seconds);
  };

  test("passes, and leaves a result that a gate accepts", async () => {
    const result = await drill();
    expect(result).toMatchObject({ passed: true, failures: [], snapshot: manifest.id, references: 25, sampled: 25 });
    expect(server.databases.map(({ dropped }) => dropped)).toEqual([true]);
    expect(server.databases[0]?.restored?.untouched).toBe(true);
    expect(await required(60)).toEqual(result);
  });

  describe("of a partial snapshot", () => {
    const losePartly = async () => {
      const lost = await site.addFile("lost", "volume");
      site.volume.objects.delete(`filedir/${blobPath(lost)}`);
      site.database.t0 = new Date(Date.now() + 1);
      return (await runSnapshot(site.options())).manifest;
    };

    test("is what latest asks for where it is the newest, and says what is missing", async () => {
      const { id } = await losePartly();
      const result = await drill();
      expect(result).toMatchObject({ passed: true, snapshot: id, missing: 1, references: 26, sampled: 25 });
      expect(await required(60)).toEqual(result);
    });

    test("is made where no other is there", async () => {
      const { id } = await losePartly();
      site.repository.objects.delete(snapshotKey(manifest.id));
      expect(await drill()).toMatchObject({ passed: true, snapshot: id, missing: 1 });
    });

    test("fails where the repository has lost another file", async () => {
      await losePartly();
      const [hash = ""] = site.database.files.keys();
      site.repository.objects.delete(blobKey(hash));
      expect((await drill()).failures).toEqual(["1 files that the database refers to are not in the repository"]);
    });

    test("is not that of a complete one", async () => {
      expect(await drill()).not.toHaveProperty("missing", expect.anything());
    });
  });

  test("where there is no snapshot, says so", async () => {
    site.repository.objects.delete(snapshotKey(manifest.id));
    await expect(drill()).rejects.toThrow("memory://repository holds no snapshot");
  });

  test("fails where a file is missing", async () => {
    const [hash = ""] = site.database.files.keys();
    site.repository.objects.delete(blobKey(hash));
    expect(await drill()).toMatchObject({
      passed: false,
      failures: ["1 files that the database refers to are not in the repository"],
    });
    await expect(required(60)).rejects.toMatchObject({ exitCode: 21 });
  });

  test("fails where a file does not have its SHA-1", async () => {
    const [hash = ""] = site.database.files.keys();
    site.repository.damage(blobKey(hash), (content) => Buffer.from(content.map((byte) => byte ^ 1)));
    expect((await drill()).failures).toEqual(["1 of 25 files read do not have their SHA-1"]);
  });

  test("fails where the dump is damaged", async () => {
    site.repository.damage(`${dumpFolder(manifest.id)}toc.dat`, (content) => content.subarray(0, -1));
    expect((await drill()).failures).toEqual([expect.stringContaining("toc.dat is missing or damaged")]);
    expect(server.databases[0]?.dropped).toBe(true);
  });

  test("fails where the restored database is not the one that was saved", async () => {
    server.prepare = (database) => {
      const restore = database.restore.bind(database);
      database.restore = async (options) => {
        await restore(options);
        const [hash = ""] = database.files?.keys() ?? [];
        database.files?.delete(hash);
      };
    };
    expect((await drill()).failures).toEqual([
      "1 tables have other numbers of rows: mdl_files 24 for 25",
      "the restored database refers to 24 files, the snapshot to 25; 0 differ",
    ]);
  });

  test("whose server fails is no result", async () => {
    server.create = () => Promise.reject(new Error("nobody answers"));
    await expect(drill()).rejects.toThrow("nobody answers");
    await expect(required(60)).rejects.toThrow("memory://repository holds no drill");
  });

  test("whose scratch folder is full is no result: the snapshot is not to blame", async () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    const { get } = site.repository;
    site.repository.get = (key, options) =>
      key.startsWith("dumps/") ? Promise.reject(full) : get.call(site.repository, key, options);
    await expect(drill()).rejects.toThrow(
      /moodle-backup-drill-[0-9a-f-]{36} is full; give the scratch folder more space$/,
    );
    await expect(required(60)).rejects.toThrow("memory://repository holds no drill");
  });

  test("needs the repository's secret", async () => {
    await expect(drill({ signingSecret: "another secret, also long enough" })).rejects.toThrow(WrongKey);
  });

  test("that is too old is not accepted", async () => {
    await drill();
    await expect(required(3600, new Date(Date.now() + 3_700_000))).rejects.toThrow("longer ago than required");
  });

  describe("of an old snapshot", () => {
    const DAY = 86_400_000;
    let old: Manifest;

    beforeEach(async () => {
      site.database.t0 = new Date(Date.now() - 8 * DAY);
      old = (await runSnapshot(site.options())).manifest;
    });
    /** Gives what is said of it where a newer snapshot is asked for. */
    const drillOld = async () => {
      const { finishedAt } = await drill({ snapshot: old.id });
      return `the drill that ended at ${finishedAt.toISOString()} was of a snapshot of ${old.t0.toISOString()}, older than required`;
    };

    test("is not accepted, however young the drill is", async () => {
      const message = await drillOld();
      await expect(required(7 * 86_400)).rejects.toMatchObject({
        exitCode: 21,
        message: expect.stringContaining(message),
      });
      await required(9 * 86_400);
    });

    test("does not undo one of a newer snapshot, nor a failure before it", async () => {
      const { id } = await drill();
      await drillOld();
      expect((await required(7 * 86_400)).id).toBe(id);
      const [hash = ""] = site.database.files.keys();
      site.repository.objects.delete(blobKey(hash));
      await drill();
      await site.repository.put(blobKey(hash), Buffer.from("file 0"));
      await drillOld();
      await expect(required(7 * 86_400)).rejects.toThrow("failed: 1 files that the database refers to");
    });

    test("is what is told of where another ended too long ago", async () => {
      const { clock } = site.options();
      await drill({ clock: { ...clock, now: () => new Date(Date.now() - 2 * 3_600_000) } });
      const message = await drillOld();
      await expect(required(3600)).rejects.toThrow(message);
    });
  });

  test("that was changed is not accepted", async () => {
    const { id } = await drill();
    site.repository.damage(drillKey(id), (content) =>
      Buffer.from(content.toString().replace(/"sampled": 25/, '"sampled": 26')),
    );
    await expect(required(60)).rejects.toThrow("holds no drill");
  });
});
