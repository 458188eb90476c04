import type { RecordStatus, ReleaseRecord } from "../../../../services/operator/src/helm/records";
import { type Observed, planRelease } from "../../../../services/operator/src/release/plan";

const NOW = Date.parse("2027-02-01T09:00:00Z");

const record = (revision: number, status: RecordStatus, digest?: string, made = NOW): ReleaseRecord => ({
  revision,
  status,
  digest,
  kind: digest === undefined ? undefined : "MoodleCluster",
  made,
  object: { metadata: { name: `sh.helm.release.v1.moodle.v${revision}` } },
});

const plan = (observed: Partial<Observed>) =>
  planRelease({
    digest: "new",
    generation: 2,
    records: [],
    readiness: { state: "ready", message: "" },
    cannotGoBack: false,
    rollout: { timeoutSeconds: 600, attempts: 3, test: true },
    now: NOW,
    ...observed,
  });

const failure = (count: number, revision: number, time = NOW - 3_600_000) => ({
  digest: "new",
  generation: 2,
  revision,
  count,
  message: "broken",
  time: new Date(time).toISOString(),
});

const good = { revision: 1, digest: "old" };

test("a site that is not there is installed", () => {
  expect(plan({})).toEqual({ kind: "upgrade" });
});

test("what is there is upgraded to what is asked for, whoever put it there", () => {
  expect(plan({ records: [record(1, "deployed", "old")] })).toEqual({ kind: "upgrade" });
  expect(plan({ records: [record(1, "deployed")] })).toEqual({ kind: "upgrade" });
});

test.each(["deployed", "failed", "pending-upgrade", "uninstalling"] as const)(
  "a release that is somebody else's is left alone: %s",
  (status) => {
    const step = plan({ records: [record(1, status, "new")], owner: "a MoodleBackup of the same name" });
    const message = "the release is that of a MoodleBackup of the same name: choose another name";
    expect(step).toEqual({ kind: "stalled", reason: "ReleaseTaken", message });
  },
);

test("a verified revision is left alone", () => {
  const verified = { revision: 2, digest: "new" };
  expect(plan({ records: [record(2, "deployed", "new")], verified })).toEqual({ kind: "rest", revision: 2 });
});

test("a new revision is waited for, tested once it is ready, and not tested where that is not wanted", () => {
  const records = [record(1, "deployed", "new", NOW - 60_000)];
  const progressing = { state: "progressing", message: "1 of 2 pods" } as const;
  expect(plan({ records, readiness: progressing })).toMatchObject({ kind: "wait", until: NOW + 540_000 });
  expect(plan({ records })).toEqual({ kind: "verify", revision: 1, test: true });
  const rollout = { timeoutSeconds: 600, attempts: 3, test: false };
  expect(plan({ records, rollout })).toEqual({ kind: "verify", revision: 1, test: false });
});

