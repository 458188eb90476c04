import {
  type InferenceModel,
  type InferencePlatform,
  modelFaults,
  namespaceAt,
  needsKeda,
  resolveModel,
} from "../../../constructs/workloads/inference-model";

const everything: InferencePlatform = {
  gpuNodes: true,
  knative: true,
  cacheClaimName: "models",
  prometheusAddress: "http://prometheus.monitoring:9090",
};
const nothing: InferencePlatform = { gpuNodes: false, knative: false };

const bert: InferenceModel = { name: "bert", version: "v1.3.0", framework: "huggingface" };
const onGpu: InferenceModel = { ...bert, device: "gpu" };

const faultsOf = (model: Partial<InferenceModel>, platform: InferencePlatform = everything) =>
  modelFaults([{ ...bert, ...model }], platform);

test("what has nothing but a name, a version and a framework is served anywhere", () => {
  expect(faultsOf({}, nothing)).toEqual([]);
  expect(faultsOf({}, everything)).toEqual([]);
});

describe("refuses by its name", () => {
  const cases: [string, Partial<InferenceModel>, InferencePlatform, string, RegExp][] = [
    ["a name that Kubernetes refuses", { name: "Bert" }, nothing, "name", /lower-case/],
    ["a version that moves", { version: "latest" }, nothing, "version", /semantic version/],
    ["a version without its v", { version: "1.3.0" }, nothing, "version", /semantic version/],
    ["a version of two numbers", { version: "v1.3" }, nothing, "version", /semantic version/],
    ["a version with a leading zero", { version: "v1.03.0" }, nothing, "version", /semantic version/],
    ["a GPU that the cluster has not", { device: "gpu" }, nothing, "device", /no pool of GPU nodes/],
    ["a server that uses no GPU", { device: "gpu", framework: "sklearn" }, everything, "device", /uses no GPU/],
    ["a cache that is not there", { pull: "warm-cache" }, nothing, "pull", /where there is no cache/],
    ["GPUs of a model for the processor", { gpus: 1 }, everything, "gpus", /^0 where/],
    ["Knative that the cluster has not", { deploymentMode: "knative" }, nothing, "deploymentMode", /no Knative/],
    [
      "Knative on a GPU",
      { device: "gpu", deploymentMode: "knative", scaleMetric: "rps" },
      everything,
      "deploymentMode",
      /standard on a GPU/,
    ],
    ["more replicas at least than at most", { minReplicas: 4, maxReplicas: 2 }, everything, "maxReplicas", /\(4\)/],
    ["no replica ever", { minReplicas: 0, maxReplicas: 0 }, everything, "maxReplicas", /not 0/],
    ["no replica in mode standard", { minReplicas: 0 }, nothing, "minReplicas", /1 or more in mode standard/],
    ["no replica on a GPU", { device: "gpu", minReplicas: 0 }, everything, "minReplicas", /1 or more in mode standard/],
    ["no replica by its processors", { minReplicas: 0, scaleMetric: "cpu" }, everything, "minReplicas", /uses none/],
    [
      "GPU use on the processor",
      { scaleMetric: "gpu" },
      everything,
      "scaleMetric",
      /^concurrency, rps, cpu, memory on/,
    ],
    ["concurrency without Knative", { scaleMetric: "concurrency" }, nothing, "scaleMetric", /^cpu, memory, rps on/],
    ["processors of a GPU's model", { device: "gpu", scaleMetric: "cpu" }, everything, "scaleMetric", /^gpu, rps on/],
    ["more than all processors", { scaleMetric: "cpu", scaleTarget: 101 }, everything, "scaleTarget", /1 to 100/],
    ["half a request", { scaleTarget: 0.5 }, everything, "scaleTarget", /whole number/],
    [
      "what only a Prometheus knows, without one",
      { device: "gpu" },
      { ...everything, prometheusAddress: undefined },
      "scaleMetric",
      /with a Prometheus/,
    ],
    [
      "a rollout without a Prometheus in the cluster",
      { rollout: { maximumLatencyP95Seconds: 2 } },
      { ...everything, prometheusAddress: "https://prometheus.example.edu" },
      "rollout.maximumLatencyP95Seconds",
      /with a Prometheus/,
    ],
    [
      "a rollout of a Deployment without a gateway",
      { deploymentMode: "standard", rollout: { maximumLatencyP95Seconds: 2 } },
      everything,
      "rollout.gateway",
      /gateway of the Gateway API/,
    ],
    ["requests a second without a Prometheus", { scaleMetric: "rps" }, nothing, "scaleMetric", /with a Prometheus/],
  ];
  test.each(cases)("%s", (_, model, platform, path, allowed) => {
    expect(faultsOf(model, platform)).toContainEqual(
      expect.objectContaining({ path: `models.0.${path}`, allowed: expect.stringMatching(allowed) }),
    );
  });

  test("KServe's word for queries a second, and anything else it does not know", () => {
    const qps = { ...bert, scaleMetric: "qps" } as unknown as InferenceModel;
    expect(modelFaults([qps], everything)).toEqual([
      expect.objectContaining({ path: "models.0.scaleMetric", given: "qps" }),
    ]);
  });

  test("the second of two models of one name", () => {
    expect(modelFaults([bert, { ...bert, version: "v2.0.0" }], nothing)).toEqual([
      expect.objectContaining({ path: "models.1.name", given: "bert" }),
    ]);
  });
});

test.each(["v0.0.1", "v10.20.30", "v1.3.0-rc.1", "v2.0.0-alpha"])("%s is a semantic version", (version) => {
  expect(faultsOf({ version })).toEqual([]);
});

describe("left to itself", () => {
  test("a model for the processor is a Deployment that scales by it", () => {
    expect(resolveModel(bert, nothing)).toMatchObject({
      deploymentMode: "standard",
      minReplicas: 1,
      maxReplicas: 3,
      scaleMetric: "cpu",
      scaleTarget: 70,
      gpus: 0,
    });
  });

  test("it is on Knative where there is one, and scales by requests in progress", () => {
    expect(resolveModel(bert, everything)).toMatchObject({
      deploymentMode: "knative",
      scaleMetric: "concurrency",
      scaleTarget: 10,
    });
  });

  test("a model on a GPU is a Deployment in any cluster", () => {
    expect(resolveModel(onGpu, everything)).toMatchObject({
      deploymentMode: "standard",
      scaleMetric: "gpu",
      scaleTarget: 70,
      gpus: 1,
    });
  });

  test("it never has fewer replicas at most than at least", () => {
    expect(resolveModel({ ...bert, minReplicas: 8 }, nothing).maxReplicas).toBe(8);
  });
});

describe("KEDA", () => {
  test.each([
    ["the use of a GPU", onGpu, true],
    ["requests a second of a Deployment", { ...bert, deploymentMode: "standard", scaleMetric: "rps" }, true],
    ["requests a second on Knative", { ...bert, deploymentMode: "knative", scaleMetric: "rps" }, false],
    ["processors", { ...bert, deploymentMode: "standard" }, false],
    ["a GPU that has one replica for ever", { ...onGpu, maxReplicas: 1 }, false],
  ] as const)("for %s: %s", (_, model, expected) => {
    expect(needsKeda(resolveModel(model, everything))).toBe(expected);
  });
});

test.each([
  ["http://prometheus.monitoring:9090", "monitoring"],
  ["http://prometheus.monitoring.svc", "monitoring"],
  ["https://prometheus.monitoring.svc.cluster.local", "monitoring"],
  ["https://prometheus.example.edu", undefined],
])("%s is in the namespace %s", (given, expected) => {
  expect(namespaceAt(given)).toEqual(expected);
});
