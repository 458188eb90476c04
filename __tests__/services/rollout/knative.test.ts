/** Mode Knative, beside a model of what KServe and Knative do. */
import { NoAnswer } from "../../../services/rollout/src/metrics/prometheus";
import type { State } from "../../../services/rollout/src/state";
import { FAILING, FEW, GOOD, NAN, SILENT, SLOW } from "./support/fake-prometheus";
import { World } from "./support/world";

let world: World;

beforeEach(async () => {
  world = new World();
  await world.serve("v1.2.0");
});

describe("the first version", () => {
  test("is served without a percentage and without asking Prometheus", () => {
    expect(world.kserve.shareOf("v1.2.0")).toBe(100);
    expect(world.percentage).toBeUndefined();
    expect(world.prometheus.asked).toEqual([]);
    expect(world.reasons).toEqual(["Installed"]);
  });

  test("is replaced at once where it never became ready", async () => {
    const fresh = new World();
    fresh.kserve.broken.add("v1.0.0");
    fresh.want("v1.0.0");
    await fresh.step();
    await fresh.step();
    fresh.want("v1.0.1");
    await fresh.until(({ phase, settledAt }) => phase === "Idle" && settledAt !== undefined);
    expect(fresh.kserve.shareOf("v1.0.1")).toBe(100);
    expect(fresh.reasons).toEqual(["Installed", "Installed"]);
  });
});

test("nothing is written at rest", async () => {
  await world.step();
  const { resourceVersion } = world.cluster.objects.get("ConfigMap/bert-rollout-state")?.metadata ?? {};
  for (let runs = 0; runs < 5; runs++) await world.step();
  expect(world.cluster.objects.get("ConfigMap/bert-rollout-state")?.metadata.resourceVersion).toBe(resourceVersion);
});

test("a good version gets 10, 25, 50 and 100 percent, and then no percentage", async () => {
  world.prometheus.answer = GOOD;
  world.want("v1.3.0");
  const shares: number[] = [];
  await world.until((state) => {
    const share = world.kserve.shareOf("v1.3.0");
    if (shares.at(-1) !== share) shares.push(share);
    return state.phase === "Idle" && state.stable.version === "v1.3.0";
  });
  world.follow();
  expect(shares).toEqual([10, 25, 50, 100]);
  expect(world.percentage).toBeUndefined();
  expect(world.kserve.shareOf("v1.3.0")).toBe(100);
  expect(world.reasons).toEqual(["Installed", "Started", "Stepped", "Stepped", "Stepped", "Promoted"]);
});

test("each share is held for the policy's time, counted from when it took effect", async () => {
  world.prometheus.answer = GOOD;
  world.want("v1.3.0");
  await world.run(); // started, and KServe does not follow yet
  for (let minutes = 0; minutes < 30; minutes++) await world.run();
  world.follow();
  for (let minutes = 0; minutes < 10; minutes++) await world.step();
  expect(world.percentage).toBe(10);
  await world.step();
  expect(world.percentage).toBe(25);
});

test("the new URI and its percentage are written together", async () => {
  world.want("v1.3.0");
  await world.run();
  const service = world.cluster.objects.get("InferenceService/bert");
  expect(service?.spec).toEqual({
    predictor: {
      model: { modelFormat: { name: "sklearn" }, storageUri: "s3://models/bert/v1.3.0" },
      canaryTrafficPercent: 10,
    },
  });
});

test.each([
  ["no series", SILENT],
  ["NaN", NAN],
  ["too few requests, all of them failed", FEW],
  ["durations without a number", { ...GOOD, latencyP95Seconds: Number.NaN }],
  ["no durations", { ...GOOD, latencyP95Seconds: undefined }],
  ["no count of errors", { ...GOOD, errors: undefined }],
  ["no Prometheus", new NoAnswer("fetch failed: connect ECONNREFUSED")],
])("%s: holds, however long", async (_, answer) => {
  world.prometheus.answer = answer;
  world.want("v1.3.0");
  for (let runs = 0; runs < 100; runs++) await world.step(10);
  expect(world.kserve.shareOf("v1.3.0")).toBe(10);
  expect(await world.state()).toMatchObject({ phase: "Progressing", percent: 10, gate: { verdict: "unknown" } });
});

describe.each([
  ["failing", FAILING, /10 % of 500 requests failed, at most 1 % may/],
  ["slow", SLOW, /95th percentile of 500 requests is 3 s, at most 1.5 s/],
])("a version that is %s", (_, answer, reason) => {
  test.each([10, 25, 50, 100])("at %i percent is rolled back to what it was", async (percent) => {
    world.prometheus.answer = GOOD;
    world.want("v1.3.0");
    await world.until(
      (state) => state.phase === "Progressing" && state.percent === percent && state.settledAt !== undefined,
    );
    expect(world.kserve.shareOf("v1.3.0")).toBe(percent);
    world.prometheus.answer = answer;
    const state = await world.until(({ phase }) => phase === "Idle");
    world.follow();
    expect(state.refused).toMatchObject({ version: "v1.3.0", reason: expect.stringMatching(reason) });
    expect(world.percentage).toBeUndefined();
    expect(world.kserve.shareOf("v1.2.0")).toBe(100);
  });
});

