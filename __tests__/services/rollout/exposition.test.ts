import { configurationSchema } from "../../../services/rollout/src/configuration";
import { exposition } from "../../../services/rollout/src/exposition";
import { Log } from "../../../services/rollout/src/log";
import { FAILING, GOOD } from "./support/fake-prometheus";
import { World } from "./support/world";

const log = new Log(() => {});

/** Values by name and labels, without `model`. */
async function scrape(world: World): Promise<Record<string, number>> {
  const text = await exposition(world.cluster, ["bert"], log);
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    samples.map((line) => {
      const [name = "", value] = line.replace('model="bert",', "").replace('{model="bert"}', "").split(" ");
      return [name.replace("moodle_model_rollout_", ""), Number(value)];
    }),
  );
}

let world: World;

beforeEach(async () => {
  world = new World();
  await world.serve("v1.2.0");
});

test("at rest: one version has all traffic, and nothing is pending", async () => {
  expect(await scrape(world)).toMatchObject({
    readable: 1,
    'pending{version="v1.2.0"}': 0,
    'refused{version="v1.2.0"}': 0,
    'phase{phase="Idle"}': 1,
    'phase{phase="Progressing"}': 0,
    'traffic_percent{version="v1.2.0",role="stable"}': 100,
  });
});

test("in a rollout: both shares, since when, and what the gate has seen", async () => {
  world.prometheus.answer = GOOD;
  world.want("v1.3.0");
  const state = await world.until((one) => one.phase === "Progressing" && one.gate !== undefined);
  expect(await scrape(world)).toMatchObject({
    'pending{version="v1.3.0"}': 0,
    'phase{phase="Progressing"}': 1,
    step_timestamp_seconds: Date.parse(state.since) / 1000,
    'traffic_percent{version="v1.2.0",role="stable"}': 90,
    'traffic_percent{version="v1.3.0",role="candidate"}': 10,
    gate_requests: 500,
    gate_error_ratio: 0.002,
    gate_latency_p95_seconds: 0.2,
  });
});

test("a version that was rolled back is refused, and pending no more", async () => {
  world.prometheus.answer = FAILING;
  world.want("v1.3.0");
  await world.until(({ phase, refused }) => phase === "Idle" && refused !== undefined);
  expect(await scrape(world)).toMatchObject({ 'pending{version="v1.3.0"}': 0, 'refused{version="v1.3.0"}': 1 });
});

test("a version that no run has begun with is pending, with and without a state", async () => {
  world.want("v1.3.0");
  expect(await scrape(world)).toMatchObject({ 'pending{version="v1.3.0"}': 1 });
  const fresh = new World();
  fresh.want("v1.0.0");
  expect(await scrape(fresh)).toEqual({ readable: 1, 'pending{version="v1.0.0"}': 1, 'refused{version="v1.0.0"}': 0 });
});

test("a model whose ConfigMap is no JSON cannot be read, and others can", async () => {
  const policy = world.cluster.objects.get("ConfigMap/bert-rollout");
  world.cluster.put({ ...policy, data: { "rollout.json": "{" } });
  expect(await scrape(world)).toEqual({ readable: 0 });
});

test("the configuration says no more and no less than the chart writes", () => {
  expect(Object.keys(configurationSchema.shape).sort()).toEqual(["deadlineSeconds", "models", "prometheus"]);
});
