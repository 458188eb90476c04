/** Models as KServe would get them, on a cluster that has KServe's own definitions. */
import { parse, parseAllDocuments, stringify } from "yaml";
import type { InferenceModel } from "../../constructs/workloads/inference-model";
import { InferenceServices } from "../../constructs/workloads/inference-services";
import { Knative } from "../../constructs/workloads/knative";
import { standard } from "../../services/rollout/src/modes/standard";
import { type Rollout, rolloutSchema, wanted } from "../../services/rollout/src/rollout";
import { cluster, gcs, s3 } from "../support/ports";
import type { Resource } from "../support/template";
import { apply } from "./support/apply";
import { install, planned, render } from "./support/charts";
import { createNamespace, describeOnTestbed, get, kubectl } from "./support/testbed";

const namespace = "inference-services";
const prometheusAddress = "http://prometheus.monitoring:9090";
const bert: InferenceModel = { name: "bert", version: "v1.3.0", framework: "huggingface" };
const cnn: InferenceModel = { name: "cnn", version: "v2.0.0-rc.1", framework: "triton" };
const grades: InferenceModel = { name: "grades", version: "v1.0.0", framework: "sklearn" };

const release = (models: readonly InferenceModel[], { onKnative = false, store = s3 } = {}) =>
  planned("inference-services", (scope) => {
    const dependsOn = [] as const;
    const knative = new Knative(scope, "knative", {
      cluster,
      ingress: "kourier",
      publicDomain: "moodle.example.edu",
      registryHosts: [],
      dependsOn,
    });
    new InferenceServices(scope, "models", {
      cluster,
      identity: { namespace, serviceAccountName: "models", ready: [] },
      store,
      models,
      gpuNodes: true,
      knative: onKnative ? knative : undefined,
      prometheusAddress,
      callers: { bert: [{ namespace: "moodle", podLabels: { "app.kubernetes.io/name": "moodle" } }] },
      monitoring: { namespace: "monitoring", labels: { release: "prometheus" } },
      dependsOn,
    });
  });

const rendered = async (...args: Parameters<typeof release>): Promise<Resource[]> =>
  parseAllDocuments(await render(release(...args))).map((document) => document.toJS());
const ofKind = (objects: readonly Resource[], kind: string) => objects.filter((one) => one.kind === kind);
const predictor = async (...args: Parameters<typeof release>): Promise<Resource> =>
  ofKind(await rendered(...args), "InferenceService")[0]?.spec.predictor;

