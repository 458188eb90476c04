import type { MoodleCluster } from "../../../../services/operator/src/kernel/types";
import { upgradeSnapshot } from "../../../../services/operator/src/moodle-cluster/snapshots";
import type { View } from "../../../../services/operator/src/release/engine";

const cluster = {
  metadata: { name: "moodle", namespace: "sites", uid: "12345678-aaaa" },
  spec: { snapshot: { cronJob: "backup-snapshot" } },
} as MoodleCluster;

const desired = { image: "moodle:2", generation: 2, digest: "new" };

const record = (digest: string) =>
  ({ revision: 1, status: "deployed", digest, made: 0, object: { metadata: { name: "v1" } } }) as const;

const jobBefore = (view: Partial<View>) =>
  upgradeSnapshot(cluster, desired, { records: [record("old")], cannotGoBack: false, ...view })?.job;

test("a snapshot comes before another image, and before one in the place of an unknown one", () => {
  expect(jobBefore({ verified: { revision: 1, digest: "old", image: "moodle:1" } })).toBe("moodle-12345678-g2");
  expect(jobBefore({ verified: { revision: 1 } })).toBe("moodle-12345678-g2");
});

test("none comes before the same image, nor where nothing has ever worked", () => {
  expect(jobBefore({ verified: { revision: 1, image: "moodle:2" } })).toBeUndefined();
  expect(jobBefore({ verified: { revision: 1, image: "moodle:2@sha256:0" } })).toBeUndefined();
  expect(jobBefore({})).toBeUndefined();
});

test("none comes before another try at a database that is half-way: the one from before is to go back to", () => {
  const verified = { revision: 1, digest: "old", image: "moodle:1" };
  expect(jobBefore({ verified, cannotGoBack: true, records: [record("new")] })).toBeUndefined();
  expect(jobBefore({ verified, cannotGoBack: true, records: [record("other")] })).toBe("moodle-12345678-g2");
});
