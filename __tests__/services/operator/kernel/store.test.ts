import type { KubeObject } from "../../../../services/operator/src/api-server/object";
import { Index, isStatusAlone, Store } from "../../../../services/operator/src/kernel/store";

const object = (namespace: string, name: string, resourceVersion = "1", group = "g"): KubeObject => ({
  metadata: { namespace, name, resourceVersion, labels: { group } },
});

test("tells of changes, and not of an object that is seen again as it was", () => {
  const store = new Store<KubeObject>();
  const told: string[] = [];
  store.onChange(({ before, after }) =>
    told.push(`${before?.metadata.resourceVersion ?? "-"}>${after?.metadata.resourceVersion ?? "-"}`),
  );
  store.set(object("n", "a", "1"));
  store.set(object("n", "a", "1"));
  store.set(object("n", "a", "2"));
  store.delete(object("n", "a"));
  store.delete(object("n", "a"));
  expect(told).toEqual(["->1", "1>2", "2>-"]);
});

test("a new list of one namespace forgets nothing of another", () => {
  const store = new Store<KubeObject>();
  for (const one of [object("n", "a"), object("n", "b"), object("m", "c")]) store.set(one);
  store.keep(new Set(["n/a"]), "n");
  expect([...store.values()].map(({ metadata }) => metadata.name)).toEqual(["a", "c"]);
});

test("an index follows objects from group to group", () => {
  const store = new Store<KubeObject>();
  const index = new Index(store, ({ metadata }) => metadata.labels?.group);
  store.set(object("n", "a"));
  store.set(object("n", "b"));
  store.set(object("n", "a", "2", "h"));
  expect(index.get("g").map(({ metadata }) => metadata.name)).toEqual(["b"]);
  expect(index.get("h").map(({ metadata }) => metadata.name)).toEqual(["a"]);
  store.delete(object("n", "b"));
  expect(index.get("g")).toEqual([]);
});

test("a status that changed alone is told from everything that a reconciler waits for", () => {
  const before = object("n", "a", "1");
  const changed = (metadata: Partial<KubeObject["metadata"]>) => ({
    metadata: { ...before.metadata, resourceVersion: "2", ...metadata },
  });
  expect(isStatusAlone({ before, after: changed({}) })).toBe(true);
  expect(isStatusAlone({ before, after: changed({ generation: 2 }) })).toBe(false);
  expect(isStatusAlone({ before, after: changed({ annotations: { "moodleplatform.io/pause": "" } }) })).toBe(false);
  expect(isStatusAlone({ before, after: changed({ deletionTimestamp: "2027-01-01T00:00:00Z" }) })).toBe(false);
  expect(isStatusAlone({ before, after: changed({ uid: "another" }) })).toBe(false);
  expect(isStatusAlone({ before })).toBe(false);
  expect(isStatusAlone({ after: before })).toBe(false);
});
