import type { KubeObject } from "../../../../services/operator/src/api-server/object";
import type { JsonPatch } from "../../../../services/operator/src/api-server/resources";
import { addFinalizer, removeFinalizer } from "../../../../services/operator/src/kernel/finalizer";

const TYPE = { apiVersion: "moodleplatform.io/v1alpha1", kind: "MoodleCluster", plural: "moodleclusters" };
const FINALIZER = "moodleplatform.io/release";

let patches: readonly JsonPatch[][];

const resources = {
  patch: async <Item extends KubeObject>(_: unknown, object: KubeObject, operations: readonly JsonPatch[]) => {
    patches = [...patches, [...operations]];
    return object as Item;
  },
};

const object = (metadata: Partial<KubeObject["metadata"]>): KubeObject => ({
  metadata: { name: "moodle", namespace: "sites", uid: "u", ...metadata },
});

beforeEach(() => {
  patches = [];
});

test("it is added on condition that nobody changed the list, whether or not there is one", async () => {
  await addFinalizer(resources, TYPE, object({}), FINALIZER);
  await addFinalizer(resources, TYPE, object({ finalizers: ["other"] }), FINALIZER);
  expect(patches).toEqual([
    [
      { op: "test", path: "/metadata/uid", value: "u" },
      { op: "test", path: "/metadata/finalizers", value: null },
      { op: "add", path: "/metadata/finalizers", value: [FINALIZER] },
    ],
    [
      { op: "test", path: "/metadata/uid", value: "u" },
      { op: "test", path: "/metadata/finalizers", value: ["other"] },
      { op: "add", path: "/metadata/finalizers", value: ["other", FINALIZER] },
    ],
  ]);
});

test("it is not added twice, nor to what is going", async () => {
  await addFinalizer(resources, TYPE, object({ finalizers: [FINALIZER] }), FINALIZER);
  await addFinalizer(resources, TYPE, object({ deletionTimestamp: "2027-01-01T00:00:00Z" }), FINALIZER);
  expect(patches).toEqual([]);
});

test("it is removed from its place, on condition that it is there", async () => {
  await removeFinalizer(resources, TYPE, object({ finalizers: ["other", FINALIZER] }), FINALIZER);
  await removeFinalizer(resources, TYPE, object({ finalizers: ["other"] }), FINALIZER);
  expect(patches).toEqual([
    [
      { op: "test", path: "/metadata/uid", value: "u" },
      { op: "test", path: "/metadata/finalizers/1", value: FINALIZER },
      { op: "remove", path: "/metadata/finalizers/1" },
    ],
  ]);
});
