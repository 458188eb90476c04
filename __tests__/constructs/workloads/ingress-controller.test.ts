import { TerraformResource } from "cdktf";
import { Ingress, type IngressEdge, type SiteController } from "../../../constructs/workloads/ingress";
import { INGRESS_CONTROLLER_PODS } from "../../../constructs/workloads/ingress-controller";
import { valuesOf } from "../../e2e/support/releases";
import { DependencyGraph } from "../../support/graph";
import { addressEdge, albEdge, cluster, gatewayEdge, nlbEdge, siteController } from "../../support/ports";
import { type Resource, Template } from "../../support/template";

const solver = { kind: "http", className: "traefik" } as const;

function build(edge: IngressEdge, controller: SiteController | undefined) {
  let ingress: Ingress | undefined;
  const template = Template.from((scope) => {
    const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
    ingress = new Ingress(scope, "ingress", {
      cluster: { ...cluster, ready: [resource("cluster")] },
      edge,
      domain: "moodle.example.edu",
      podCidrs: ["10.20.0.0/16"],
      controller,
      dependsOn: [resource("nodes")],
    });
  });
  const graph = new DependencyGraph(template);
  const address = (name: string) =>
    Object.entries(template.all("helm_release")).flatMap(([id, one]) =>
      one.name === name ? [`helm_release.${id}`] : [],
    )[0] ?? "";
  return {
    route: ingress?.route,
    template,
    values: (name: string) => valuesOf(template.only("helm_release", { name }).values),
    waitsFor: (name: string) => graph.reachableFrom(address(name)),
    address,
  };
}

describe.each([
  ["nginx", "nginx-ingress"],
  ["traefik", "traefik"],
  ["contour", "contour"],
  ["istio", "istio-ingressgateway"],
] as const)("%s", (kind, release) => {
  const pods = INGRESS_CONTROLLER_PODS[kind];
  const behindAlb = build(albEdge, siteController(kind));
  const withNlb = build(nlbEdge, siteController(kind, solver));

  test("its namespace meets Pod Security restricted", () => {
    const namespace = behindAlb.template
      .resources("kubernetes_namespace_v1")
      .find(({ metadata }) => metadata.name === pods.namespace);
    expect(namespace?.metadata.labels["pod-security.kubernetes.io/enforce"]).toBe("restricted");
  });

  test("only the load balancer may connect, on the ports of requests and of health", () => {
    const policy = behindAlb.template
      .resources("kubernetes_network_policy_v1")
      .find(({ metadata }) => metadata.namespace === pods.namespace && metadata.name === "ingress-controller");
    const [{ from, ports }] = policy?.spec.ingress ?? [];
    expect(from.map((one: { ip_block: { cidr: string } }) => one.ip_block.cidr)).toEqual(albEdge.route.proxyCidrs);
    expect(ports.map(({ port }: { port: string }) => Number(port))).toEqual([
      pods.httpPort,
      pods.httpsPort,
      pods.healthPort,
    ]);
  });

  test("behind an ALB it is told of one target group, behind an NLB of two", () => {
    const arn = albEdge.route.targetGroupArn;
    expect(behindAlb.values("edge-binding")).toEqual({
      serviceName: pods.serviceName,
      targetGroups: { web: { arn, port: 80 } },
    });
    // A binding's target group cannot be changed: behind another load balancer it has another name.
    expect(Object.keys(withNlb.values("edge-binding").targetGroups)).toEqual(["http", "https"]);
  });

  test("its binding waits for it and for the program that fills target groups", () => {
    const waits = withNlb.waitsFor("edge-binding");
    expect(waits).toContain(withNlb.address("aws-load-balancer-controller"));
    expect(waits).toContain(withNlb.address(release));
  });

  test("its new pods are ready when target groups find them healthy, and come after what fills those", () => {
    const gates = ({ template }: typeof behindAlb) =>
      template.resources("kubernetes_namespace_v1").find(({ metadata }) => metadata.name === pods.namespace)?.metadata
        .labels["elbv2.k8s.aws/pod-readiness-gate-inject"];
    expect([behindAlb, withNlb].map(gates)).toEqual(["enabled", "enabled"]);
    expect(gates(build(addressEdge, siteController(kind, solver)))).toBeUndefined();
    expect(behindAlb.waitsFor(release)).toContain(behindAlb.address("aws-load-balancer-controller"));
  });

  test("a Gateway is in its namespace, and made after it", () => {
    const edge = { ...gatewayEdge, route: { ...gatewayEdge.route, gatewayNamespace: pods.namespace } };
    const built = build(edge, siteController(kind));
    expect(built.template.only("helm_release", { name: "gateway" }).namespace).toBe(pods.namespace);
    expect(built.values("edge-binding").gateway).toMatchObject({ healthPort: pods.healthPort, port: 80 });
  });

  test("with an address, nothing binds it: its own Service takes it", () => {
    const built = build(addressEdge, siteController(kind, solver));
    expect(JSON.stringify(built.template.resources("helm_release"))).toContain(addressEdge.address);
    expect(built.template.resources("helm_release").map(({ name }) => name)).not.toContain("edge-binding");
  });

  test("with an address, cert-manager's own check of a challenge reaches its pods", () => {
    const [policy] = build(addressEdge, siteController(kind, solver))
      .template.resources("kubernetes_network_policy_v1")
      .filter(({ metadata }) => metadata.namespace === pods.namespace && metadata.name === "ingress-controller");
    expect(policy?.spec.ingress).toContainEqual({
      from: [{ namespace_selector: { match_labels: { "kubernetes.io/metadata.name": "cert-manager" } } }],
      ports: [pods.httpPort, pods.httpsPort].map((port) => ({ protocol: "TCP", port: String(port) })),
    });
  });

  test("the site's route has a certificate where TLS ends at it alone", () => {
    expect(behindAlb.route).toMatchObject({ kind, className: expect.any(String), certificate: undefined });
    expect(withNlb.route).toMatchObject({ certificate: { issuerName: "acme", challenge: "http-01" } });
  });

  test("the load balancer's X-Forwarded-For is believed where it reads requests, and nobody's where it does not", () => {
    expect(behindAlb.route).toMatchObject({ edgeCidrs: albEdge.route.proxyCidrs });
    expect(withNlb.route).toMatchObject({ edgeCidrs: [] });
  });
});

