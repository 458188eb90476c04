/** Mode Standard: an InferenceService for each version, and the weights of an HTTPRoute. */
import type { KubernetesObject } from "../../../services/rollout/src/kubernetes/cluster";
import type { State } from "../../../services/rollout/src/state";
import { FAILING, GOOD } from "./support/fake-prometheus";
import { World } from "./support/world";

/** KServe makes InferenceServices ready, and a gateway follows the route. */
class StandardWorld extends World {
  readonly broken = new Set<string>();
  followsRoute = true;

  override want(version: string): void {
    super.want(version, "Standard");
  }

  override follow(): void {
    for (const { kind, metadata } of [...this.cluster.objects.values()]) {
      const isReady = !this.broken.has(metadata.labels?.["moodleplatform.io/model-version"] ?? "");
      if (kind === "InferenceService") {
        this.cluster.setStatus(kind, metadata.name, {
          conditions: [{ type: "Ready", status: isReady ? "True" : "False" }],
        });
      } else if (kind === "HTTPRoute" && this.followsRoute) {
        const { generation: observedGeneration } = metadata;
        const conditions = ["Accepted", "ResolvedRefs"].map((type) => ({ type, status: "True", observedGeneration }));
        this.cluster.setStatus(kind, metadata.name, { parents: [{ conditions }] });
      }
    }
  }

  get services(): string[] {
    return [...this.cluster.objects.values()].flatMap(({ kind, metadata }) =>
      kind === "InferenceService" ? [metadata.name.replace(/-[0-9a-f]{6}$/, "")] : [],
    );
  }

  get route(): KubernetesObject | undefined {
    return this.cluster.objects.get("HTTPRoute/bert");
  }

  get weights(): [name: string, weight: number][] {
    const { rules } = (this.route?.spec ?? {}) as { rules?: [{ backendRefs: { name: string; weight: number }[] }] };
    return (rules?.[0].backendRefs ?? []).map(({ name, weight }) => [
      name.replace(/-[0-9a-f]{6}-predictor$/, ""),
      weight,
    ]);
  }
}

const isAtRest = ({ phase, settledAt }: State) => phase === "Idle" && settledAt !== undefined;

let world: StandardWorld;

beforeEach(async () => {
  world = new StandardWorld();
  await world.serve("v1.2.0");
});

test("the first version has all the weight, behind the host name that stays", () => {
  expect(world.weights).toEqual([["bert-v1-2-0", 100]]);
  expect(world.route?.spec).toMatchObject({ parentRefs: [{ name: "gateway" }], hostnames: ["bert.example.edu"] });
});

test("a good version gets 0, 10, 25, 50 and 100 percent; the old one is deleted after it", async () => {
  world.prometheus.answer = GOOD;
  world.want("v1.3.0");
  const seen: number[] = [];
  await world.until((state) => {
    const weight = world.weights.find(([name]) => name === "bert-v1-3-0")?.[1];
    if (weight !== undefined && seen.at(-1) !== weight) seen.push(weight);
    return isAtRest(state) && state.stable.version === "v1.3.0";
  });
  expect(seen).toEqual([0, 10, 25, 50, 100]);
  expect(world.weights).toEqual([["bert-v1-3-0", 100]]);
  expect(world.services).toEqual(["bert-v1-3-0"]);
});

test("weights always sum up to 100", async () => {
  world.prometheus.answer = GOOD;
  world.want("v1.3.0");
  await world.until((state) => {
    expect(world.weights.reduce((sum, [, weight]) => sum + weight, 0)).toBe(100);
    return isAtRest(state) && state.stable.version === "v1.3.0";
  });
});

test("a version that is not ready gets no weight, and goes after the deadline", async () => {
  world.broken.add("v1.3.0");
  world.want("v1.3.0");
  const state = await world.until((one) => {
    expect(world.weights).not.toContainEqual(["bert-v1-3-0", 10]);
    return isAtRest(one) && one.refused !== undefined;
  }, 10);
  expect(state.refused?.reason).toMatch(/InferenceService bert-v1-3-0-[0-9a-f]{6} to be ready/);
  expect(world.services).toEqual(["bert-v1-2-0"]);
});

test.each([10, 100])("a version that fails at %i percent loses its weight before it is deleted", async (percent) => {
  world.prometheus.answer = GOOD;
  world.want("v1.3.0");
  await world.until((one) => one.phase === "Progressing" && one.percent === percent && one.settledAt !== undefined);
  world.prometheus.answer = FAILING;
  world.followsRoute = false;
  for (let runs = 0; runs < 10; runs++) await world.step();
  expect(world.weights).toEqual([
    ["bert-v1-2-0", 100],
    ["bert-v1-3-0", 0],
  ]);
  expect(world.services).toEqual(["bert-v1-2-0", "bert-v1-3-0"]);
  world.followsRoute = true;
  await world.until(isAtRest);
  expect(world.weights).toEqual([["bert-v1-2-0", 100]]);
  expect(world.services).toEqual(["bert-v1-2-0"]);
});

test.each([10, 100])("a version that breaks at %i percent is rolled back after the deadline", async (percent) => {
  world.prometheus.answer = GOOD;
  world.want("v1.3.0");
  await world.until((one) => one.phase === "Progressing" && one.percent === percent && one.settledAt !== undefined);
  world.broken.add("v1.3.0");
  world.follow();
  const begin = world.time;
  const state = await world.until(isAtRest);
  expect(world.time - begin).toBeGreaterThan(3600_000);
  expect(state.refused?.reason).toMatch(
    /in effect no more for 3600 s: InferenceService bert-v1-3-0-[0-9a-f]{6} to be ready/,
  );
  expect(world.weights).toEqual([["bert-v1-2-0", 100]]);
  expect(world.services).toEqual(["bert-v1-2-0"]);
});

test("nothing is asked of a candidate at 0 percent but that it is ready", async () => {
  world.want("v1.3.0");
  await world.until((state) => state.phase === "Progressing" && state.percent === 10);
  expect(world.prometheus.asked).toEqual([]);
});

test("the requests of the candidate's own Service are counted", async () => {
  world.prometheus.answer = GOOD;
  world.want("v1.3.0");
  await world.until((state) => state.phase === "Progressing" && state.percent === 25);
  expect(world.prometheus.asked[0]).toMatch(/destination_service_name="bert-v1-3-0-[0-9a-f]{6}-predictor"/);
});

test("a version whose predecessor is not ready any more is rolled out all the same: it may be what mends it", async () => {
  world.broken.add("v1.2.0");
  world.follow();
  world.prometheus.answer = GOOD;
  world.want("v1.3.0");
  await world.until((state) => isAtRest(state) && state.stable.version === "v1.3.0");
});

describe("without a state", () => {
  const lose = () => world.cluster.objects.delete("ConfigMap/bert-rollout-state");

  test("what has all the weight is taken over", async () => {
    lose();
    world.want("v1.3.0");
    await world.until((state) => state.phase === "Progressing" && state.percent === 10);
    expect(world.weights).toEqual([
      ["bert-v1-2-0", 90],
      ["bert-v1-3-0", 10],
    ]);
  });

  test("nothing is done in the middle of a rollout", async () => {
    world.want("v1.3.0");
    await world.until((state) => state.phase === "Progressing" && state.percent === 10);
    lose();
    await expect(world.run()).rejects.toThrow(/HTTPRoute bert shares its traffic, but the rollout's state is gone/);
  });
});
