import { ApiServer } from "../../../../services/operator/src/api-server/api-server";
import { Resources } from "../../../../services/operator/src/api-server/resources";
import type { Chart } from "../../../../services/operator/src/helm/charts";
import { type Helm, HelmError } from "../../../../services/operator/src/helm/helm";
import { type Desired, ReleaseEngine } from "../../../../services/operator/src/release/engine";
import type { Workload } from "../../../../services/operator/src/release/readiness";
import { silent } from "../support/log";

const CHART: Chart = { folder: "/charts/moodle", version: "moodle-0.1.0", digest: "c" };

const desired: Desired = {
  kind: "MoodleCluster",
  namespace: "sites",
  name: "moodle",
  generation: 2,
  chart: CHART,
  values: {},
  digest: "new",
  rollout: { timeoutSeconds: 600, attempts: 3, test: true },
  image: "moodle:2",
};

const helm: Helm = {
  upgrade: async () => 1,
  rollback: async () => {},
  test: async () => {},
  uninstall: async () => {},
  manifest: async () => "",
  template: async () => "",
};

const resources = new Resources(
  new ApiServer({
    server: new URL("http://localhost:1"),
    authorize: async () => ({}),
    helmEnvironment: async () => ({}),
  }),
);

const engine = (changes: Partial<Helm> = {}) => new ReleaseEngine({ ...helm, ...changes }, resources, silent);

const record = (revision: number, digest: string, status = "deployed") => ({
  metadata: {
    name: `v${revision}`,
    creationTimestamp: "2027-01-01T00:00:00Z",
    labels: {
      ...{ owner: "helm", name: "moodle", version: String(revision), status, modifiedAt: "1" },
      ...{ "moodleplatform.io/digest": digest, "moodleplatform.io/kind": "MoodleCluster" },
    },
  },
});

const job = (status: Workload["status"]): Workload => ({
  kind: "Job",
  metadata: { name: "moodle-install", labels: { "app.kubernetes.io/component": "install" } },
  status,
});

const world = (records: ReturnType<typeof record>[], workloads: Workload[]) => ({
  records: async () => records,
  workloads: async () => workloads,
});

/** A new image that has been written down as failed. */
const failed = {
  verified: { revision: 1, digest: "old", image: "moodle:1" },
  failure: { digest: "new", generation: 2, revision: 2, count: 1, message: "broken", time: "2027-01-01T00:00:00Z" },
};

const stepAfter = async (status: Workload["status"], image = "moodle:2") => {
  const found = world([record(2, "new"), record(1, "old", "superseded")], [job(status)]);
  return (await engine().look({ ...desired, image }, failed, found)).step;
};

test("a new image is rolled back as long as no pod of its Job ran", async () => {
  expect(await stepAfter({ active: 1 })).toEqual({ kind: "rollback", revision: 1 });
});

test("a new image that refused the database is rolled back", async () => {
  const conditions = [{ type: "Failed", status: "True", reason: "PodFailurePolicy" }];
  expect(await stepAfter({ failed: 1, conditions })).toEqual({ kind: "rollback", revision: 1 });
});

test("a new image that has begun on the database is not rolled back", async () => {
  expect(await stepAfter({ active: 1, ready: 1 })).toMatchObject({ kind: "stalled", reason: "NeedsRestore" });
});

test("the same image is rolled back whatever its Job did", async () => {
  expect(await stepAfter({ failed: 3 }, "moodle:1")).toEqual({ kind: "rollback", revision: 1 });
});

test("a test that fails counts as a failure of the revision", async () => {
  const refuse = engine({
    test: async () => {
      throw new HelmError("test", "the site does not answer");
    },
  });
  const view = { records: [], workloads: [], step: { kind: "verify", revision: 2, test: true } } as const;
  expect(await refuse.take(desired, { failure: failed.failure }, view)).toMatchObject({
    failure: { count: 2, revision: 2, message: "helm test: the site does not answer" },
    again: 0,
  });
});

test("a test that passes makes the revision the one to go back to", async () => {
  const view = { records: [], workloads: [], step: { kind: "verify", revision: 2, test: true } } as const;
  expect(await engine().take(desired, failed, view)).toEqual({
    verified: { revision: 2, digest: "new", image: "moodle:2" },
    failure: undefined,
    again: 0,
  });
});

test("what Helm said is what the failure says", async () => {
  const refuse = engine({
    upgrade: async () => {
      throw new HelmError("upgrade", "no matches for kind Gateway");
    },
  });
  await expect(
    refuse.take(desired, undefined, { records: [], workloads: [], step: { kind: "upgrade" } }),
  ).rejects.toThrow();
  const { step } = await refuse.look(desired, undefined, world([record(1, "new", "failed")], []));
  expect(step).toMatchObject({ kind: "fail", failure: { message: "no matches for kind Gateway" } });
});

test.each([
  "values don't meet the specifications of the schema(s) in the following chart(s)",
  'execution error at (moodle/templates/web.yaml:3:4): the release name "x" is longer than 40 characters',
])("values that the chart refuses are told from what may pass: %s", (message) => {
  expect(new HelmError("upgrade", message).refusesValues).toBe(true);
  expect(new HelmError("upgrade", "connection refused").refusesValues).toBe(false);
});

test("a revision is as old as its record: Helm's labels of the time go from revision to revision", async () => {
  const { records } = await engine().look(desired, undefined, world([record(1, "new")], []));
  expect(records[0]?.made).toBe(Date.parse("2027-01-01T00:00:00Z"));
});
