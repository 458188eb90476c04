import { ConfigurationError } from "../../../constructs/core/errors";
import { loadEnvironments } from "../../../environments/load";
import type { EnvironmentInput } from "../../../environments/schema";
import { demandOf } from "../../../environments/sizing/environment";
import { staging as aws } from "../../../examples/aws/staging";
import { staging as google } from "../../../examples/google/staging";

const load = (input: object) => {
  const [environment] = loadEnvironments([input as EnvironmentInput]);
  if (environment === undefined) throw new Error("there is no environment");
  return environment;
};
const grades = { name: "grades", version: "v1.0.0", framework: "sklearn", cpu: 2, memoryGb: 4, maxReplicas: 5 };
const bert = { name: "bert", version: "v1.0.0", framework: "huggingface", cpu: 4, memoryGb: 24 };
const onGpu = { ...bert, device: "gpu", scaleMetric: "rps", maxReplicas: 3 };
const withModels = (base: object, ...models: object[]) => ({ ...base, inference: { models } });
const prometheus = { prometheusAddress: "http://prometheus.monitoring:9090" };

test("a site without models needs nothing for any", () => {
  expect(demandOf(load(aws)).models).toEqual({ cpu: 0, memoryGb: 0 });
});

test("a Deployment has its most replicas, and one more while its version changes", () => {
  expect(demandOf(load(withModels(aws, grades))).models).toEqual({ cpu: 12, memoryGb: 24 });
});

test("on Knative, both versions may have their most replicas", () => {
  const input = { ...withModels(aws, grades), knative: true, knativeIngress: "kourier" };
  expect(demandOf(load(input)).models).toEqual({ cpu: 20, memoryGb: 40 });
});

test("GPU nodes have a limit of their own on AWS, and none of their own on Google Cloud", () => {
  const input = (base: typeof aws | typeof google, gpu: object) => ({
    ...base,
    cluster: { gpu },
    inference: { models: [onGpu], ...prometheus },
  });
  expect(demandOf(load(input(aws, { instanceTypes: ["g6.xlarge"] }))).models).toEqual({ cpu: 0, memoryGb: 0 });
  const gpu = { machineType: "g2-standard-8" };
  expect(demandOf(load(input(google, gpu))).models).toEqual({ cpu: 12, memoryGb: 72 });
});

test("the server of analytics counts too", () => {
  const input = { ...aws, moodle: { ...aws.moodle, analytics: { cpu: 2, memoryGb: 3 } } };
  expect(demandOf(load(input)).models).toEqual({ cpu: 2, memoryGb: 3 });
});

test("limits follow from models, and one that has no room for them is refused", () => {
  const small = load(aws).cluster.nodes;
  const many = { ...grades, maxReplicas: 100 };
  expect(load(withModels(aws, many)).cluster.nodes.cpuLimit).toBeGreaterThanOrEqual(small.cpuLimit + 202);
  const cluster = { ...aws.cluster, nodes: { cpuLimit: small.cpuLimit } };
  expect(() => load({ ...withModels(aws, many), cluster })).toThrow(ConfigurationError);
  expect(() => load({ ...withModels(aws, many), cluster })).toThrow(
    /cluster\.nodes\.cpuLimit.*models at their maxReplicas/s,
  );
});