test("all traffic is off a candidate before the old URI is written, and the old one ready before the percentage goes", async () => {
  world.prometheus.answer = GOOD;
  world.want("v1.3.0");
  await world.until((state) => state.phase === "Progressing" && state.percent === 100 && state.settledAt !== undefined);
  world.prometheus.answer = FAILING;
  const seen: [phase: string, share: number][] = [];
  await world.until((state) => {
    seen.push([state.phase, world.kserve.shareOf("v1.3.0")]);
    return state.phase === "Idle";
  });
  expect(seen).toEqual([
    ["Withdrawing", 0],
    ["Restoring", 0],
    ["Idle", 0],
  ]);
});

test("a candidate that fails for a moment while it is withdrawn from 100 percent does not get all traffic back", async () => {
  world.prometheus.answer = GOOD;
  world.want("v1.3.0");
  await world.until((state) => state.phase === "Progressing" && state.percent === 100 && state.settledAt !== undefined);
  world.prometheus.answer = FAILING;
  expect(await world.run()).toMatchObject({ phase: "Withdrawing" });
  world.kserve.crash("v1.3.0");
  world.kserve.broken.add("v1.2.0"); // the old version takes long to start anew
  world.follow();
  for (let minutes = 0; minutes < 2; minutes++) {
    expect(await world.step()).toMatchObject({ phase: "Withdrawing" });
  }
  world.kserve.recover("v1.3.0");
  world.follow();
  expect(world.kserve.shareOf("v1.3.0")).toBe(0);
  expect(world.kserve.shareOf("v1.2.0")).toBe(100);
  expect(await world.step()).toMatchObject({ phase: "Restoring", percent: 0 });
});

test("a candidate that stays broken while it is withdrawn from 100 percent is left for the old manifest", async () => {
  world.prometheus.answer = GOOD;
  world.want("v1.3.0");
  await world.until((state) => state.phase === "Progressing" && state.percent === 100 && state.settledAt !== undefined);
  world.prometheus.answer = FAILING;
  await world.run();
  world.kserve.crash("v1.3.0");
  world.follow();
  const begin = world.time;
  expect(await world.until(({ phase }) => phase === "Restoring")).toMatchObject({ percent: 100 });
  expect(world.time - begin).toBe(180_000);
  expect(world.kserve.shareOf("v1.2.0")).toBe(100);
});

test("a version that does not become ready is rolled back after the deadline, and never had any traffic", async () => {
  world.kserve.broken.add("v1.3.0");
  world.want("v1.3.0");
  const state = await world.until(({ phase, refused }) => {
    expect(world.kserve.shareOf("v1.3.0")).toBe(0);
    return phase === "Idle" && refused !== undefined;
  }, 10);
  expect(state.refused?.reason).toMatch(/not in effect after 3600 s: revision bert-predictor-00002 to be ready/);
  expect(world.kserve.shareOf("v1.2.0")).toBe(100);
  expect(world.percentage).toBeUndefined();
});

describe.each([10, 25, 50, 100])("a version that breaks at %i percent, after they took effect", (percent) => {
  const isShared = (state: State) =>
    state.phase === "Progressing" && state.percent === percent && state.settledAt !== undefined;

  beforeEach(async () => {
    world.prometheus.answer = GOOD;
    world.want("v1.3.0");
    await world.until(isShared);
    world.kserve.crash("v1.3.0");
    world.follow();
  });

  test("gets no more, whatever was counted before, and is rolled back after the deadline", async () => {
    const begin = world.time;
    const state = await world.until((one) => {
      expect(world.kserve.shareOf("v1.3.0")).toBeLessThanOrEqual(percent);
      return one.phase === "Idle" && one.settledAt !== undefined;
    });
    world.follow();
    expect(world.time - begin).toBeGreaterThan(3600_000);
    expect(state.stable.version).toBe("v1.2.0");
    expect(state.refused?.reason).toMatch(
      /in effect no more for 3600 s: revision bert-predictor-00002 to be ready again/,
    );
    expect(world.kserve.shareOf("v1.2.0")).toBe(100);
    expect(world.percentage).toBeUndefined();
  });

  test("goes on where it is ready again within the deadline, which then begins anew, as its hold time does", async () => {
    for (let times = 0; times < 3; times++) {
      for (let minutes = 0; minutes < 50; minutes++) await world.step();
      expect(await world.state()).toMatchObject({ phase: "Progressing", percent });
      world.kserve.recover("v1.3.0");
      world.prometheus.answer = SILENT;
      world.follow();
      await world.step();
      if (times < 2) world.kserve.crash("v1.3.0");
      world.follow();
    }
    const begin = world.time;
    world.prometheus.answer = GOOD;
    await world.until((state) => state.phase === "Idle" || (state.phase === "Progressing" && state.percent > percent));
    expect(world.time - begin).toBeGreaterThanOrEqual(600_000);
    await world.until((state) => state.phase === "Idle" && state.stable.version === "v1.3.0");
  });

  test("gets no more where it is up for minutes only, whatever was counted in them", async () => {
    for (let times = 0; times < 6; times++) {
      for (let minutes = 0; minutes < 50; minutes++) await world.step();
      world.kserve.recover("v1.3.0");
      world.follow();
      for (let minutes = 0; minutes < 2; minutes++) await world.step();
      expect(await world.state()).toMatchObject({ phase: "Progressing", percent });
      world.kserve.crash("v1.3.0");
      world.follow();
    }
  });

  test("loses its traffic at once where another version is wanted", async () => {
    world.want("v1.2.0");
    const begin = world.time;
    await world.until((one) => one.phase === "Idle" && one.settledAt !== undefined);
    expect(world.time - begin).toBeLessThan(600_000);
    expect(world.kserve.shareOf("v1.2.0")).toBe(100);
  });
});

