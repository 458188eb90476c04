import fc from "fast-check";
import { rolloutSchema, wanted } from "../../../services/rollout/src/rollout";
import { asked } from "./support/world";

const faults = (input: object) => rolloutSchema.safeParse(input).error?.issues.map(({ path }) => path.join("."));

test.each([
  ["steps that fall", { steps: [50, 25, 100] }, "policy.steps"],
  ["steps that repeat", { steps: [50, 50, 100] }, "policy.steps"],
  ["steps that do not end at 100", { steps: [10, 50] }, "policy.steps"],
  ["no steps", { steps: [] }, "policy.steps"],
  ["a rate above 1", { maximumErrorRate: 2 }, "policy.maximumErrorRate"],
  ["no samples at all", { minimumSamples: 0 }, "policy.minimumSamples"],
  ["a limit beyond Knative's buckets", { maximumLatencyP95Seconds: 10 }, "policy.maximumLatencyP95Seconds"],
])("refuses %s", (_, policy, path) => {
  expect(faults(asked("v1.3.0", "Knative", policy))).toEqual([path]);
});

test("the limit that a histogram can hold is that of the gateway in mode Standard", () => {
  const rollout = asked("v1.3.0", "Standard", { maximumLatencyP95Seconds: 60 }) as { route: object };
  expect(faults(rollout)).toBeUndefined();
  expect(faults({ ...rollout, route: { ...rollout.route, metrics: "traefik" } })).toEqual([
    "policy.maximumLatencyP95Seconds",
  ]);
});

test("refuses a version that is not semantic, and a percentage in the manifest", () => {
  expect(faults(asked("latest"))).toEqual(["version"]);
  const spec = { predictor: { canaryTrafficPercent: 10 } };
  expect(faults({ ...asked("v1.3.0"), spec })).toEqual(["spec.predictor.canaryTrafficPercent"]);
});

test("a manifest has the same identity in any order of its fields, and another one where anything differs", () => {
  const shuffle = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffle);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, entry]) => [key, shuffle(entry)]),
    );
  };
  const base = rolloutSchema.parse(asked("v1.3.0"));
  const id = (model: unknown) => wanted({ ...base, spec: { predictor: { model } } }).id;
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(id(shuffle(a))).toBe(id(a));
      if (JSON.stringify(a) !== JSON.stringify(shuffle(b)) && JSON.stringify(a) !== JSON.stringify(b)) {
        expect(id(a)).not.toBe(id(b));
      }
    }),
  );
});
