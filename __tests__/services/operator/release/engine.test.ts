import type { ReleaseStatus } from "@moodle-platform/api";
import { ApiServer } from "../../../../services/operator/src/api-server/api-server";
import { Resources } from "../../../../services/operator/src/api-server/resources";
import type { Chart } from "../../../../services/operator/src/helm/charts";
import { type Helm, HelmError } from "../../../../services/operator/src/helm/helm";
import { history } from "../../../../services/operator/src/helm/records";
import { type Desired, ReleaseEngine } from "../../../../services/operator/src/release/engine";
import { ReleaseOwners } from "../../../../services/operator/src/release/owner";
import type { Workload } from "../../../../services/operator/src/release/readiness";
import { silent } from "../support/log";

const CHART: Chart = { folder: "/charts/moodle", name: "moodle", version: "moodle-0.1.0", digest: "c" };

const desired: Desired = {
  kind: "MoodleCluster",
  namespace: "sites",
  name: "moodle",
  generation: 2,
  created: Date.parse("2026-12-01T00:00:00Z"),
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
  chart: async () => "moodle",
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

const engine = (changes: Partial<Helm> = {}, through = resources) => {
  const all = { ...helm, ...changes };
  return new ReleaseEngine(all, new ReleaseOwners(all), through, silent);
};

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

const job = (status: Workload["status"], image = "moodle:2"): Workload => ({
  kind: "Job",
  metadata: { name: "moodle-install", namespace: "sites", labels: { "app.kubernetes.io/component": "install" } },
  spec: { template: { spec: { containers: [{ name: "install", image }] } } },
  status,
});

const WEB_CONTAINERS = [
  { name: "exporter", image: "exporter:1" },
  { name: "php-fpm", image: "moodle:1" },
];

const deployment = (available: number): Workload => ({
  kind: "Deployment",
  metadata: { name: "moodle-web", generation: 1, labels: { "app.kubernetes.io/component": "web" } },
  spec: { replicas: 2, template: { spec: { containers: WEB_CONTAINERS } } },
  status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: available },
});

const world = (records: ReturnType<typeof record>[], workloads: Workload[]) => ({
  records: async () => records,
  workloads: async () => workloads,
});

afterEach(() => jest.restoreAllMocks());

const NOTHING = { records: [], workloads: [], cannotGoBack: false } as const;

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
  expect(await stepAfter({ active: 1, ready: 1 })).toMatchObject({ kind: "fail", failure: { begun: true } });
});

test("the same image is rolled back whatever its Job did", async () => {
  expect(await stepAfter({ failed: 3 }, "moodle:1")).toEqual({ kind: "rollback", revision: 1 });
});

describe("a revision that Helm could not put in place", () => {
  const stepWith = async (workloads: Workload[], known: ReleaseStatus = failed) => {
    const found = world([record(2, "new", "failed"), record(1, "old")], workloads);
    return (await engine().look(desired, known, found)).step;
  };
  const ended = { succeeded: 1, conditions: [{ type: "Complete", status: "True" }] };

  test("is rolled back where the Job that ran is that of the image before", async () => {
    expect(await stepWith([job(ended, "moodle:1")])).toEqual({ kind: "rollback", revision: 1 });
    expect(await stepWith([job(ended, "moodle:1@sha256:0")])).toEqual({ kind: "rollback", revision: 1 });
  });

  test("is rolled back where there is no Job", async () => {
    expect(await stepWith([])).toEqual({ kind: "rollback", revision: 1 });
  });

  test("is not rolled back where its Job has begun, be it that of the try before or gone since", async () => {
    expect(await stepWith([job(ended)])).toMatchObject({ kind: "fail", failure: { begun: true } });
    expect(await stepWith([job(ended, "moodle:1.5")])).toMatchObject({ kind: "fail", failure: { begun: true } });
    const begun = { ...failed, failure: { ...failed.failure, begun: true } };
    expect(await stepWith([], begun)).toMatchObject({ kind: "stalled", reason: "NeedsRestore" });
  });
});

test("a revision that is in place is not rolled back where its Job is gone: it has ended", async () => {
  const found = world([record(2, "new"), record(1, "old", "superseded")], [deployment(0)]);
  expect((await engine().look(desired, failed, found)).step).toMatchObject({ kind: "fail", failure: { begun: true } });
});

test("a database upgrade that takes longer than the rollout, and then succeeds, is what was asked for", async () => {
  jest.spyOn(Date, "now").mockReturnValue(Date.parse("2027-01-01T01:00:00Z"));
  const records = [record(2, "new"), record(1, "old", "superseded")];
  const running = world(records, [job({ active: 1, ready: 1 }), deployment(0)]);
  const first = (await engine().look(desired, { verified: failed.verified }, running)).step;
  expect(first).toMatchObject({ kind: "fail", failure: { message: expect.stringMatching(/^not ready in 600/) } });
  const known = { ...failed, failure: first.kind === "fail" ? first.failure : undefined };
  const stalled = { kind: "stalled", reason: "NeedsRestore" };
  expect((await engine().look(desired, known, running)).step).toMatchObject(stalled);
  const done = world(records, [
    job({ succeeded: 1, conditions: [{ type: "Complete", status: "True" }] }),
    deployment(2),
  ]);
  expect((await engine().look(desired, known, done)).step).toEqual({ kind: "verify", revision: 2, test: true });
});

