import { TerraformResource } from "cdktf";
import { parse } from "yaml";
import { KNATIVE } from "../../../constructs/versions";
import { KNATIVE_GATEWAY_PODS, Knative, type KnativeProps } from "../../../constructs/workloads/knative";
import { DependencyGraph } from "../../support/graph";
import { cluster } from "../../support/ports";
import { Template } from "../../support/template";

function build(props: Partial<KnativeProps> = {}) {
  let knative: Knative | undefined;
  const template = Template.from((scope) => {
    const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
    knative = new Knative(scope, "knative", {
      cluster: { ...cluster, ready: [resource("cluster")] },
      ingress: "kourier",
      publicDomain: "moodle.example.edu",
      registryHosts: ["registry.example.edu"],
      dependsOn: [resource("nodes")],
      ...props,
    });
  });
  const release = (name: string) => template.only("helm_release", { name });
  return { knative, template, release, values: parse(release("knative").values.join("\n")) };
}

const namespaces = (template: Template) =>
  template.resources("kubernetes_namespace_v1").map(({ metadata }) => metadata.name);

test("the operator installs the version that it is of", () => {
  const { release, values } = build();
  expect(values.version).toBe(KNATIVE);
  expect(release("knative-operator").version).toBe(`v${KNATIVE}`);
});

test("what the operator installs waits for the operator, so that finalizers are processed in reverse", () => {
  const { template } = build();
  const graph = new DependencyGraph(template);
  const [[operator], [knative]] = ["knative-operator", "knative"].map((name) =>
    Object.entries(template.all("helm_release"))
      .filter(([, one]) => one.name === name)
      .map(([id]) => `helm_release.${id}`),
  ) as [[string], [string]];
  expect(graph.reachableFrom(knative)).toContain(operator);
  expect(template.only("helm_release", { name: "knative-operator" }).depends_on).toEqual(
    expect.arrayContaining(["kind.cluster", "kind.nodes"]),
  );
});

test("Helm waits longer than the Job that waits for the operator", () => {
  const { release, values } = build();
  expect(release("knative").timeout).toBeGreaterThan(values.waitSeconds);
});

test("a Service may ask for as long as Knative is told to allow", () => {
  const { knative, values } = build();
  expect(values.requestSeconds).toBe(knative?.requestSeconds);
});

test("every namespace meets Pod Security restricted", () => {
  for (const { metadata } of build({ eventing: true }).template.resources("kubernetes_namespace_v1")) {
    expect(metadata.labels["pod-security.kubernetes.io/enforce"]).toBe("restricted");
  }
});

test("Eventing is installed where something asks for it alone", () => {
  expect(build().values.eventing).toEqual({ enabled: false });
  expect(namespaces(build().template)).not.toContain("knative-eventing");
  expect(build({ eventing: true }).values.eventing).toEqual({ enabled: true });
  expect(namespaces(build({ eventing: true }).template)).toContain("knative-eventing");
});

test.each(["kourier", "contour", "istio"] as const)(
  "%s is the class of every Service, and has its gateways",
  (ingress) => {
    const { knative, values } = build({ ingress });
    expect(values.ingress).toBe(ingress);
    expect(knative).toMatchObject({ ingress, ingressClass: `${ingress}.ingress.networking.knative.dev` });
    expect(KNATIVE_GATEWAY_PODS[ingress]).toMatchObject({
      namespace: knative?.gateway.namespace,
      serviceName: knative?.gateway.serviceName,
    });
    expect(knative?.localGateway.serviceName).not.toBe(knative?.gateway.serviceName);
  },
);

test("what runs on Knative waits for the operator and for what it installs", () => {
  expect(build().knative?.ready).toHaveLength(2);
});

describe("NetworkPolicies", () => {
  const policies = (template: Template, namespace: string) =>
    template
      .resources("kubernetes_network_policy_v1")
      .filter(({ metadata }) => metadata.namespace === namespace)
      .map(({ metadata, spec }) => [metadata.name, spec] as const);

  test("deny everything in every namespace that is made here, and leave the webhooks to the API server", () => {
    const { template } = build({ eventing: true });
    for (const namespace of namespaces(template)) {
      const found = Object.fromEntries(policies(template, namespace));
      expect(found["default-deny"]).toEqual({ pod_selector: {}, policy_types: ["Ingress", "Egress"] });
      expect(found.controller.ingress[0]).toEqual({ ports: [{ protocol: "TCP", port: "8443" }] });
    }
  });

  test.each([
    ["kourier", ["kourier-system"]],
    ["contour", ["contour-external", "contour-internal"]],
    ["istio", ["istio-system"]],
  ] as const)("let requests in from the gateways of %s, and on to every Service's proxy", (ingress, expected) => {
    const { requests } = Object.fromEntries(policies(build({ ingress }).template, "knative-serving"));
    const names = (peers: { namespace_selector: { match_labels?: Record<string, string> } }[]) =>
      peers.map(({ namespace_selector }) => namespace_selector.match_labels?.["kubernetes.io/metadata.name"]);
    const ports = (rule: { port: string }[]) => rule.map(({ port }) => port);
    expect(requests.ingress).toHaveLength(1);
    expect(names(requests.ingress[0].from)).toEqual(expected);
    expect(ports(requests.ingress[0].ports)).toEqual(["8012", "8013", "18000"]);
    expect(requests.egress[0].to).toEqual([{ namespace_selector: {} }]);
    expect(ports(requests.egress[0].ports)).toEqual(["8012", "8013", "9090"]);
    expect(names(requests.egress[1].to)).toEqual(expected);
  });

  test("are there before what they are for", () => {
    const { template, release } = build();
    const ids = Object.keys(template.all("kubernetes_network_policy_v1"));
    const own = ids.filter((id) => !id.includes("default-deny")).map((id) => `kubernetes_network_policy_v1.${id}`);
    expect(release("knative-operator").depends_on).toEqual(expect.arrayContaining(own));
  });
});