describe("what was rolled back", () => {
  beforeEach(async () => {
    world.prometheus.answer = FAILING;
    world.want("v1.3.0");
    await world.until(({ phase, refused }) => phase === "Idle" && refused !== undefined);
    world.follow();
    world.prometheus.answer = GOOD;
  });

  test("is not tried again", async () => {
    for (let runs = 0; runs < 30; runs++) await world.step();
    expect(world.kserve.shareOf("v1.2.0")).toBe(100);
  });

  test("is tried again where a person asks for it, once", async () => {
    const state = world.cluster.objects.get("ConfigMap/bert-rollout-state");
    const annotations = { "moodleplatform.io/retry": "v1.3.0" };
    world.cluster.put({ ...state, metadata: { ...state?.metadata, annotations } });
    world.prometheus.answer = FAILING;
    await world.until(({ phase }) => phase === "Progressing");
    await world.until(({ phase, refused }) => phase === "Idle" && refused !== undefined);
    for (let runs = 0; runs < 30; runs++) await world.step();
    expect(world.reasons.filter((reason) => reason === "Started")).toHaveLength(2);
  });

  test("does not stand in the way of the next version", async () => {
    world.want("v1.3.1");
    await world.until(({ phase, stable }) => phase === "Idle" && stable.version === "v1.3.1");
    expect(world.kserve.shareOf("v1.3.1")).toBe(100);
  });
});

test("another version in the middle of a rollout: the candidate goes first, then the other one begins", async () => {
  world.prometheus.answer = GOOD;
  world.want("v1.3.0");
  await world.until((state) => state.phase === "Progressing" && state.percent === 25 && state.settledAt !== undefined);
  world.want("v1.4.0");
  await world.until(({ phase, stable }) => {
    expect(Math.min(world.kserve.shareOf("v1.3.0"), world.kserve.shareOf("v1.4.0"))).toBe(0);
    return phase === "Idle" && stable.version === "v1.4.0";
  });
  expect(world.reasons).toContain("Superseded");
});

test("a change of anything in the manifest is rolled out as well", async () => {
  world.want("v1.2.0");
  const policy = world.cluster.objects.get("ConfigMap/bert-rollout");
  const rollout = JSON.parse(policy?.data?.["rollout.json"] ?? "");
  rollout.spec.predictor.model.runtime = "kserve-sklearnserver";
  world.cluster.put({ ...policy, data: { "rollout.json": JSON.stringify(rollout) } });
  await world.step();
  expect(world.percentage).toBe(10);
});

test("a field that somebody changed by hand is taken back", async () => {
  const service = world.cluster.objects.get("InferenceService/bert");
  world.cluster.put({ ...service, spec: { predictor: { canaryTrafficPercent: 50 } } });
  await world.step();
  expect(world.percentage).toBeUndefined();
});

describe("without a state", () => {
  const lose = () => world.cluster.objects.delete("ConfigMap/bert-rollout-state");

  test("what is served is taken over as it is", async () => {
    lose();
    await world.until(({ settledAt }) => settledAt !== undefined);
    expect(world.kserve.revisions).toHaveLength(1);
    expect(world.reasons).toEqual(["Installed", "Adopted"]);
  });

  test("what is wanted instead is rolled out", async () => {
    lose();
    world.want("v1.3.0");
    await world.until(({ phase }) => phase === "Progressing");
    expect(world.kserve.shareOf("v1.2.0")).toBe(90);
  });

  test("nothing is done in the middle of a rollout", async () => {
    world.want("v1.3.0");
    await world.step();
    lose();
    await expect(world.run()).rejects.toThrow(
      /InferenceService bert shares its traffic, but the rollout's state is gone/,
    );
    expect(world.percentage).toBe(10);
  });
});

test("the mode of a model that is served cannot be changed", async () => {
  world.want("v1.3.0", "Standard");
  await expect(world.run()).rejects.toThrow(/bert is served in mode Knative/);
});

test("two runs at once: the second one's step is refused", async () => {
  world.want("v1.3.0");
  const results = await Promise.allSettled([world.run(), world.run()]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
});
