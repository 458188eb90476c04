import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import type { ObjectStore, StoreFailure } from "../../../../services/backup/src/stores/store";

const bytes = (content: string) => Buffer.from(content);
const sha1 = (content: Uint8Array) => createHash("sha1").update(content).digest("hex");

async function failureOf(work: Promise<unknown>): Promise<StoreFailure | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return (error as { failure?: StoreFailure }).failure;
  }
}

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of store.list(prefix)) keys.push(...page.map(({ key }) => key));
  return keys;
}

/** What every store promises. `open` gives an empty one; the parts of a folder cannot have versions. */
export function describeStore(open: () => ObjectStore, { versions = false } = {}): void {
  let store: ObjectStore;
  const content = (key: string, versionId?: string) => store.get(key, { versionId }).then(({ body }) => text(body));

  beforeAll(() => {
    store = open();
  });
  afterAll(() => store.close());

  test("gives back what was written", async () => {
    const written = await store.put("a/one", bytes("content"));
    expect(await content("a/one")).toBe("content");
    const head = await store.head("a/one");
    expect(head).toMatchObject({ key: "a/one", size: 7, tag: written.tag });
    expect(Math.abs((head?.storeTime.getTime() ?? 0) - (head?.lastModified.getTime() ?? 0))).toBeLessThan(60_000);
  });

  test("an empty object is one", async () => {
    await store.put("a/empty", Buffer.alloc(0));
    expect(await store.head("a/empty")).toMatchObject({ size: 0 });
    expect(await content("a/empty")).toBe("");
  });

  test("reads a part", async () => {
    await store.put("a/part", bytes("0123456789"));
    expect(await store.get("a/part", { range: { first: 2, last: 5 } }).then(({ body }) => text(body))).toBe("2345");
  });

  test("reads a small object whole, and of a larger one only what it is", async () => {
    const { tag } = await store.put("a/whole", bytes("0123456789"));
    const { state, content } = await store.read("a/whole", { atMost: 10 });
    expect([state.size, state.tag, content?.toString()]).toEqual([10, tag, "0123456789"]);
    const larger = await store.read("a/whole", { atMost: 9 });
    expect([larger.state.size, larger.content]).toEqual([10, undefined]);
    await store.put("a/nothing", Buffer.alloc(0));
    expect((await store.read("a/nothing", { atMost: 10 })).content).toEqual(Buffer.alloc(0));
  });

  test("says what does not exist", async () => {
    expect(await store.head("a/none")).toBeUndefined();
    expect(await failureOf(store.read("a/none", { atMost: 10 }))).toBe("not-found");
    expect(await failureOf(store.get("a/none"))).toBe("not-found");
  });

  test("writes only where nothing is, if that is the condition", async () => {
    await store.put("c/new", bytes("1"), { condition: { absent: true } });
    expect(await failureOf(store.put("c/new", bytes("2"), { condition: { absent: true } }))).toBe("precondition");
    expect(await content("c/new")).toBe("1");
  });

  test("replaces only the state that was read, if that is the condition", async () => {
    const first = await store.put("c/old", bytes("1"));
    const second = await store.put("c/old", bytes("2"), { condition: { tag: first.tag } });
    expect(await failureOf(store.put("c/old", bytes("3"), { condition: { tag: first.tag } }))).toBe("precondition");
    await store.put("c/old", bytes("4"), { condition: { tag: second.tag } });
    expect(await content("c/old")).toBe("4");
    expect(await failureOf(store.put("c/none", bytes("1"), { condition: { tag: second.tag } }))).toMatch(
      /precondition|not-found/,
    );
  });

  test("of many who replace the same state, lets one", async () => {
    const { tag } = await store.put("c/race", bytes("before"));
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        failureOf(store.put("c/race", bytes(`${index}`), { condition: { tag } })),
      ),
    );
    expect(results.filter((failure) => failure === undefined)).toHaveLength(1);
  });

  test("of many who make the same object, lets one", async () => {
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        failureOf(store.put("c/first", bytes(`${index}`), { condition: { absent: true } })),
      ),
    );
    expect(results.filter((failure) => failure === undefined)).toHaveLength(1);
  });

  test("refuses content that is not what its checksum says, and leaves nothing behind", async () => {
    const checksum = { algorithm: "sha1", value: sha1(bytes("right")) } as const;
    await store.put("h/right", bytes("right"), { checksum });
    expect(await failureOf(store.put("h/wrong", bytes("wrong"), { checksum }))).toBe("corrupt");
    expect(await failureOf(store.putStream("h/wrong", Readable.from([bytes("wr"), bytes("ong")]), { checksum }))).toBe(
      "corrupt",
    );
    expect(await store.head("h/wrong")).toBeUndefined();
  });

  test("writes a stream of many parts", async () => {
    const large = randomBytes(20 * 1024 * 1024 + 17);
    const chunks = Array.from({ length: 41 }, (_, index) =>
      large.subarray(index * 512 * 1024, (index + 1) * 512 * 1024),
    );
    const checksum = { algorithm: "sha1", value: sha1(large) } as const;
    const written = await store.putStream("s/large", Readable.from(chunks), { checksum, size: large.length });
    expect(written.size).toBe(large.length);
    const { state, body } = await store.get("s/large");
    expect(state.size).toBe(large.length);
    expect(sha1(await buffer(body))).toBe(checksum.value);
  });

  test.each([10, 20 * 1024 * 1024])("a stream that breaks after %i bytes leaves nothing behind", async (size) => {
    const broken = Readable.from(
      (async function* () {
        yield randomBytes(size);
        throw new Error("the source broke");
      })(),
    );
    await expect(store.putStream("s/broken", broken)).rejects.toThrow("the source broke");
    expect(await store.head("s/broken")).toBeUndefined();
  });

  test("an aborted stream leaves nothing behind", async () => {
    const abort = new AbortController();
    const endless = Readable.from(
      (async function* () {
        for (let chunk = 0; ; chunk++) {
          if (chunk === 12) abort.abort();
          yield randomBytes(1024 * 1024);
        }
      })(),
    );
    await expect(store.putStream("s/aborted", endless, { signal: abort.signal })).rejects.toThrow();
    expect(await store.head("s/aborted")).toBeUndefined();
  });

  test("lists in the order of bytes, by prefix, over pages", async () => {
    const keys = ["l/a", "l/a-b", "l/a.b", "l/ab/c", "l/ab-c", "l/ab0", "l/b/c/d", "l/b/c0", "l/\u00e4", "l/z"];
    for (const key of [...keys].reverse()) await store.put(key, bytes(key));
    expect(await keysOf(store, "l/")).toEqual([...keys].sort((a, b) => Buffer.compare(bytes(a), bytes(b))));
    expect(await keysOf(store, "l/ab")).toEqual(["l/ab-c", "l/ab/c", "l/ab0"]);
    expect(await keysOf(store, "l/b/c")).toEqual(["l/b/c/d", "l/b/c0"]);
    expect(await keysOf(store, "nothing/")).toEqual([]);
  });

  test("deletes many, and what is not there", async () => {
    await store.put("d/one", bytes("1"));
    await store.put("d/two", bytes("2"));
    expect(await store.delete(["d/one", "d/two", "d/three"])).toEqual([]);
    expect(await keysOf(store, "d/")).toEqual([]);
  });

  if (!versions) return;

  test("keeps what was deleted and replaced as versions", async () => {
    await store.put("v/object", bytes("old"));
    await store.put("v/object", bytes("new"));
    await store.delete(["v/object"]);
    const found: string[] = [];
    for await (const page of store.versions("v/object")) {
      for (const version of page) {
        expect(version.isDeleteMarker || !version.isLatest).toBe(true);
        if (!version.isDeleteMarker) found.push(await content("v/object", version.versionId));
      }
    }
    expect(found).toEqual(["new", "old"]);
    expect(await store.head("v/object")).toBeUndefined();
    expect((await store.bucketState()).versioned).toBe(true);
  });
}
