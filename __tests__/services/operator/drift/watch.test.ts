import { DriftSchedule, driftFinding } from "../../../../services/operator/src/drift/watch";
import type { Workload } from "../../../../services/operator/src/release/readiness";

const MINUTE = 60_000;

const web = (generation: number): Workload => ({ kind: "Deployment", metadata: { name: "web", generation } });

test("after a start, sites are not all compared at once", () => {
  const [first, second] = [0, 0.5].map((random) => new DriftSchedule(10 * MINUTE, () => random));
  expect(first?.due("a", 1, [web(1)], 0)).toBe(10 * MINUTE);
  expect(second?.due("a", 1, [web(1)], 0)).toBe(5 * MINUTE);
});

test("a site is compared at its interval, and soon after an object or the revision changed", () => {
  const schedule = new DriftSchedule(10 * MINUTE);
  schedule.compared("a", 1, [web(1)], 0);
  expect(schedule.due("a", 1, [web(1)], MINUTE)).toBe(9 * MINUTE);
  expect(schedule.due("a", 1, [web(2)], MINUTE)).toBe(0);
  expect(schedule.due("a", 2, [web(1)], 5_000)).toBe(10_000);
});

test("a difference is named, a missing object too, and a repaired one is no drift any more", () => {
  const manifest = { metadata: { name: "web" } };
  const found = [
    { object: "Deployment web", fields: ["spec.a"], manifest },
    { object: "Service web", fields: [], manifest },
  ];
  expect(driftFinding(found, false)).toMatchObject({
    status: "True",
    message: "Deployment web: spec.a; Service web is missing",
  });
  expect(driftFinding(found, true)).toMatchObject({ status: "False", reason: "Repaired" });
  expect(driftFinding([], false)).toMatchObject({ status: "False", reason: "InSync" });
});
