import type { KubeObject } from "../../../../services/operator/src/api-server/object";
import { EventRecorder } from "../../../../services/operator/src/kernel/events";
import { type BaseStatus, type CustomResource, StatusWriter } from "../../../../services/operator/src/kernel/status";
import { silent } from "../support/log";

const TYPE = { apiVersion: "moodleplatform.io/v1alpha1", kind: "MoodleCluster", plural: "moodleclusters" };

type Event = KubeObject & { reason: string; type: string; regarding: { kind: string } };

function setUp() {
  const applied: KubeObject[] = [];
  const events: Event[] = [];
  const resources = {
    apply: async <Item extends KubeObject>(_: unknown, item: Item) => {
      applied.push(item);
      return item;
    },
    create: async <Item extends KubeObject>(_: unknown, item: Item) => {
      events.push(item as unknown as Event);
      return item;
    },
  };
  return { applied, events, writer: new StatusWriter(resources, new EventRecorder(resources, "pod", silent)) };
}

const resource: CustomResource<object, BaseStatus> = {
  metadata: { name: "moodle", namespace: "sites", generation: 3 },
  spec: {},
};

const ready = { type: "Ready", status: "True", reason: "Available", message: "" } as const;

test("a status that has not changed is not written, and nothing is told", async () => {
  const { applied, events, writer } = setUp();
  const status = await writer.write(TYPE, resource, [ready], (base) => base);
  expect([applied.length, events.length]).toEqual([1, 1]);
  await writer.write(TYPE, { ...resource, status }, [ready], (base) => base);
  expect([applied.length, events.length]).toEqual([1, 1]);
});

test("every condition says which generation it is about", async () => {
  const { writer } = setUp();
  const status = await writer.write(TYPE, resource, [ready], (base) => base);
  expect(status.observedGeneration).toBe(3);
  expect(status.conditions).toEqual([expect.objectContaining({ type: "Ready", observedGeneration: 3 })]);
});

test("what is bad is told as a warning, with its reason and its resource", async () => {
  const { events, writer } = setUp();
  const stalled = { type: "Stalled", status: "True", reason: "RolledBack", message: "failed 3 times" } as const;
  await writer.write(TYPE, resource, [stalled], (base) => base);
  expect(events).toEqual([expect.objectContaining({ type: "Warning", reason: "RolledBack" })]);
  expect(events[0]?.regarding.kind).toBe("MoodleCluster");
});

test("what goes on as it should is no warning", async () => {
  const { events, writer } = setUp();
  await writer.write(TYPE, resource, [{ ...ready, status: "False", reason: "Upgrading" }], (base) => base);
  expect(events.map(({ type }) => type)).toEqual(["Normal"]);
});