describe("a revision that fails", () => {
  const records = [record(2, "deployed", "new", NOW - 601_000), record(1, "superseded", "old")];
  const progressing = { state: "progressing", message: "1 of 2 pods" } as const;

  test("is written down first, whether it is late, broken or refused by Helm", () => {
    const late = plan({ records, verified: good, readiness: progressing });
    expect(late).toMatchObject({ kind: "fail", failure: { count: 1, revision: 2, generation: 2 } });
    const broken = plan({ records, verified: good, readiness: { state: "failed", message: "Job failed" } });
    expect(broken).toMatchObject({ kind: "fail", failure: { message: "Job failed" } });
    const refused = plan({ records: [record(2, "failed", "new")], verified: good, helmError: "no such class" });
    expect(refused).toMatchObject({ kind: "fail", failure: { message: "no such class" } });
  });

  test("counts once, and is then rolled back to the last that worked", () => {
    const step = plan({ records, verified: good, readiness: progressing, failure: failure(1, 2) });
    expect(step).toEqual({ kind: "rollback", revision: 1 });
  });

  describe("where its Job may have changed the database", () => {
    const noWayBack = { records, verified: good, readiness: progressing, cannotGoBack: true };
    const begun = { ...failure(1, 2), begun: true };

    test("is not rolled back, which is written down as the Job goes in time", () => {
      expect(plan({ ...noWayBack, failure: failure(1, 2) })).toEqual({ kind: "fail", failure: begun });
      expect(plan({ ...noWayBack, failure: begun })).toMatchObject({ kind: "stalled", reason: "NeedsRestore" });
    });

    test("says whether it may still end well", () => {
      expect(plan({ ...noWayBack, failure: begun })).toMatchObject({ message: expect.stringMatching(/may still end/) });
      const failed = plan({ ...noWayBack, failure: begun, readiness: { state: "failed", message: "Job failed" } });
      expect(failed).toMatchObject({ message: expect.stringMatching(/mend the cause, or restore the snapshot/) });
    });

    test("is tried again in place by another generation", () => {
      expect(plan({ ...noWayBack, failure: begun, generation: 3 })).toEqual({ kind: "upgrade" });
      const since = [record(3, "deployed", "new"), ...records];
      expect(plan({ ...noWayBack, records: since, failure: begun, generation: 3 })).toMatchObject({ kind: "wait" });
    });
  });

  test("and was late counts no more once it is ready", () => {
    const ready = { records, verified: good, readiness: { state: "ready", message: "" } } as const;
    const step = { kind: "verify", revision: 2, test: true };
    expect(plan({ ...ready, failure: failure(1, 2) })).toEqual(step);
    expect(plan({ ...ready, failure: failure(1, 2), cannotGoBack: true })).toEqual(step);
  });

  test("and failed its test stays failed, as ready as it is", () => {
    const tested = { ...failure(1, 2), tested: true };
    const ready = { records, verified: good, readiness: { state: "ready", message: "" }, failure: tested } as const;
    expect(plan(ready)).toEqual({ kind: "rollback", revision: 1 });
  });

  test("is tried again in place where nothing ever worked", () => {
    const first = [record(1, "failed", "new")];
    expect(plan({ records: first, failure: failure(1, 1) })).toEqual({ kind: "upgrade" });
  });
});

describe("after a rollback", () => {
  const records = [record(3, "deployed", "old"), record(2, "superseded", "new"), record(1, "superseded", "old")];

  test("another try waits, longer each time", () => {
    const wait = (count: number) => plan({ records, verified: good, failure: failure(count, 2, NOW) });
    expect(wait(1)).toMatchObject({ kind: "wait", reason: "BackingOff", until: NOW + 15_000 });
    expect(wait(2)).toMatchObject({ kind: "wait", reason: "BackingOff", until: NOW + 30_000 });
    expect(plan({ records, verified: good, failure: failure(2, 2) })).toEqual({ kind: "upgrade" });
  });

  test("after so many failures nothing is tried any more", () => {
    const step = plan({ records, verified: good, failure: failure(3, 2) });
    expect(step).toMatchObject({ kind: "stalled", reason: "RolledBack" });
  });

  test("another specification begins anew, the same one written again too", () => {
    const changed = plan({ records, verified: good, failure: failure(3, 2), digest: "other" });
    expect(changed).toEqual({ kind: "upgrade" });
    expect(plan({ records, verified: good, failure: failure(3, 2), generation: 3 })).toEqual({ kind: "upgrade" });
  });

  test("what is asked for as it was before needs no test", () => {
    const step = plan({ records, verified: good, failure: failure(3, 2), digest: "old" });
    expect(step).toEqual({ kind: "verify", revision: 3, test: false });
  });

  test("a rollback that failed is made again", () => {
    const half = [record(3, "failed", "old"), ...records.slice(1)];
    expect(plan({ records: half, verified: good, failure: failure(3, 2) })).toEqual({ kind: "rollback", revision: 1 });
  });
});

describe("a pending revision", () => {
  test.each(["pending-install", "pending-upgrade", "pending-rollback"] as const)(
    "of the operator's is unlocked: %s",
    (status) => {
      const pending = record(2, status, "new");
      expect(plan({ records: [pending, record(1, "deployed", "old")] })).toEqual({ kind: "unlock", record: pending });
    },
  );

  test("of somebody else's is waited for, as long as a rollout may take", () => {
    const records = [record(2, "pending-upgrade", undefined, NOW - 60_000)];
    expect(plan({ records })).toMatchObject({ kind: "wait", reason: "HelmRunsElsewhere", until: NOW + 540_000 });
    expect(plan({ records, now: NOW + 540_000 })).toMatchObject({ kind: "unlock" });
  });
});

test("a removal that was interrupted is gone through with", () => {
  expect(plan({ records: [record(1, "uninstalling", "old")] })).toEqual({ kind: "uninstall" });
});
