import { createHash } from "node:crypto";
import { treatmentOf } from "../../../services/backup/src/databases/treatment";
import type { RestoreOptions } from "../../../services/backup/src/operations";
import { blobKey, dumpFolder, shardKey, snapshotKey } from "../../../services/backup/src/repository/layout";
import type { Manifest } from "../../../services/backup/src/repository/manifest";
import { runRestore } from "../../../services/backup/src/restore/run";
import { runSnapshot } from "../../../services/backup/src/snapshot/run";
import { blobPath } from "../../../services/backup/src/sources/files";
import { RULES } from "./support/anonymise-rules";
import { FakeTarget } from "./support/fake-target";
import { MemoryStore } from "./support/memory-store";
import { TestSite } from "./support/site";

/** In the target of files until the restore is over. */
const MARKER = "moodle-backup-restore.json";

describe("a restore", () => {
  let site: TestSite;
  let manifest: Manifest;
  let files: MemoryStore;
  let database: FakeTarget;

  beforeEach(async () => {
    site = await TestSite.create(25);
    manifest = (await runSnapshot(site.options())).manifest;
    files = new MemoryStore("memory://new");
    database = new FakeTarget();
  });

  const restore = (options: Partial<RestoreOptions> = {}) => {
    const { store, progress, clock, signal, scratch } = site.options();
    return runRestore({ store, progress, clock, signal, scratch, snapshot: "latest", files, database, ...options });
  };
  const expectWhole = () => {
    expect(files.keys()).toEqual([...site.database.files.keys()].sort().map(blobPath));
    expect(database.files).toEqual(site.database.files);
  };

  test("brings back every file and the database", async () => {
    const report = await restore();
    expect(report.files.blobs).toBe(25);
    expectWhole();
  });

  test("does not touch what a snapshot has on its way, in the same scratch folder", async () => {
    site.database.t0 = new Date(site.database.t0.getTime() + 1);
    site.database.on.dump = async () => {
      await restore();
    };
    expect((await runSnapshot(site.options())).manifest.status).toBe("complete");
    expectWhole();
  });

  test("copies through itself where the service cannot", async () => {
    files.canCopyFrom = () => false;
    await restore();
    expectWhole();
  });

  test("refuses files where something is", async () => {
    await files.put("index.html", Buffer.from("precious"));
    await expect(restore()).rejects.toThrow(
      "memory://new is not empty: it holds index.html; restore into an empty place",
    );
    expect(files.keys()).toEqual(["index.html"]);
    expect(database.files).toBeUndefined();
  });

  test("refuses a database that has tables, before it writes files", async () => {
    database.files = new Map();
    await expect(restore()).rejects.toThrow("the target database has 1 tables; restore into an empty one");
    expect(files.keys()).toEqual([]);
  });

  test("goes on with files where it was stopped", async () => {
    const put = files.copyFrom.bind(files);
    let copies = 0;
    files.copyFrom = (...args) => (++copies > 9 ? Promise.reject(new Error("killed")) : put(...args));
    await expect(restore()).rejects.toThrow("killed");
    files.copyFrom = put;
    await restore();
    expectWhole();
  });

  test("goes on with the database where it was stopped", async () => {
    database.halfway = () => {
      database.halfway = () => {};
      throw new Error("killed");
    };
    await expect(restore()).rejects.toThrow("killed");
    await restore();
    expectWhole();
  });

  test("ends well when it was stopped after everything was there", async () => {
    const remove = files.delete.bind(files);
    files.delete = () => Promise.reject(new Error("killed"));
    await expect(restore()).rejects.toThrow("killed");
    files.delete = remove;
    await restore();
    expectWhole();
  });

  describe("into a store that brings to the disk at the end what is written", () => {
    /** What a power cut takes: what is not yet on the disk. */
    const unflushed = new Set<string>();
    let flushes: number;

    beforeEach(() => {
      unflushed.clear();
      flushes = 0;
      const { put } = files;
      files.put = (key, content, options) => {
        if (options?.flushLater === true) unflushed.add(key);
        return put.call(files, key, content, options);
      };
      files.canCopyFrom = () => false;
      files.flush = async () => {
        flushes++;
        unflushed.clear();
      };
    });
    const cutPower = () => {
      for (const [index, key] of [...unflushed].entries()) {
        if (index % 3 === 0) files.objects.delete(key);
        else files.damage(key, (content) => (index % 3 === 1 ? Buffer.alloc(0) : Buffer.alloc(content.length)));
      }
    };
    const expectContents = () => {
      expectWhole();
      for (const key of files.keys()) {
        expect(key).toBe(
          blobPath(
            createHash("sha1")
              .update(files.content(key) ?? "")
              .digest("hex"),
          ),
        );
      }
    };

    test("has every file there before the database is touched, and before it is said to be over", async () => {
      const seen: unknown[] = [];
      database.halfway = () => {
        seen.push({ flushes, unflushed: unflushed.size });
      };
      await restore();
      expect(seen).toEqual([{ flushes: 1, unflushed: 0 }]);
      expectContents();
    });

    test.each([
      [
        "while files are written",
        () => {
          const { put } = files;
          let puts = 0;
          files.put = (key, content, options) =>
            ++puts > 15 ? Promise.reject(new Error("power cut")) : put(key, content, options);
          return () => {
            files.put = put;
          };
        },
      ],
      [
        "before they are on the disk",
        () => {
          const { flush } = files;
          files.flush = () => Promise.reject(new Error("power cut"));
          return () => {
            files.flush = flush;
          };
        },
      ],
    ])("does not believe what a power cut %s has left", async (_when, fail) => {
      const mend = fail();
      await expect(restore()).rejects.toThrow("power cut");
      expect(unflushed.size).toBeGreaterThan(9);
      expect(database.files).toBeUndefined();
      cutPower();
      mend();
      await restore();
      expectContents();
      expect(unflushed.size).toBe(0);
    });
  });

  test("does not mix two snapshots", async () => {
    files.copyFrom = () => Promise.reject(new Error("killed"));
    await expect(restore()).rejects.toThrow("killed");
    site.database.t0 = new Date("2026-03-05T00:00:00Z");
    await runSnapshot(site.options());
    await expect(restore()).rejects.toThrow(
      `memory://new holds an unfinished restore of ${manifest.id} with its database`,
    );
  });

  test("does not take an occupied database for its own work when it began with files alone", async () => {
    files.copyFrom = () => Promise.reject(new Error("killed"));
    await expect(restore({ database: undefined })).rejects.toThrow("killed");
    database.files = new Map();
    await expect(restore()).rejects.toThrow(
      `memory://new holds an unfinished restore of ${manifest.id}; finish that one`,
    );
  });

  test("writes nothing where the repository lacks a file", async () => {
    const [hash = ""] = site.database.files.keys();
    site.repository.objects.delete(blobKey(hash));
    await expect(restore()).rejects.toMatchObject({
      message: `the repository lacks 1 of the snapshot's files, or has them damaged: ${hash}`,
      exitCode: 20,
    });
    expect(files.keys()).toEqual([]);
  });

  test("never restores a damaged file as if it were right", async () => {
    const [hash = ""] = site.database.files.keys();
    site.repository.damage(blobKey(hash), (content) => Buffer.from(content.map((byte) => byte ^ 1)));
    await expect(restore()).rejects.toMatchObject({ exitCode: 20 });
    expect(files.keys()).not.toContain(blobPath(hash));
    expect(database.files).toBeUndefined();
  });

  test("never restores a damaged dump", async () => {
    site.repository.damage(`${dumpFolder(manifest.id)}toc.dat`, (content) => content.subarray(0, -1));
    await expect(restore()).rejects.toThrow(`${dumpFolder(manifest.id)}toc.dat is missing or damaged`);
    expect(database.files).toBeUndefined();
  });

  test("never restores without the dump that the manifest names", async () => {
    for (const key of site.repository.keys("dumps/")) site.repository.objects.delete(key);
    await expect(restore()).rejects.toMatchObject({
      exitCode: 20,
      message: expect.stringMatching(/ is missing or damaged; /),
    });
  });

  test("never restores after a damaged list of references", async () => {
    site.repository.damage(shardKey(manifest.files.shards[0]?.sha256 ?? ""), (content) => content.subarray(0, -9));
    await expect(restore()).rejects.toThrow("is damaged: its content does not have that SHA-256");
    expect(files.keys()).toEqual([]);
  });

  test("finds what a delete marker hides, and the right one of several versions", async () => {
    site.repository.versioned = true;
    const marked = await site.addFile("behind a marker");
    const replaced = await site.addFile("behind another version");
    site.database.t0 = new Date("2026-03-05T00:00:00Z");
    const { id, files: described } = (await runSnapshot(site.options())).manifest;
    const shard = shardKey(described.shards[0]?.sha256 ?? "");
    await site.repository.delete([blobKey(marked), `${dumpFolder(id)}toc.dat`, shard]);
    await site.repository.put(blobKey(replaced), Buffer.from("behind ANOTHER version"));
    await restore({ snapshot: id });
    expectWhole();
  });

  test("a partial snapshot is restored only on request", async () => {
    const lost = await site.addFile("lost", "volume");
    site.volume.objects.delete(`filedir/${blobPath(lost)}`);
    site.database.t0 = new Date("2026-03-05T00:00:00Z");
    const { id } = (await runSnapshot(site.options())).manifest;
    await expect(restore({ snapshot: id })).rejects.toThrow(`snapshot ${id} is partial: Moodle had lost 1 files`);
    await restore({ snapshot: id, allowPartial: true });
    expect(files.keys()).toHaveLength(25);
    expect(database.files?.size).toBe(26);
  });

  describe("of latest, where the newest snapshot is partial", () => {
    const losePartly = async () => {
      const lost = await site.addFile("lost", "volume");
      site.volume.objects.delete(`filedir/${blobPath(lost)}`);
      site.database.t0 = new Date("2026-03-05T00:00:00Z");
      const { manifest: partial } = await runSnapshot(site.options());
      expect(partial.status).toBe("partial");
      return partial.id;
    };

    test("takes the newest complete one, and says what it passes over", async () => {
      const partial = await losePartly();
      site.events.length = 0;
      expect((await restore()).manifest.id).toBe(manifest.id);
      expect(site.warnings()).toEqual([
        `snapshot ${partial} of 2026-03-05T00:00:00.000Z lacks 1 files; the newest complete one is restored, ${manifest.id} of ${manifest.t0.toISOString()}; --allow-partial takes the newest`,
      ]);
    });

    test("takes it where partial ones are allowed", async () => {
      const partial = await losePartly();
      site.events.length = 0;
      expect((await restore({ allowPartial: true })).manifest.id).toBe(partial);
      expect(database.files?.size).toBe(26);
      expect(site.warnings()).toEqual([]);
    });

    test("and no other is there, takes it only where partial ones are allowed", async () => {
      const partial = await losePartly();
      site.repository.objects.delete(snapshotKey(manifest.id));
      await expect(restore()).rejects.toThrow("memory://repository holds no complete snapshot");
      expect((await restore({ allowPartial: true })).manifest.id).toBe(partial);
    });

    test("takes the complete one that was made after it", async () => {
      await losePartly();
      await site.addFile("lost", "volume");
      site.database.t0 = new Date("2026-03-06T00:00:00Z");
      const { manifest: whole } = await runSnapshot(site.options());
      site.events.length = 0;
      for (const allowPartial of [false, true]) {
        files = new MemoryStore("memory://new");
        database = new FakeTarget();
        expect((await restore({ allowPartial })).manifest.id).toBe(whole.id);
      }
      expect(site.warnings()).toEqual([]);
    });
  });

  test("anonymised, brings only files that the database still refers to", async () => {
    await restore({ anonymise: RULES });
    expect(files.keys()).toEqual([...(database.files ?? [])].map(([hash]) => blobPath(hash)).sort());
    expect(files.keys()).toHaveLength(5);
  });

  test("anonymised, goes on where it was stopped", async () => {
    const copy = files.copyFrom.bind(files);
    files.copyFrom = () => Promise.reject(new Error("killed"));
    await expect(restore({ anonymise: RULES })).rejects.toThrow("killed");
    files.copyFrom = copy;
    await restore({ anonymise: RULES });
    expect(files.keys()).toHaveLength(5);
  });

  describe("goes on only where the same is made of the data:", () => {
    const STAGING = "https://staging.example.edu";
    const OTHERS = { ...RULES, settings: ["sitename"] };
    const stopFiles = () => {
      const copy = files.copyFrom.bind(files);
      files.copyFrom = () => Promise.reject(new Error("killed"));
      return () => {
        files.copyFrom = copy;
      };
    };
    const stopDatabase = () => {
      database.halfway = () => Promise.reject(new Error("killed"));
      return () => {
        database.halfway = () => {};
      };
    };
    /** Takes out of the markers what older programs did not note. */
    const age = () => {
      if (database.unfinished !== undefined) database.unfinished = { snapshot: database.unfinished.snapshot };
      if (files.content(MARKER) === undefined) return;
      files.damage(MARKER, (content) => {
        const { treatment: _, ...old } = JSON.parse(content.toString());
        return Buffer.from(JSON.stringify(old));
      });
    };
    const cases: [string, Partial<RestoreOptions>, Partial<RestoreOptions>, string][] = [
      [
        "not from a plain one to an anonymised one",
        {},
        { anonymise: RULES },
        "was not anonymised, at its old address, and this one is to be anonymised by rules ",
      ],
      [
        "not from an anonymised one to a plain one",
        { anonymise: RULES },
        {},
        ", at its old address, and this one is to be not anonymised, at its old address; empty it, or finish that one",
      ],
      ["not to other rules", { anonymise: RULES }, { anonymise: OTHERS }, "was anonymised by rules "],
      [
        "not to another address",
        {},
        { wwwroot: STAGING },
        `was not anonymised, at its old address, and this one is to be not anonymised, at ${STAGING}; empty it`,
      ],
    ];

    test.each(cases)("%s, in the files", async (_, first, second, message) => {
      const go = stopFiles();
      await expect(restore(first)).rejects.toThrow("killed");
      go();
      const before = files.keys();
      await expect(restore(second)).rejects.toThrow(`memory://new holds an unfinished restore that was`);
      await expect(restore(second)).rejects.toThrow(message);
      expect(files.keys()).toEqual(before);
      await restore(first);
    });

    test.each(cases)("%s, in the database alone", async (_, first, second, message) => {
      const go = stopDatabase();
      await expect(restore({ ...first, files: undefined })).rejects.toThrow("killed");
      go();
      await expect(restore({ ...second, files: undefined })).rejects.toThrow(
        "the target database holds an unfinished restore that was",
      );
      await expect(restore({ ...second, files: undefined })).rejects.toThrow(message);
      expect(database.restored).toBeUndefined();
      await restore({ ...first, files: undefined });
    });

    test("not from a plain one that lacked nothing but its end", async () => {
      const remove = files.delete.bind(files);
      files.delete = () => Promise.reject(new Error("killed"));
      await expect(restore()).rejects.toThrow("killed");
      files.delete = remove;
      await expect(restore({ anonymise: RULES })).rejects.toThrow("was not anonymised");
    });

    test("files alone have no address", async () => {
      const go = stopFiles();
      await expect(restore({ database: undefined })).rejects.toThrow("killed");
      go();
      await restore({ database: undefined, wwwroot: STAGING });
    });

    test.each(["files", "database"])("what an older program began in the %s was not anonymised", async (where) => {
      const go = where === "files" ? stopFiles() : stopDatabase();
      await expect(restore()).rejects.toThrow("killed");
      go();
      age();
      await expect(restore({ anonymise: RULES })).rejects.toThrow(
        "holds an unfinished restore that was not anonymised, and this one is to be anonymised by rules ",
      );
      await restore({ wwwroot: STAGING });
    });

    test("no marker tells the password of the account that can log in", async () => {
      const admin = (password: string) => ({ ...RULES, admin: { username: "admin", password } });
      stopFiles();
      await expect(restore({ anonymise: admin("correct horse") })).rejects.toThrow("killed");
      const text = files.content(MARKER)?.toString();
      expect(JSON.parse(text ?? "")).toMatchObject({
        treatment: { anonymised: expect.stringMatching(/^[0-9a-f]{64}$/) },
      });
      expect(treatmentOf({ anonymise: admin("another") })).toEqual(treatmentOf({ anonymise: admin("correct horse") }));
    });
  });

  test("anonymised needs the database", async () => {
    await expect(restore({ database: undefined, anonymise: RULES })).rejects.toThrow(
      "files alone cannot be anonymised",
    );
  });
});
