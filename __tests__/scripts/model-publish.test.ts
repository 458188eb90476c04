import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { type Published, type PublishOptions, publishModel } from "../../scripts/model-publish/publish";
import { StoreError } from "../../services/backup/src/stores/store";
import { MemoryStore } from "../services/backup/support/memory-store";

const MODEL = { "config.json": "{}", "weights/part-1.bin": "first", "weights/part-2.bin": "second" };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "model-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function fill(files: Readonly<Record<string, string>> = MODEL): void {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

const publish = (store: MemoryStore, options: Partial<PublishOptions> = {}): Promise<Published> =>
  publishModel({ store, name: "bert", version: "v1.3.0", folder, ...options });

async function contents(store: MemoryStore): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const page of store.list("")) {
    for (const { key } of page) found[key] = await text((await store.get(key)).body);
  }
  return found;
}

const FILES = Object.fromEntries(
  Object.entries(MODEL).map(([path, content]) => [`models/bert/v1.3.0/${path}`, content]),
);
const MANIFEST = "manifests/bert/v1.3.0.json";

test("files go where KServe looks for them, and a manifest with their checksums beside", async () => {
  fill();
  const store = new MemoryStore("s3://models");
  expect(await publish(store)).toEqual({ files: 3, size: 13, outcome: "published" });
  const { [MANIFEST]: manifest = "", ...files } = await contents(store);
  expect(files).toEqual(FILES);
  expect(JSON.parse(manifest)).toEqual({
    name: "bert",
    version: "v1.3.0",
    files: [
      {
        path: "config.json",
        size: 2,
        sha256: "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
      },
      expect.objectContaining({ path: "weights/part-1.bin", size: 5 }),
      expect.objectContaining({ path: "weights/part-2.bin", size: 6 }),
    ],
  });
});

test("the same again changes nothing", async () => {
  fill();
  const store = new MemoryStore("s3://models");
  await publish(store);
  const versions = () => [...store.objects].map(([key, all]) => [key, all.map(({ versionId }) => versionId)]);
  const before = versions();
  expect((await publish(store)).outcome).toBe("already");
  expect(versions()).toEqual(before);
});

test.each([
  ["a changed file", { ...MODEL, "config.json": "{ }" }, /with another config\.json: choose another version/],
  ["a file more", { ...MODEL, "more.bin": "x" }, /with another more\.bin/],
  ["a file less", { "config.json": "{}" }, /with more files/],
])("a published version is never replaced: %s", async (_, files, message) => {
  fill();
  const store = new MemoryStore("s3://models");
  await publish(store);
  const before = await contents(store);
  fill(files);
  await expect(publish(store)).rejects.toThrow(message);
  await expect(publish(store, { discardUnfinished: true })).rejects.toThrow(message);
  expect(await contents(store)).toEqual(before);
});

test("other versions are left alone", async () => {
  fill();
  const store = new MemoryStore("s3://models");
  await publish(store, { version: "v1.3.0-rc.1" });
  await publish(store);
  expect(Object.keys(await contents(store)).filter((key) => key.startsWith("manifests/"))).toEqual([
    "manifests/bert/v1.3.0-rc.1.json",
    MANIFEST,
  ]);
});

/** A store that is gone after some calls, each of which has taken effect. */
class DyingStore extends MemoryStore {
  callsLeft = Number.POSITIVE_INFINITY;

  private call(): void {
    if (this.callsLeft-- <= 0) throw new StoreError("other", this.name, "killed");
  }
  override async get(...args: Parameters<MemoryStore["get"]>) {
    this.call();
    return super.get(...args);
  }
  override async put(...args: Parameters<MemoryStore["put"]>) {
    this.call();
    return super.put(...args);
  }
  override async putStream(...args: Parameters<MemoryStore["putStream"]>) {
    this.call();
    return super.putStream(...args);
  }
  override list(...args: Parameters<MemoryStore["list"]>) {
    this.call();
    return super.list(...args);
  }
}

