import { TerraformResource } from "cdktf";
import { ConfigurationError } from "../../../constructs/core/errors";
import type { KnativeServing } from "../../../constructs/ports";
import type { InferenceModel } from "../../../constructs/workloads/inference-model";
import { InferenceServices, type InferenceServicesProps } from "../../../constructs/workloads/inference-services";
import { policySchema } from "../../../services/rollout/src/rollout";
import { valuesOf } from "../../e2e/support/releases";
import { cluster, gcs, identity, s3 } from "../../support/ports";
import { Template } from "../../support/template";

const knative: KnativeServing = {
  namespace: "knative-serving",
  ingress: "kourier",
  ingressClass: "kourier.ingress.networking.knative.dev",
  gateway: { namespace: "kourier-system", serviceName: "kourier", port: 80 },
  localGateway: { namespace: "kourier-system", serviceName: "kourier-internal", port: 80 },
  ready: [],
};

function build(props: Partial<InferenceServicesProps> = {}) {
  const template = Template.from((scope) => {
    const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
    new InferenceServices(scope, "models", {
      cluster: { ...cluster, ready: [resource("cluster")] },
      identity: { namespace: "models", serviceAccountName: "models", ready: [resource("identity")] },
      store: { ...s3, bucketName: "moodle-staging-1-models", ready: [resource("bucket")] },
      models: [{ name: "bert", version: "v1.3.0", framework: "huggingface" }],
      dependsOn: [resource("kserve")],
      ...props,
    });
  });
  const release = template.only("helm_release");
  return { release, values: valuesOf(release.values) };
}

test("a model is fetched from its version's folder in the bucket, and from no other that begins alike", () => {
  expect(build().values.models[0].uri).toBe("s3://moodle-staging-1-models/models/bert/v1.3.0/");
  expect(build({ store: { ...gcs, keyPrefix: "shared/" } }).values.models[0].uri).toBe(
    "gs://moodle-staging-1-files/shared/models/bert/v1.3.0/",
  );
});

test("a model of the cache is mounted from its claim", () => {
  const models = [{ name: "bert", version: "v1.3.0", framework: "huggingface", pull: "warm-cache" }] as const;
  expect(build({ models, cacheClaimName: "models" }).values.models[0].uri).toBe("pvc://models/bert/v1.3.0");
  expect(() => build({ models })).toThrow(/models\.0\.pull/);
});

test("a model for the processor is a Deployment where there is no Knative", () => {
  expect(build().values.models[0]).toMatchObject({
    mode: "Standard",
    scaling: { class: "hpa", metric: "cpu", target: 70 },
  });
});

test("it is served on Knative where there is one, whose namespaces may reach it", () => {
  const { values } = build({ knative });
  expect(values.models[0]).toMatchObject({ mode: "Knative", scaling: { class: "kpa", metric: "concurrency" } });
  expect(values.network.knativeNamespaces).toEqual(["knative-serving", "kourier-system"]);
});

test.each([
  ["processors of a Deployment", { deploymentMode: "standard", scaleMetric: "cpu" }, "hpa"],
  ["memory on Knative", { scaleMetric: "memory" }, "hpa"],
  ["requests a second of a Deployment", { deploymentMode: "standard", scaleMetric: "rps" }, "keda"],
  ["the use of a GPU", { device: "gpu" }, "keda"],
  ["nothing, where the number is fixed", { device: "gpu", minReplicas: 2, maxReplicas: 2 }, "none"],
] as const)("scales by %s", (_, model, expected) => {
  const { values } = build({
    knative,
    gpuNodes: true,
    prometheusAddress: "http://prometheus.monitoring:9090",
    models: [{ name: "bert", version: "v1.3.0", framework: "huggingface", ...model }],
  });
  expect(values.models[0].scaling.class).toBe(expected);
});

test("callers are those of the model itself and those that the platform adds", () => {
  const moodle = { namespace: "moodle", podLabels: { "app.kubernetes.io/name": "moodle" } };
  const { values } = build({
    models: [{ name: "bert", version: "v1.3.0", framework: "huggingface", callers: ["lti"] }],
    callers: { bert: [moodle], other: [{ namespace: "elsewhere" }] },
  });
  expect(values.models[0].callers).toEqual([{ namespace: "lti" }, moodle]);
});

test("the release waits for all that it stands on", () => {
  expect(build().release.depends_on).toEqual(["kind.cluster", "kind.identity", "kind.bucket", "kind.kserve"]);
});

test("refuses what cannot work", () => {
  expect(() => build({ models: [{ name: "bert", version: "latest", framework: "huggingface" }] })).toThrow(
    ConfigurationError,
  );
  expect(() => build({ models: [{ name: "bert", version: "v1.0.0", framework: "triton", device: "gpu" }] })).toThrow(
    /models\.0\.device/,
  );
});

test("Moodle asks a Deployment's own pods, and on Knative its gateway", () => {
  expect(InferenceServices.openAi("assistant", "models")).toEqual({
    endpoint: "http://assistant-predictor.models.svc.cluster.local/openai/v1",
    model: "assistant",
    pods: { namespace: "models", podLabels: { "moodleplatform.io/model": "assistant" }, port: 8080 },
  });
  expect(InferenceServices.openAi("assistant", "models", knative.localGateway).pods).toEqual({
    namespace: "kourier-system",
  });
});

test("identities' endpoints are open to the pods", () => {
  expect(build().values.network.identityEndpoints).toEqual(cluster.identityEndpoints);
  expect(build().release.namespace).toBe(identity("models").namespace);
});

test("what a model with a rollout is served by, the rollout's program can read", () => {
  const gateway = {
    name: "shared",
    namespace: "istio-system",
    hostname: "bert.example.edu",
    implementation: "istio",
  } as const;
  const models = [
    { name: "bert", version: "v1.3.0", framework: "huggingface", rollout: { maximumLatencyP95Seconds: 2 } },
    {
      name: "cnn",
      version: "v1.0.0",
      framework: "triton",
      deploymentMode: "standard",
      rollout: { maximumLatencyP95Seconds: 2, gateway },
    },
  ] as const satisfies readonly InferenceModel[];
  const { values } = build({ knative, models, prometheusAddress: "http://prometheus.monitoring:9090" });
  for (const { rollout } of values.models) expect(policySchema.safeParse(rollout.policy).success).toBe(true);
  expect(values.models[0].rollout).not.toHaveProperty("route");
  expect(values.models[1].rollout.route).toMatchObject({ hostnames: ["bert.example.edu"], metrics: "istio" });
});
