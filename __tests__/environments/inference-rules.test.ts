import { ConfigurationError } from "../../constructs/core/errors";
import { loadEnvironments } from "../../environments/load";
import type { EnvironmentInput } from "../../environments/schema";
import { staging as aws } from "../../examples/aws/staging";
import { staging as google } from "../../examples/google/staging";

const bert = { name: "bert", version: "v1.3.0", framework: "huggingface" };

function faultsOf(input: object): readonly { path: string; allowed: string }[] {
  try {
    loadEnvironments([input as EnvironmentInput]);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

describe.each([
  ["AWS", aws],
  ["Google Cloud", google],
])("on %s", (_, base) => {
  const withModels = (...models: object[]) => ({ ...base, inference: { models } });

  test("an environment serves no models unless it says so", () => {
    expect(loadEnvironments([base])[0]?.inference).toBeUndefined();
  });

  test("a model needs a name, a version and a framework", () => {
    expect(faultsOf(withModels(bert))).toEqual([]);
    expect(faultsOf(withModels({})).map(({ path }) => path)).toEqual([
      "staging.inference.models.0.name",
      "staging.inference.models.0.version",
      "staging.inference.models.0.framework",
    ]);
  });

  test.each([
    ["qps", { scaleMetric: "qps" }, "scaleMetric", /"rps"/],
    ["a version that moves", { version: "latest" }, "version", /semantic version/],
    ["a GPU without a pool", { device: "gpu" }, "device", /no pool of GPU nodes/],
    ["Knative mode without Knative", { deploymentMode: "knative" }, "deploymentMode", /no Knative/],
    ["fewer at most than at least", { minReplicas: 3, maxReplicas: 2 }, "maxReplicas", /\(3\)/],
    ["none in mode standard", { minReplicas: 0 }, "minReplicas", /mode standard/],
    ["GPU use on the processor", { scaleMetric: "gpu" }, "scaleMetric", /on the processor/],
  ])("refuses %s, and names the field", (_name, change, field, allowed) => {
    expect(faultsOf(withModels({ ...bert, ...change }))).toContainEqual(
      expect.objectContaining({
        path: `staging.inference.models.0.${field}`,
        allowed: expect.stringMatching(allowed),
      }),
    );
  });

  test("refuses two models of one name", () => {
    expect(faultsOf(withModels(bert, bert))).toContainEqual(
      expect.objectContaining({ path: "staging.inference.models.1.name" }),
    );
  });

  test("refuses the use of a GPU as the metric of a model on Knative", () => {
    const onKnative = { ...base, knative: true, knativeIngress: "kourier" };
    const models = [{ ...bert, scaleMetric: "gpu" }];
    expect(faultsOf({ ...onKnative, inference: { models } })).toContainEqual(
      expect.objectContaining({
        path: "staging.inference.models.0.scaleMetric",
        allowed: expect.stringMatching(/mode knative/),
      }),
    );
  });

  test("a model may have no replica where Knative starts one", () => {
    const models = [{ ...bert, minReplicas: 0 }];
    expect(faultsOf({ ...base, knative: true, knativeIngress: "kourier", inference: { models } })).toEqual([]);
  });

  describe("Moodle's AI subsystem", () => {
    const withAi = (models: object[], moodle: object) => ({
      ...withModels(...models),
      moodle: { ...base.moodle, ...moodle },
    });

    test("asks a model of the Hugging Face server", () => {
      expect(faultsOf(withAi([bert], { ai: { model: "bert" } }))).toEqual([]);
    });

    test.each([
      [
        "a model that is not served",
        [bert],
        "other",
        /of framework huggingface, without a gateway of its rollout: bert$/,
      ],
      ["a model of another server", [{ ...bert, framework: "triton" }], "bert", /there is none/],
    ])("refuses %s", (_name, models, model, allowed) => {
      expect(faultsOf(withAi(models, { ai: { model } }))).toEqual([
        expect.objectContaining({ path: "staging.moodle.ai.model", allowed: expect.stringMatching(allowed) }),
      ]);
    });

    test("refuses a Moodle whose providers no configuration reaches", () => {
      const moodle = { version: "5.1", fileStorage: "shared-files", ai: { model: "bert" } };
      expect(faultsOf(withAi([bert], moodle))).toEqual([expect.objectContaining({ path: "staging.moodle.ai" })]);
    });
  });
});