describe("a pod that goes", () => {
  const values = (kind: SiteController["kind"], release: string) =>
    build(albEdge, siteController(kind)).values(release);

  test("of nginx accepts requests for half a minute, and has minutes for its answers", () => {
    expect(values("nginx", "nginx-ingress").controller).toMatchObject({
      lifecycle: { preStop: { sleep: { seconds: 30 } } },
      terminationGracePeriodSeconds: 340,
    });
  });

  test("of Traefik likewise", () => {
    const { deployment, ports } = values("traefik", "traefik");
    expect(deployment.terminationGracePeriodSeconds).toBe(340);
    for (const { transport } of [ports.web, ports.websecure]) {
      expect(transport.lifeCycle).toEqual({ requestAcceptGraceTimeout: "30s", graceTimeOut: "300s" });
    }
  });

  test("of Istio likewise", () => {
    expect(values("istio", "istio-ingressgateway")).toMatchObject({
      env: { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: "true", MINIMUM_DRAIN_DURATION: "30s" },
      terminationGracePeriodSeconds: 340,
    });
  });

  test("of Contour has minutes for its answers", () => {
    expect(values("contour", "contour").envoy.terminationGracePeriodSeconds).toBe(340);
  });
});

test.each([
  ["nginx", "nginx-ingress", ({ controller }: Resource) => controller.config.entries["keepalive-timeout"]],
  ["traefik", "traefik", ({ ports }: Resource) => ports.web.transport.respondingTimeouts.idleTimeout],
  ["contour", "contour", ({ configInline }: Resource) => configInline?.timeouts["connection-idle-timeout"]],
] as const)("%s keeps connections longer than the load balancer that reads requests", (kind, release, keepAlive) => {
  expect(keepAlive(build(albEdge, siteController(kind)).values(release))).toBe("620s");
  expect(keepAlive(build(nlbEdge, siteController(kind, solver)).values(release))).toBeUndefined();
});

test.each([nlbEdge, addressEdge])("refuses an edge of kind $kind without an ingress controller", (edge) => {
  expect(() => build(edge, undefined)).toThrow(/test\/ingress\.controller/);
});
