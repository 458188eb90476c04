import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
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

  test("does not list files that begin with a dot", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, ".hidden"), "");
    const pages = [];
    for await (const page of new FolderStore(folder).list("")) pages.push(page);
    expect(pages).toEqual([]);
  });
});
