import { ApiError } from "../../../../services/operator/src/api-server/errors";
import type { KubeObject } from "../../../../services/operator/src/api-server/object";
import { Reflector, type Source } from "../../../../services/operator/src/kernel/reflector";
import { Store } from "../../../../services/operator/src/kernel/store";
import { silent } from "../support/log";

const TYPE = { apiVersion: "example.org/v1", kind: "Thing", plural: "things" };

const thing = (name: string, resourceVersion: string): KubeObject => ({
  metadata: { name, namespace: "sites", resourceVersion },
});

const line = (type: string, object: unknown) => JSON.stringify({ type, object });

/** An API server that answers lists and watches as it was told, one after the other. */
class Script implements Source {
  readonly calls: string[] = [];
  readonly watchSeconds: number[] = [];

  constructor(
    private readonly lists: ((readonly KubeObject[])[] | Error)[],
    private readonly watches: (readonly (string | Error)[])[],
    private readonly finished: () => void,
  ) {}

  async page<Item extends KubeObject>(_type: unknown, _selection: unknown, limit: number, from?: string) {
    this.calls.push(from === undefined ? "list" : `page ${from}`);
    expect(limit).toBe(500);
    const pages = this.lists[0] ?? [];
    if (pages instanceof Error) {
      this.lists.shift();
      throw pages;
    }
    const index = Number(from ?? 0);
    const isLast = index === pages.length - 1;
    if (isLast) this.lists.shift();
    const metadata = { resourceVersion: "10", continue: isLast ? undefined : String(index + 1) };
    return { metadata, items: structuredClone(pages[index]) as unknown as readonly Item[] };
  }

  async *watch(_type: unknown, _selection: unknown, version: string, seconds: number): AsyncGenerator<string> {
    this.calls.push(`watch ${version}`);
    this.watchSeconds.push(seconds);
    const events = this.watches.shift();
    if (events === undefined) {
      this.finished();
      return;
    }
    for (const event of events) {
      if (event instanceof Error) throw event;
      yield event;
    }
  }
}

async function reflect(lists: (KubeObject[][] | Error)[], watches: (readonly (string | Error)[])[]) {
  const end = new AbortController();
  const store = new Store<KubeObject>();
  const source = new Script(lists, watches, () => end.abort());
  const reflector = new Reflector({ source, type: TYPE, selection: {}, store, log: silent, random: () => 0 });
  await reflector.run(end.signal);
  return { store, reflector, calls: source.calls, watchSeconds: source.watchSeconds };
}

test("lists page by page, then watches from the version of the list", async () => {
  const { store, calls } = await reflect([[[thing("a", "1")], [thing("b", "2")]]], []);
  expect(calls).toEqual(["list", "page 1", "watch 10"]);
  expect([...store.values()].map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
});

test("asks for watches that end before a load balancer ends them", async () => {
  const { watchSeconds } = await reflect([[[]]], []);
  expect(watchSeconds[0]).toBeGreaterThanOrEqual(180);
  expect(watchSeconds[0]).toBeLessThan(240);
});

test("follows what is added, changed and deleted", async () => {
  const events = [
    line("ADDED", thing("b", "11")),
    line("MODIFIED", thing("a", "12")),
    line("DELETED", thing("b", "13")),
  ];
  const { store } = await reflect([[[thing("a", "1")]]], [events]);
  expect([...store.values()]).toEqual([thing("a", "12")]);
});

test("goes on where the last watch ended, bookmarks included", async () => {
  const bookmark = line("BOOKMARK", { metadata: { resourceVersion: "99" } });
  const { calls } = await reflect([[[]]], [[line("ADDED", thing("a", "11")), bookmark]]);
  expect(calls).toEqual(["list", "watch 10", "watch 99"]);
});

test("goes on at its last version after a watch that broke off, without a new list", async () => {
  const { calls, store } = await reflect([[[]]], [[line("ADDED", thing("a", "11")), new Error("connection reset")]]);
  expect(calls).toEqual(["list", "watch 10", "watch 11"]);
  expect(store.size).toBe(1);
});

test.each([
  ["in the answer", new ApiError(410, "Expired", "too old")],
  ["as an event", line("ERROR", { code: 410, reason: "Expired", message: "too old" })],
])("lists anew where the version is gone, %s, and forgets what went meanwhile", async (_, gone) => {
  const { calls, store } = await reflect([[[thing("a", "1"), thing("b", "1")]], [[thing("b", "1")]]], [[gone]]);
  expect(calls).toEqual(["list", "watch 10", "list", "watch 10"]);
  expect([...store.values()].map(({ metadata }) => metadata.name)).toEqual(["b"]);
});

test("an expired token is no reason for a new list", async () => {
  const { calls } = await reflect([[[]]], [[new ApiError(401, "Unauthorized", "expired")]]);
  expect(calls).toEqual(["list", "watch 10", "watch 10"]);
});

test("keeps nothing of who set which field, and only what is asked for", async () => {
  const full = { ...thing("a", "1"), metadata: { ...thing("a", "1").metadata, managedFields: [{}] } };
  const { store } = await reflect([[[full as KubeObject]]], []);
  expect(store.get("sites/a")?.metadata).not.toHaveProperty("managedFields");
});

test("tells where a list is refused for want of rights, and goes on trying", async () => {
  const { reflector, calls, store } = await reflect([new ApiError(403, "Forbidden", "no"), [[thing("a", "1")]]], []);
  await reflector.refused;
  expect(calls).toEqual(["list", "list", "watch 10"]);
  expect(store.size).toBe(1);
});

test("knows since when it heard nothing", async () => {
  const { reflector } = await reflect([[[]]], []);
  expect(reflector.age).toBeLessThan(5000);
  await reflector.synced;
});
