import type { MoodleBackupSpec } from "../../../../services/api/src";
import { freshnessOf } from "../../../../services/operator/src/moodle-backup/freshness";
import type { Workload } from "../../../../services/operator/src/release/readiness";

const NOW = Date.parse("2027-02-10T12:00:00Z");
const HOUR = 3_600_000;

const spec: MoodleBackupSpec = {
  suspend: false,
  deletionPolicy: "Retain",
  rollout: { timeoutSeconds: 600, attempts: 3, test: true },
  maxAgeHours: { snapshot: 33, verify: 213, drill: 213 },
  values: {
    image: "backup:1",
    config: { repository: { kind: "s3" }, database: {}, retention: {} },
    schedules: { snapshot: "15 2 * * *", prune: "30 6 * * *", drill: "0 8 * * 6" },
  },
};

const cronJob = (command: string, hoursAgo?: number, madeHoursAgo = 1000): Workload => ({
  metadata: {
    name: `backup-${command}`,
    labels: { "app.kubernetes.io/component": command },
    creationTimestamp: new Date(NOW - madeHoursAgo * HOUR).toISOString(),
  },
  status: { lastSuccessfulTime: hoursAgo === undefined ? undefined : new Date(NOW - hoursAgo * HOUR).toISOString() },
});

test("backups are fresh while everything that is scheduled succeeded in time", () => {
  const { finding, again } = freshnessOf(spec, [cronJob("snapshot", 9), cronJob("drill", 100)], NOW);
  expect(finding).toMatchObject({ type: "BackupFresh", status: "True" });
  expect(again).toBe(24 * HOUR + 1000);
});

test("what is too old is named, with when it last succeeded", () => {
  const { finding } = freshnessOf(spec, [cronJob("snapshot", 34), cronJob("drill")], NOW);
  expect(finding).toMatchObject({ status: "False", reason: "TooOld" });
  expect(finding.message).toContain("snapshot last succeeded at 2027-02-09T02:00:00.000Z");
  expect(finding.message).toContain("drill never succeeded");
});

test("a new site has time for its first snapshot, and not for ever", () => {
  const young = [cronJob("snapshot", undefined, 5), cronJob("drill", undefined, 5)];
  expect(freshnessOf(spec, young, NOW).finding).toMatchObject({ status: "Unknown", reason: "NoSnapshotYet" });
  expect(freshnessOf(spec, [cronJob("snapshot", undefined, 40)], NOW).finding.status).toBe("False");
});

test("what is not scheduled cannot be too old, and a prune is not judged", () => {
  const { finding, runs } = freshnessOf(
    spec,
    [cronJob("snapshot", 1), cronJob("prune", 900), cronJob("drill", 1)],
    NOW,
  );
  expect(finding.status).toBe("True");
  expect(runs.map(({ command }) => command)).toEqual(["drill", "prune", "snapshot"]);
});
