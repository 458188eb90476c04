import { TerraformResource } from "cdktf";
import { CHARTS } from "../../../constructs/versions";
import { Knative } from "../../../constructs/workloads/knative";
import { KServe } from "../../../constructs/workloads/kserve";
import { valuesOf } from "../../e2e/support/releases";
import { DependencyGraph } from "../../support/graph";
import { cluster } from "../../support/ports";
import { Template } from "../../support/template";

const systemNodes = {
  nodeSelector: { pool: "system" },
  tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }],
} as const;

let ready: number | undefined;
const template = Template.from((scope) => {
  const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
  const kserve = new KServe(scope, "kserve", {
    cluster: { ...cluster, systemNodes, ready: [resource("cluster")] },
    dependsOn: [resource("cert-manager"), resource("keda")],
  });
  ready = kserve.ready.length;
});
const release = (name: string) => template.only("helm_release", { name });
const address = (name: string) => {
  const [found] = Object.entries(template.all("helm_release")).filter(([, one]) => one.name === name);
  return `helm_release.${found?.[0]}`;
};
const graph = new DependencyGraph(template);

test("three charts of one version", () => {
  for (const chart of [CHARTS.kserveCrd, CHARTS.kserveResources, CHARTS.kserveRuntimeConfigs]) {
    expect(release(chart.name)).toMatchObject({ version: chart.version, namespace: "kserve", wait: true });
    expect(chart.version).toBe(CHARTS.kserveCrd.version);
  }
});

test("runtimes come after the controller whose webhook checks them, and it after its definitions", () => {
  expect(graph.reachableFrom(address("kserve-runtime-configs"))).toContain(address("kserve-resources"));
  expect(graph.reachableFrom(address("kserve-resources"))).toContain(address("kserve-crd"));
  expect(ready).toBe(1);
});

test.each(["cert-manager", "keda", "cluster"])("the controller starts once there is %s", (name) => {
  expect(graph.reachableFrom(address("kserve-resources"))).toContain(`kind.${name}`);
});

test("the controller starts anew when Knative comes, whose definitions it looks for once", () => {
  const podAnnotations = (hasKnative: boolean) => {
    const built = Template.from((scope) => {
      const options = { cluster, ingress: "kourier", publicDomain: "moodle.example.edu", registryHosts: [] } as const;
      const knative = hasKnative ? new Knative(scope, "knative", { ...options, dependsOn: [] }) : undefined;
      new KServe(scope, "kserve", { cluster, knative, dependsOn: [] });
    });
    return valuesOf(built.only("helm_release", { name: "kserve-resources" }).values).kserve.controller.podAnnotations;
  };
  expect(podAnnotations(false)).toEqual({});
  expect(podAnnotations(true)).toEqual({ "moodleplatform.io/knative": "true" });
});

test("no model gets an address outside the cluster", () => {
  const { controller } = valuesOf(release("kserve-resources").values).kserve;
  expect(controller.gateway).toEqual({ disableIngressCreation: true, disableIstioVirtualHost: true });
});

test("the controller runs on the system nodes", () => {
  expect(valuesOf(release("kserve-resources").values).kserve.controller).toMatchObject(systemNodes);
});

test("models' pods hold no token of the cluster's", () => {
  expect(valuesOf(release("kserve-resources").values).kserve.security.autoMountServiceAccountToken).toBe(false);
});

test("only servers that the platform offers are there", () => {
  const { enabled, ...runtimes } = valuesOf(release("kserve-runtime-configs").values).kserve.servingruntime;
  expect(enabled).toBe(true);
  const on = Object.entries<{ disabled: boolean }>(runtimes).filter(([, { disabled }]) => !disabled);
  expect(on.map(([name]) => name)).toEqual(["sklearnserver", "huggingfaceserver", "tritonserver"]);
});

test("the API server may call the webhook, and the controller the API server", () => {
  const [{ spec }] = template.resources("kubernetes_network_policy_v1") as [{ spec: { ingress: object[] } }];
  expect(spec.ingress[0]).toEqual({ ports: [{ protocol: "TCP", port: "9443" }] });
  expect(graph.reachableFrom(address("kserve-resources"))).toContain(
    `kubernetes_network_policy_v1.${Object.keys(template.all("kubernetes_network_policy_v1"))[0]}`,
  );
});