test("what is tried again in place gets its failed Job anew, and keeps one that goes on", async () => {
  const deleted: string[] = [];
  const recording = {
    delete: async (_: unknown, { metadata }: Workload) => deleted.push(metadata.name),
  } as unknown as Resources;
  const again = engine({}, recording);
  const refused = job({ failed: 1, conditions: [{ type: "Failed", status: "True" }] });
  const take = (digest: string, workload: Workload) => {
    const view = { ...NOTHING, records: history([record(2, digest)]), workloads: [workload, deployment(0)] };
    return again.take(desired, failed, { ...view, step: { kind: "upgrade" } });
  };
  await take("new", job({ active: 1, failed: 1 }));
  await take("old", refused);
  expect(deleted).toEqual([]);
  await take("new", refused);
  expect(deleted).toEqual(["moodle-install"]);
});

test("a test that fails counts as a failure of the revision, once", async () => {
  const refuse = engine({
    test: async () => {
      throw new HelmError("test", "the site does not answer");
    },
  });
  const take = (revision: number, begun?: boolean) => {
    const view = { ...NOTHING, step: { kind: "verify", revision, test: true } } as const;
    return refuse.take(desired, { failure: { ...failed.failure, begun } }, view);
  };
  const message = "helm test: the site does not answer";
  expect(await take(3)).toMatchObject({ failure: { count: 2, revision: 3, message, tested: true }, again: 0 });
  expect(await take(2, true)).toMatchObject({ failure: { count: 1, revision: 2, message, tested: true, begun: true } });
});

test("a test that passes makes the revision the one to go back to", async () => {
  const view = { ...NOTHING, step: { kind: "verify", revision: 2, test: true } } as const;
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
  await expect(refuse.take(desired, undefined, { ...NOTHING, step: { kind: "upgrade" } })).rejects.toThrow();
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

describe("what was in place before its resource", () => {
  const foreign = (revision: number, status = "deployed") => {
    const { metadata } = record(revision, "", status);
    const { owner, name, version } = metadata.labels;
    return { metadata: { ...metadata, labels: { owner, name, version, status } } };
  };
  const lookAt = (records: ReturnType<typeof foreign>[], known?: ReleaseStatus, changes: Partial<Desired> = {}) =>
    engine().look({ ...desired, ...changes }, known, world(records as ReturnType<typeof record>[], [deployment(2)]));

  test("is what an upgrade changes and a failure goes back to: another's release, one that was kept, a lost status", async () => {
    const verified = { revision: 7, digest: undefined, image: "moodle:1" };
    expect(await lookAt([foreign(7)])).toMatchObject({ step: { kind: "upgrade" }, verified });
    const later = { created: Date.parse("2027-02-01T00:00:00Z") };
    const kept = { revision: 1, digest: "old", image: "moodle:1" };
    expect(await lookAt([record(1, "old")], {}, later)).toMatchObject({ step: { kind: "upgrade" }, verified: kept });
    expect(await lookAt([record(1, "old")])).toMatchObject({ step: { kind: "upgrade" }, verified: kept });
    const refused = [record(8, "new", "failed"), foreign(7, "superseded")] as ReturnType<typeof foreign>[];
    const known = { verified, failure: { ...failed.failure, revision: 8 } };
    expect((await lookAt([...refused, foreign(6)], known)).step).toEqual({ kind: "rollback", revision: 7 });
  });

  test("is left alone where it is of another chart", async () => {
    const other = engine({ chart: async () => "backup" });
    const view = await other.look(desired, undefined, world([foreign(7)] as ReturnType<typeof record>[], []));
    expect(view).toMatchObject({ step: { kind: "stalled", reason: "ReleaseTaken" }, verified: undefined });
  });

  test("has the same image, to whose tag the cluster added a digest, and can be gone back to", async () => {
    const verified = { revision: 7, image: "moodle:2@sha256:0" };
    const records = [record(8, "new"), foreign(7, "superseded")];
    const found = world(records as ReturnType<typeof record>[], [deployment(0)]);
    const known = { verified, failure: { ...failed.failure, revision: 8 } };
    expect((await engine().look(desired, known, found)).step).toEqual({ kind: "rollback", revision: 7 });
  });

  test("has no certain image where Helm had failed, and then any Job may have begun", async () => {
    const { verified } = await lookAt([foreign(7, "failed"), foreign(6)]);
    expect(verified).toEqual({ revision: 6, digest: undefined, image: undefined });
    expect((await lookAt([foreign(7, "failed")])).verified).toEqual({ revision: 0 });
    const found = world([record(8, "new", "failed")], [job({ succeeded: 1 }, "moodle:1")]);
    const step = (await engine().look(desired, { ...failed, verified }, found)).step;
    expect(step).toMatchObject({ kind: "fail", failure: { begun: true } });
  });

  test("counts for nothing where the resource itself made it, and while another's Helm has it", async () => {
    expect((await lookAt([record(1, "old")], {})).verified).toBeUndefined();
    expect((await lookAt([record(1, "new")])).verified).toBeUndefined();
    jest.spyOn(Date, "now").mockReturnValue(Date.parse("2027-01-01T00:00:05Z"));
    expect((await lookAt([foreign(8, "pending-upgrade"), foreign(7)])).verified).toBeUndefined();
  });
});
