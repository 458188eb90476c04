import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FolderStore } from "../../../services/backup/src/stores/folder";
import { describeStore } from "./support/store-contract";

const EVERYTHING_BUT_DATE: FakeableAPI[] = [
  ...(["hrtime", "nextTick", "performance", "queueMicrotask", "setImmediate", "clearImmediate"] as const),
  ...(["setInterval", "clearInterval", "setTimeout", "clearTimeout"] as const),
];

const newFolder = () => mkdtempSync(join(tmpdir(), "folder-store-"));

describe("a folder", () => {
  describeStore(() => new FolderStore(newFolder()));

  test.each([-86_400_000, 86_400_000])(
    "tells the file system's time, though the machine's clock is off by %i ms",
    async (offset) => {
      const folder = newFolder();
      await new FolderStore(folder).put("a", Buffer.from("1"));
      jest.useFakeTimers({ now: Date.now() + offset, doNotFake: EVERYTHING_BUT_DATE });
      try {
        const { storeTime, lastModified } = (await new FolderStore(folder).get("a")).state;
        expect(Math.abs(storeTime.getTime() - lastModified.getTime())).toBeLessThan(5_000);
      } finally {
        jest.useRealTimers();
      }
      expect(readdirSync(join(folder, ".tmp"))).toEqual([]);
    },
  );

  test("writes nothing where it only reads", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "a"), "1");
    await new FolderStore(folder).head("a");
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("leaves no temporary files behind", async () => {
    const folder = newFolder();
    const store = new FolderStore(folder);
    const { tag } = await store.put("a", Buffer.from("1"));
    await store.put("a", Buffer.from("2"), { condition: { tag } });
    await store.put("a", Buffer.from("3"), { condition: { tag } }).catch(() => {});
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual([".tmp", "a"]);
  });

  test.each(["../up", "a/../../up", "/root", "a//b", ".tmp/x"])("refuses the key %s", async (key) => {
    const store = new FolderStore(newFolder());
    await expect(store.put(key, Buffer.from("x"))).rejects.toThrow("is no key of a folder");
  });

  test("says which folder does not exist", async () => {
    await expect(new FolderStore("/nowhere/at/all").bucketState()).rejects.toThrow("/nowhere/at/all: reading : ENOENT");
  });

  describe("that brings to the disk at the end what is written", () => {
    const PATH = process.env.PATH;
    let synced: jest.SpyInstance;

    beforeAll(async () => {
      const file = await open(newFolder());
      synced = jest.spyOn(Object.getPrototypeOf(file), "sync");
      await file.close();
    });
    beforeEach(() => synced.mockClear());
    afterEach(() => {
      process.env.PATH = PATH;
    });
    afterAll(() => synced.mockRestore());
    const written = async () => {
      const store = new FolderStore(newFolder());
      for (const key of ["a", "b/c", "b/d/e"]) await store.put(key, Buffer.from(key), { flushLater: true });
      return store;
    };

    test("does nothing of it before", async () => {
      const store = await written();
      expect(synced).not.toHaveBeenCalled();
      await store.put("f", Buffer.from("f"));
      expect(synced).toHaveBeenCalledTimes(2);
    });

    test("asks the system for all of it", async () => {
      const folder = newFolder();
      writeFileSync(join(folder, "sync"), `#!/bin/sh\necho "$@" > ${folder}/asked\n`, { mode: 0o755 });
      process.env.PATH = `${folder}:${PATH}`;
      const store = await written();
      await store.flush();
      expect(readFileSync(join(folder, "asked"), "utf8")).toBe(`-f ${store.name}\n`);
      expect(synced).not.toHaveBeenCalled();
    });

    test.each([
      ["has no such program", () => {}],
      ["fails", (folder: string) => writeFileSync(join(folder, "sync"), "#!/bin/sh\nexit 1\n", { mode: 0o755 })],
    ])("does it file by file where the system %s", async (_what, prepare) => {
      const folder = newFolder();
      prepare(folder);
      process.env.PATH = folder;
      const store = await written();
      await store.flush();
      // Three files, their two folders, the store's own and that of files on their way.
      expect(synced).toHaveBeenCalledTimes(7);
    });
  });

  test("does not list files that begin with a dot", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, ".hidden"), "");
    const pages = [];
    for await (const page of new FolderStore(folder).list("")) pages.push(page);
    expect(pages).toEqual([]);
  });
});
