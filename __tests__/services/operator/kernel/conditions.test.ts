import { transitions, withFindings } from "../../../../services/operator/src/kernel/conditions";

const ready = (status: "True" | "False", reason: string, message = "") => ({ type: "Ready", status, reason, message });

const before = withFindings(undefined, [ready("False", "Upgrading")], 1, "2027-01-01T00:00:00Z");

test("the time of a condition moves where its status does, and only there", () => {
  const [same] = withFindings(before, [ready("False", "Testing", "now")], 2, "2027-01-01T00:05:00Z");
  expect(same).toMatchObject({ reason: "Testing", observedGeneration: 2, lastTransitionTime: "2027-01-01T00:00:00Z" });
  const [other] = withFindings(before, [ready("True", "Available")], 2, "2027-01-01T00:05:00Z");
  expect(other).toMatchObject({ status: "True", lastTransitionTime: "2027-01-01T00:05:00Z" });
});

test("another status or reason is news, another message is not", () => {
  expect(transitions(before, [ready("False", "Upgrading", "still")])).toEqual([]);
  expect(transitions(before, [ready("False", "Testing")])).toHaveLength(1);
  expect(transitions(undefined, [ready("False", "Testing")])).toHaveLength(1);
});
