import { FINALIZER } from "@moodle-platform/api";
import { HelmError } from "../../../../services/operator/src/helm/helm";
import type { Finding } from "../../../../services/operator/src/kernel/conditions";
import { Store } from "../../../../services/operator/src/kernel/store";
import { ReleaseReconciler, type ReleaseReconcilerProps } from "../../../../services/operator/src/release/reconciler";
import type { Released } from "../../../../services/operator/src/release/released-kind";

const GOING = "2027-01-01T00:00:00Z";

interface Scene {
  readonly suspend: boolean;
  /** Whether the API server has a pause of which the cache knows nothing. */
  readonly isPausedSince?: boolean;
  /** Of the resource, in the cache and at the API server. */
  readonly cached?: string;
  readonly live?: string;
  readonly isNamespaceGoing?: boolean;
}

/** What becomes of a resource whose release is to be upgraded. */
async function done({ suspend, isPausedSince, cached, live, isNamespaceGoing = false }: Scene): Promise<string[]> {
  const steps: string[] = [];
  const store = new Store<Released>();
  const resource = (suspend: boolean, deletionTimestamp?: string): Released => ({
    metadata: { name: "moodle", namespace: "sites", deletionTimestamp },
    spec: { suspend, deletionPolicy: "Delete" },
  });
  store.set(resource(suspend, cached));
  const { reconcile } = new ReleaseReconciler({
    store,
    kind: { desired: () => ({}) },
    engine: { look: async () => ({ step: { kind: "upgrade" } }) },
    resources: { get: async () => resource(isPausedSince ?? suspend, live) },
    status: { write: async () => steps.push("say so") },
    removal: {
      isNamespaceGoing: async () => isNamespaceGoing,
      remove: async () => {
        steps.push("remove");
        return {};
      },
    },
  } as unknown as ReleaseReconcilerProps<Released>);
  await reconcile("sites/moodle");
  return steps;
}

test("a paused resource is left alone, at its deletion too", async () => {
  expect(await done({ suspend: true })).toEqual(["say so"]);
  expect(await done({ suspend: true, cached: GOING, live: GOING })).toEqual(["say so"]);
});

test("a pause holds no namespace that goes", async () => {
  expect(await done({ suspend: true, cached: GOING, live: GOING, isNamespaceGoing: true })).toEqual(["remove"]);
});

test("a pause holds no namespace that goes, though no watch told of the resource's deletion or of the pause", async () => {
  expect(await done({ suspend: true, live: GOING, isNamespaceGoing: true })).toEqual(["remove"]);
  expect(await done({ suspend: false, isPausedSince: true, live: GOING, isNamespaceGoing: true })).toEqual(["remove"]);
  expect(await done({ suspend: false, isPausedSince: true, live: GOING })).toEqual([]);
});

test("a resource is removed of whose deletion no watch told", async () => {
  expect(await done({ suspend: false, live: GOING })).toEqual(["remove"]);
});

test.each([true, false])(
  "where Helm does not say whose a release is, the resource says so and keeps what was known: in the cache %s",
  async (isCached) => {
    const store = new Store<Released>();
    const release = { revision: 1, digest: "old" };
    const resource: Released = {
      metadata: { name: "moodle", namespace: "sites", finalizers: [FINALIZER] },
      spec: { suspend: false, deletionPolicy: "Delete" },
      status: { release } as Released["status"],
    };
    store.set(resource);
    const written: unknown[] = [];
    const cached = {};
    const { reconcile } = new ReleaseReconciler({
      store,
      cached,
      kind: { desired: () => ({}), onTheWay: () => ({ findings: [] }) },
      engine: {
        look: async (_desired: unknown, _known: unknown, world: unknown) => {
          if (isCached || world !== cached) throw new HelmError("get", "Kubernetes cluster unreachable");
          return { step: { kind: "upgrade" } };
        },
      },
      resources: { get: async () => resource },
      status: {
        write: async (_type: unknown, _resource: unknown, [ready]: Finding[], complete: (base: object) => object) =>
          written.push({ ready, ...complete({}) }),
      },
    } as unknown as ReleaseReconcilerProps<Released>);
    await expect(reconcile("sites/moodle")).rejects.toThrow(/unreachable/);
    const ready = { type: "Ready", status: "False", reason: "HelmFailed", message: "Kubernetes cluster unreachable" };
    expect(written).toEqual([{ ready, release }]);
  },
);
