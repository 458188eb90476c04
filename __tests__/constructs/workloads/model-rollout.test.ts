import { TerraformResource } from "cdktf";
import { parse } from "yaml";
import { ModelRollout } from "../../../constructs/workloads/model-rollout";
import {
  type ModelRolloutPolicy,
  rolloutFaults,
  rolloutPolicyValues,
  rolloutRouteValues,
} from "../../../constructs/workloads/model-rollout-policy";
import { rollout as environmentSchema } from "../../../environments/rollout-schema";
import {
  GATEWAY_METRICS,
  LARGEST_BUCKET_SECONDS,
  policySchema,
  rolloutSchema,
} from "../../../services/rollout/src/rollout";
import { asked } from "../../services/rollout/support/world";
import { cluster } from "../../support/ports";
import { Template } from "../../support/template";

describe("the release", () => {
  const template = Template.from((scope) => {
    const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
    new ModelRollout(scope, "rollout", {
      cluster: { ...cluster, ready: [resource("cluster")] },
      namespace: "models",
      models: ["bert"],
      prometheus: { url: "http://prometheus.monitoring.svc:9090", namespace: "monitoring" },
      image: "registry.example.edu/rollout:0.1.0",
      monitoring: { namespace: "monitoring", labels: { release: "prometheus" } },
      dependsOn: [resource("models")],
    });
  });
  const release = template.only("helm_release");

  test("knows its models, Prometheus and who watches it", () => {
    expect(parse(release.values[0])).toEqual({
      image: "registry.example.edu/rollout:0.1.0",
      models: ["bert"],
      prometheus: { url: "http://prometheus.monitoring.svc:9090", namespace: "monitoring" },
      monitoring: { namespace: "monitoring", labels: { release: "prometheus" }, stuckMinutes: 360 },
    });
  });

  test("comes after the models' ConfigMaps, and so is destroyed before them", () => {
    expect(release.depends_on).toEqual(["kind.cluster", "kind.models"]);
  });

  test("Helm waits longer than the Job that takes the models down", () => {
    expect(release.timeout).toBeGreaterThan(300);
  });
});

const latency = { maximumLatencyP95Seconds: 1 };
const gateway = { name: "main", namespace: "gateways", hostname: "bert.example.edu", implementation: "istio" as const };

describe("a policy", () => {
  const paths = (
    policy: Partial<ModelRolloutPolicy>,
    deploymentMode: "knative" | "standard" = "knative",
    hasPrometheus = true,
  ) => rolloutFaults({ ...latency, ...policy }, { deploymentMode, hasPrometheus }).map(({ path }) => path);

  test("has defaults for everything but the latency", () => {
    expect(rolloutPolicyValues(latency)).toEqual({
      steps: [10, 25, 50, 100],
      holdSeconds: 600,
      maximumErrorRate: 0.01,
      maximumLatencyP95Seconds: 1,
      minimumSamples: 100,
      deadlineSeconds: 3600,
    });
    expect(paths({})).toEqual([]);
    expect(paths({ gateway }, "standard")).toEqual([]);
  });

  test("is refused in mode standard without a gateway, and with one in mode knative", () => {
    expect(paths({}, "standard")).toEqual(["rollout.gateway"]);
    expect(paths({ gateway })).toEqual(["rollout.gateway"]);
  });

  test.each([
    ["falls", [50, 25, 100]],
    ["repeats", [50, 50, 100]],
    ["does not end at 100", [10, 50]],
    ["has fractions", [12.5, 100]],
    ["is empty", []],
  ])("is refused where a step %s", (_, steps) => {
    expect(paths({ steps })).toEqual(["rollout.steps"]);
  });

  test("is refused without a Prometheus", () => {
    expect(paths({}, "knative", false)).toEqual(["rollout.maximumLatencyP95Seconds"]);
  });

  test.each([
    ["knative", LARGEST_BUCKET_SECONDS.knative],
    ...GATEWAY_METRICS.map((metrics) => [metrics, LARGEST_BUCKET_SECONDS[metrics]] as const),
  ] as const)("is refused where %s cannot know its limit, from %i seconds on", (metrics, seconds) => {
    const isKnative = metrics === "knative";
    const of = (maximumLatencyP95Seconds: number) =>
      paths(
        isKnative
          ? { maximumLatencyP95Seconds }
          : { maximumLatencyP95Seconds, gateway: { ...gateway, implementation: metrics } },
        isKnative ? "knative" : "standard",
      );
    expect(of(seconds)).toEqual(["rollout.maximumLatencyP95Seconds"]);
    expect(of(seconds - 0.1)).toEqual([]);
  });

  test("is what the program understands", () => {
    expect(policySchema.safeParse(rolloutPolicyValues(latency)).success).toBe(true);
    const route = rolloutRouteValues(gateway);
    expect(rolloutSchema.safeParse({ ...asked("v1.3.0", "Standard"), route }).success).toBe(true);
  });

  test("has the same defaults in an environment", () => {
    expect(rolloutPolicyValues(environmentSchema.parse(latency))).toEqual(rolloutPolicyValues(latency));
  });
});