test("killed at any call, it is finished by being run again, and never published half", async () => {
  fill();
  let killed = 0;
  for (let calls = 0; ; calls++) {
    const store = new DyingStore("s3://models");
    store.callsLeft = calls;
    const first = await publish(store).catch((error: Error) => error);
    store.callsLeft = Number.POSITIVE_INFINITY;
    if (!(first instanceof Error)) break;
    killed++;
    expect(Object.keys(await contents(store))).not.toContain(MANIFEST);
    expect((await publish(store)).outcome).toBe("published");
    expect(await contents(store)).toMatchObject(FILES);
  }
  expect(killed).toBeGreaterThan(4);
});

describe("what an earlier try has left", () => {
  test("is not sent again", async () => {
    fill();
    const store = new MemoryStore("s3://models");
    await store.put("models/bert/v1.3.0/config.json", Buffer.from("{}"));
    const lines: string[] = [];
    await publish(store, { report: (line) => lines.push(line) });
    expect(lines.sort()).toEqual(["sent  weights/part-1.bin", "sent  weights/part-2.bin", "there  config.json"]);
  });

  test.each([
    ["another content", "config.json", "[]", /config\.json in .* is another than the folder's/],
    ["another size", "config.json", "{ }", /is another than the folder's/],
    ["a file that is gone", "old.bin", "x", /old\.bin in .* is not in the folder/],
  ])("is refused where it has %s, and nothing is published", async (_, path, content, message) => {
    fill();
    const store = new MemoryStore("s3://models");
    await store.put(`models/bert/v1.3.0/${path}`, Buffer.from(content));
    await expect(publish(store)).rejects.toThrow(message);
    expect(Object.keys(await contents(store))).not.toContain(MANIFEST);
    await publish(store, { discardUnfinished: true });
    const { [MANIFEST]: manifest, ...files } = await contents(store);
    expect(manifest).toBeDefined();
    expect(files).toEqual(FILES);
  });
});

test("of two who publish other files as one version at once, one fails and one is whole", async () => {
  fill();
  const store = new MemoryStore("s3://models");
  const other = mkdtempSync(join(tmpdir(), "model-"));
  try {
    writeFileSync(join(other, "config.json"), "[]");
    writeFileSync(join(other, "other.bin"), "x");
    const outcomes = await Promise.allSettled([publish(store), publish(store, { folder: other })]);
    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeLessThan(2);
    const { [MANIFEST]: manifest, ...files } = await contents(store);
    if (manifest !== undefined) {
      const paths = JSON.parse(manifest).files.map((file: { path: string }) => `models/bert/v1.3.0/${file.path}`);
      expect(Object.keys(files).sort()).toEqual(paths.sort());
    }
  } finally {
    rmSync(other, { recursive: true });
  }
});

describe("refuses", () => {
  test.each([
    ["a name that no environment accepts", { name: "Bert" }, /no name of a model/],
    ["a version that moves", { version: "latest" }, /no semantic version/],
    ["a version without its v", { version: "1.3.0" }, /no semantic version/],
    ["a folder that is not there", { folder: "/nowhere" }, /is no folder/],
  ])("%s", async (_, options, message) => {
    fill();
    await expect(publish(new MemoryStore("s3://models"), options)).rejects.toThrow(message);
  });

  test("a folder without a file", async () => {
    await expect(publish(new MemoryStore("s3://models"))).rejects.toThrow(/holds no file/);
  });

  test("an empty file, which KServe would leave out", async () => {
    fill({ "config.json": "" });
    await expect(publish(new MemoryStore("s3://models"))).rejects.toThrow(/config\.json is empty/);
  });

  test("a link, whose target may not be the model's", async () => {
    fill();
    symlinkSync("/etc/hostname", join(folder, "link"));
    await expect(publish(new MemoryStore("s3://models"))).rejects.toThrow(/link is neither a file nor a folder/);
  });
});
