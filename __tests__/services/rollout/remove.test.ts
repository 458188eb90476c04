import type { Kind } from "../../../services/rollout/src/kubernetes/cluster";
import { Log } from "../../../services/rollout/src/log";
import { remove } from "../../../services/rollout/src/remove";
import { FakeCluster } from "./support/fake-cluster";
import { World } from "./support/world";

const log = new Log(() => {});

/** KServe's finalizer: an InferenceService is there until the controller has let go of it. */
class Finalizing extends FakeCluster {
  override async delete(kind: Kind, name: string): Promise<void> {
    const object = this.objects.get(`${kind}/${name}`);
    if (kind !== "InferenceService" || object === undefined) return super.delete(kind, name);
    const metadata = { ...object.metadata, deletionTimestamp: "2026-03-01T08:00:00Z" };
    this.objects.set(`${kind}/${name}`, { ...object, metadata });
  }
}

test("ends the schedule, then deletes what serves, and waits until KServe has let go of it", async () => {
  const cluster = new Finalizing();
  const world = new World();
  await world.serve("v1.2.0");
  for (const [key, object] of world.cluster.objects) cluster.objects.set(key, object);
  let seconds = 0;
  await remove(cluster, ["bert"], log, {
    cronJob: "model-rollout",
    quietSeconds: 3,
    pause: async () => {
      seconds += 1;
      if (seconds === 5) cluster.objects.delete("InferenceService/bert");
    },
  });
  expect(cluster.objects.get("CronJob/model-rollout")?.spec).toEqual({ suspend: true });
  const left = [...cluster.objects.keys()].filter((key) => !key.startsWith("Event/"));
  expect(left).toEqual(["ConfigMap/bert-rollout", "CronJob/model-rollout"]);
  expect(seconds).toBe(8);
});

test("deletes again what a run that was under way has made meanwhile", async () => {
  const world = new World();
  await world.serve("v1.2.0");
  const service = world.cluster.objects.get("InferenceService/bert");
  let seconds = 0;
  await remove(world.cluster, ["bert"], log, {
    quietSeconds: 3,
    pause: async () => {
      seconds += 1;
      if (seconds === 2) world.cluster.put(service ?? {});
    },
  });
  expect(world.cluster.objects.has("InferenceService/bert")).toBe(false);
});