describeOnTestbed("inference-services", () => {
  beforeAll(() => createNamespace(namespace));

  test.each([
    ["Deployments of every framework", [bert, cnn, grades], {}],
    [
      "on GPUs",
      [
        { ...bert, device: "gpu" },
        { ...cnn, device: "gpu", scaleMetric: "rps" },
      ],
      {},
    ],
    [
      "by requests a second and by memory",
      [
        { ...bert, scaleMetric: "rps" },
        { ...grades, scaleMetric: "memory" },
      ],
      {},
    ],
    ["a fixed number", [{ ...bert, device: "gpu", minReplicas: 2, maxReplicas: 2 }], {}],
    [
      "on Knative",
      [
        { ...bert, minReplicas: 0 },
        { ...grades, scaleMetric: "cpu" },
      ],
      { onKnative: true },
    ],
    ["out of a bucket of Google's", [bert], { store: gcs }],
  ] as const)("%s: no field that KServe lacks", async (_, models, options) => {
    const manifests = await render(release(models, options));
    await expect(apply(manifests, namespace)).resolves.not.toHaveLength(0);
    await kubectl(["delete", "--namespace", namespace, "--filename=-"], { input: manifests });
  });

  test.each([
    ["on Knative", {}, { onKnative: true }, "Knative"],
    [
      "as Deployments",
      {
        gateway: {
          name: "main",
          namespace: "gateways",
          hostname: "bert.example.edu",
          implementation: "istio" as const,
        },
      },
      {},
      "Standard",
    ],
  ])(
    "a model with a rollout is what the rollout reads, and no InferenceService of Helm's: %s",
    async (_, more, options, mode) => {
      const rollout = { maximumLatencyP95Seconds: 1, ...more };
      const objects = await rendered([{ ...bert, scaleMetric: "rps", rollout }, grades], options);
      expect(ofKind(objects, "InferenceService").map(({ metadata }) => metadata.name)).toEqual(["grades"]);
      const { data } = ofKind(objects, "ConfigMap").find(
        ({ metadata }) => metadata.name === "bert-rollout",
      ) as Resource;
      const asked = rolloutSchema.parse(JSON.parse(data["rollout.json"]));
      expect(asked).toMatchObject({ model: "bert", version: "v1.3.0", mode });
      // Byte for byte what Helm would have applied.
      const without = await rendered([{ ...bert, scaleMetric: "rps" }, grades], options);
      const [service] = ofKind(without, "InferenceService").filter((one) => one.metadata.name === "bert") as [Resource];
      const text = (value: unknown) =>
        JSON.stringify(value).replaceAll("bert-v1-3-0-[0-9a-f]{6}-predictor", "bert-predictor");
      expect(JSON.parse(text(asked.spec))).toEqual(service.spec);
      expect(asked.metadata).toEqual({ labels: service.metadata.labels, annotations: service.metadata.annotations });
    },
  );

  test("a metric that KServe lacks is refused there too", async () => {
    const [service] = ofKind(await rendered([bert]), "InferenceService");
    const changed = structuredClone(service) as Resource;
    changed.spec.predictor.scaleMetric = "qps";
    await expect(apply(stringify(changed), namespace)).rejects.toThrow(/qps/);
  });

  test("a change of version changes the address, and nothing else of what is served", async () => {
    const [before, after] = await Promise.all(["v1.3.0", "v1.4.0"].map((version) => predictor([{ ...bert, version }])));
    expect(after?.model.storageUri).toBe("s3://moodle-staging-1-files/models/bert/v1.4.0/");
    expect({ ...after?.model, storageUri: undefined }).toEqual({ ...before?.model, storageUri: undefined });
  });

  test("a replica on a GPU goes before its successor comes, and tolerates the taint of its nodes", async () => {
    const spec = await predictor([{ ...bert, device: "gpu" }]);
    expect(spec.deploymentStrategy.rollingUpdate).toEqual({ maxSurge: 0, maxUnavailable: 1 });
    expect(spec.model.resources.limits["nvidia.com/gpu"]).toBe("1");
    expect(spec.tolerations).toEqual([{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }]);
  });

  test("KEDA asks for the sum over the model's own pods", async () => {
    const { autoScaling } = await predictor([{ ...bert, device: "gpu" }]);
    expect(autoScaling.metrics[0].external.metric).toEqual({
      backend: "prometheus",
      serverAddress: prometheusAddress,
      query: `sum(DCGM_FI_DEV_GPU_UTIL{namespace="${namespace}",pod=~"bert-predictor-.+"})`,
    });
    const triton = await predictor([{ ...cnn, scaleMetric: "rps" }]);
    expect(triton.autoScaling.metrics[0].external.metric.query).toMatch(/^sum\(rate\(nv_inference_request_success\{/);
  });

  test("how busy a replica is counts its GPUs once, however many it has", async () => {
    const { autoScaling } = await predictor([{ ...bert, device: "gpu", gpus: 4 }]);
    expect(autoScaling.metrics[0].external.metric.query).toMatch(/^sum\(DCGM_FI_DEV_GPU_UTIL\{.+\}\) \/ 4$/);
  });

  test.each([
    ["bert", "v1.3.0", "v1.3.1"],
    ["bert", "v1.3.0", "v1.3.0-rc.1"],
    ["bert", "v2.0.0-rc.1", "v2.0.0"],
    ["a-model-whose-name-is-as-long-as-it-may", "v1.3.0", undefined],
    // The name that the rollout makes is cut in the middle of the version, here behind a hyphen.
    ["a-model-whose-name-is-rather-lon", "v1.3.0", "v2.3.0"],
  ])("in a rollout each version is scaled by what it does itself: %s %s", async (name, version, other) => {
    const gateway = {
      name: "main",
      namespace: "gateways",
      hostname: "b.example.edu",
      implementation: "istio",
    } as const;
    const asked = async (one: string) => {
      const model = {
        ...bert,
        name,
        version: one,
        scaleMetric: "rps",
        rollout: { gateway, maximumLatencyP95Seconds: 1 },
      } as const;
      const configMaps = ofKind(await rendered([model]), "ConfigMap");
      const found = configMaps.find(({ metadata }) => metadata.name === `${name}-rollout`) as Resource;
      return rolloutSchema.parse(JSON.parse(found.data["rollout.json"])) as Extract<Rollout, { mode: "Standard" }>;
    };
    const podOf = (rollout: Extract<Rollout, { mode: "Standard" }>) => {
      const stable = wanted(rollout);
      const state = { phase: "Idle", mode: "Standard", since: "", stable, proven: true } as const;
      const [service] = standard.objects({ services: [] }, rollout, state) as [Resource];
      return `${service.metadata.name}-predictor-6d8c9f7b5-x7k2p`;
    };
    const rollout = await asked(version);
    const { query } = (rollout.spec as Resource).predictor.autoScaling.metrics[0].external.metric;
    const pattern = new RegExp(`^(?:${/pod=~"([^"]+)"/.exec(query)?.[1]})$`);
    expect(podOf(rollout)).toMatch(pattern);
    if (other !== undefined) expect(podOf(await asked(other))).not.toMatch(pattern);
  });

  test("a model has the processors that it asks for, not the one of its runtime", async () => {
    const { model } = await predictor([{ ...bert, cpu: 4, memoryGb: 16 }]);
    expect(model.resources).toEqual({
      requests: { cpu: "4", memory: "16384Mi" },
      limits: { cpu: "4", memory: "16384Mi" },
    });
  });

  test("a model on Knative has nothing that Knative refuses", async () => {
    const spec = await predictor([bert], { onKnative: true });
    expect(spec).not.toHaveProperty("deploymentStrategy");
    expect(spec).not.toHaveProperty("topologySpreadConstraints");
  });

  test("a model on Knative has an hour to start, as a Deployment tries for ever", async () => {
    const deadlines = await Promise.all(
      [true, false].map(async (onKnative) => {
        const [service] = ofKind(await rendered([bert], { onKnative }), "InferenceService");
        return service?.metadata.annotations["serving.knative.dev/progress-deadline"];
      }),
    );
    expect(deadlines).toEqual(["3600s", undefined]);
  });

  test("nothing outside the cluster reaches a model, in either mode", async () => {
    for (const onKnative of [false, true]) {
      const [{ metadata }] = ofKind(await rendered([bert], { onKnative }), "InferenceService") as [Resource];
      const visibility = onKnative ? "networking.knative.dev/visibility" : "networking.kserve.io/visibility";
      expect(metadata.labels[visibility]).toBe("cluster-local");
    }
  });

  test("a model is open to its callers, and one without any to nobody", async () => {
    const policies = ofKind(await rendered([bert, cnn]), "NetworkPolicy");
    expect(policies.find(({ metadata }) => metadata.name === "cnn-callers")).toBeUndefined();
    expect(policies.find(({ metadata }) => metadata.name === "bert-callers")?.spec.ingress).toEqual([
      {
        from: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "moodle" } },
            podSelector: { matchLabels: { "app.kubernetes.io/name": "moodle" } },
          },
        ],
        ports: [{ protocol: "TCP", port: 8080 }],
      },
    ]);
  });

  test("nothing of the pods' labels changes with the chart's version", async () => {
    const [service] = ofKind(await rendered([bert]), "InferenceService");
    expect(Object.keys(service?.metadata.labels)).not.toContain("helm.sh/chart");
  });

  test("is installed and upgraded as it is", async () => {
    await install(release([bert, grades]), "1m");
    await install(release([{ ...bert, version: "v1.4.0" }]), "1m");
    const { items } = await get(["inferenceservices.serving.kserve.io"], namespace);
    const left = items.filter((one: Resource) => one.metadata.annotations["meta.helm.sh/release-name"]);
    expect(left.map((one: Resource) => one.spec.predictor.model.storageUri)).toEqual([
      "s3://moodle-staging-1-files/models/bert/v1.4.0/",
    ]);
  });

  describe("with Knative turned on where a model is served already", () => {
    const rollout = { maximumLatencyP95Seconds: 1 };

    /** What KServe writes down of a model. */
    const served = (name: string, deploymentMode: string) => {
      const patch = JSON.stringify({ status: { deploymentMode } });
      const merge = ["--subresource=status", "--type=merge", "--patch", patch];
      return kubectl(["patch", "inferenceservice", name, ...merge, "--namespace", namespace]);
    };
    const callersOf = async (name: string) =>
      (await get(["networkpolicy", `${name}-callers`], namespace)).spec.ingress[0].ports;

    beforeAll(async () => {
      await install(release([bert]), "1m");
      await served("bert", "Standard");
    });

    test("refuses its other mode, and leaves it open to its callers", async () => {
      await expect(install(release([bert], { onKnative: true }), "1m")).rejects.toThrow(
        /bert is served in mode Standard and cannot go over to mode Knative: set its deploymentMode to standard/,
      );
      expect(await callersOf("bert")).toEqual([{ protocol: "TCP", port: 8080 }]);
    });

    test("serves it as before where it names its mode, and another one on Knative", async () => {
      await install(release([{ ...bert, deploymentMode: "standard" }, grades], { onKnative: true }), "1m");
      await served("grades", "Knative");
      await expect(install(release([bert, grades]), "1m")).rejects.toThrow(/grades is served in mode Knative/);
      expect(await callersOf("grades")).toContainEqual({ protocol: "TCP", port: 8012 });
    });

    test("refuses it where a rollout serves it, whose InferenceServices have other names", async () => {
      const state = { "state.json": JSON.stringify({ mode: "Standard" }) };
      const metadata = { name: "cnn-rollout-state" };
      await apply(JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data: state }), namespace);
      await expect(install(release([{ ...cnn, rollout }], { onKnative: true }), "1m")).rejects.toThrow(
        /cnn is served in mode Standard and cannot go over to mode Knative/,
      );
    });

    test("serves it otherwise once it was gone for one deploy", async () => {
      await install(release([{ ...grades, deploymentMode: "knative" }], { onKnative: true }), "1m");
      await install(release([bert, grades], { onKnative: true }), "1m");
      expect(await callersOf("bert")).toContainEqual({ protocol: "TCP", port: 8012 });
    });
  });

  describe("with another autoscaler than the one that is there", () => {
    const onRequests: InferenceModel = { ...bert, scaleMetric: "rps" };
    const fixed: InferenceModel = { ...bert, maxReplicas: 1 };
    const metadata = { name: "bert-predictor" };
    const target = { apiVersion: "apps/v1", kind: "Deployment", name: "bert-predictor" };
    // What KServe makes of the model.
    const hpa = {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata,
      spec: { scaleTargetRef: target, maxReplicas: 3 },
    };
    const scaledObject = {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      metadata,
      spec: { scaleTargetRef: target, triggers: [{ type: "cron", metadata: {} }] },
    };

    test.each([
      ["KEDA beside Kubernetes' own", hpa, onRequests, bert, "keda"],
      ["Kubernetes' own beside KEDA", scaledObject, bert, onRequests, "hpa"],
      ["none beside KEDA", scaledObject, fixed, onRequests, "none"],
    ])("refuses %s until that is gone, as the guide says", async (_, left, other, same, autoscaler) => {
      await apply(JSON.stringify(left), namespace);
      await expect(install(release([other]), "1m")).rejects.toThrow(
        new RegExp(`bert would have two autoscalers: take its ${left.kind} bert-predictor away`),
      );
      await install(release([same]), "1m");
      const external = "serving.kserve.io/autoscalerClass=external";
      await kubectl(["annotate", "inferenceservice", "bert", "--overwrite", external, "--namespace", namespace]);
      await kubectl(["delete", left.kind, "bert-predictor", "--namespace", namespace]);
      await install(release([other]), "1m");
      const { annotations } = (await get(["inferenceservice", "bert"], namespace)).metadata;
      expect(annotations["serving.kserve.io/autoscalerClass"]).toBe(autoscaler);
    });

    test("leaves it to KServe to take Kubernetes' own away where there is to be none", async () => {
      await apply(JSON.stringify(hpa), namespace);
      await install(release([fixed]), "1m");
      await kubectl(["delete", "hpa", "bert-predictor", "--namespace", namespace]);
    });
  });

  test("refuses the address of a folder that another version's begins with", async () => {
    const { values, ...rest } = release([bert]);
    const changed = parse(stringify(values));
    changed.models[0].uri = "s3://bucket/models/bert/v1.3.0";
    await expect(render({ ...rest, values: changed })).rejects.toThrow(/uri/);
  });
});
