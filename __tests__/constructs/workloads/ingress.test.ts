import { TerraformResource } from "cdktf";
import { parse } from "yaml";
import { Ingress, type IngressEdge } from "../../../constructs/workloads/ingress";
import { albEdge as alb, cluster, gatewayEdge as gateway, httpRoute, targetGroup } from "../../support/ports";
import { Template } from "../../support/template";

function build(edge: IngressEdge, chartRegistry?: string) {
  let ingress: Ingress | undefined;
  const template = Template.from((scope) => {
    const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
    ingress = new Ingress(scope, "ingress", {
      cluster: {
        ...cluster,
        ready: [resource("cluster")],
        systemNodes: { nodeSelector: { pool: "system" }, tolerations: [{ key: "system", operator: "Exists" }] },
      },
      edge,
      domain: "moodle.example.edu",
      podCidrs: ["10.20.0.0/16"],
      chartRegistry,
      dependsOn: [resource("namespace")],
    });
  });
  const release = template.only("helm_release");
  return { ingress, release, values: parse(release.values[0]) };
}

describe("behind an Application Load Balancer", () => {
  const { ingress, release, values } = build(alb);

  test("the site's route is the target group", () => {
    expect(ingress?.route).toBe(targetGroup);
  });

  test("the controller runs under its identity, in that identity's namespace", () => {
    expect(release.namespace).toBe("kube-system");
    expect(values.serviceAccount).toEqual({ name: "aws-load-balancer-controller" });
  });

  test("the controller need not ask the node's metadata service where it is", () => {
    expect(values).toMatchObject({
      clusterName: "moodle-staging-1",
      region: "eu-central-1",
      vpcId: "vpc-0123456789abcdef0",
    });
  });

  test("the controller survives the loss of a node, on the system nodes", () => {
    expect(values).toMatchObject({
      replicaCount: 2,
      podDisruptionBudget: { maxUnavailable: 1 },
      nodeSelector: { pool: "system" },
      tolerations: [{ key: "system", operator: "Exists" }],
    });
  });

  test("the controller makes no load balancer of its own", () => {
    expect(values).toMatchObject({
      createIngressClassResource: false,
      disableIngressClassAnnotation: true,
      enableBackendSecurityGroup: false,
      controllerConfig: {
        featureGates: { EnableServiceController: false, ALBGatewayAPI: false, NLBGatewayAPI: false },
      },
    });
  });

  test("the controller stands in the way of no Service or Ingress", () => {
    expect(values).toMatchObject({
      enableServiceMutatorWebhook: false,
      webhookConfig: { disableIngressValidation: true },
    });
  });

  test("an upgrade keeps the certificate of the webhooks", () => {
    expect(values.keepTLSSecret).toBe(true);
  });

  test("pods of the site are ready when the load balancer finds them healthy", () => {
    expect(Ingress.namespaceLabels(alb)).toEqual({ "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" });
  });

  test("the chart comes from the mirror", () => {
    expect(build(alb, "oci://mirror.example.edu/charts").release.repository).toBe("oci://mirror.example.edu/charts");
  });

  test("the controller waits for cluster and namespace", () => {
    expect(release.depends_on).toEqual(["kind.cluster", "kind.namespace"]);
  });
});

describe("behind a Gateway", () => {
  const { ingress, release, values } = build(gateway);

  test("the site's route is the Gateway", () => {
    expect(ingress?.route).toBe(httpRoute);
  });

  test("the Gateway has the name and the namespace that the route says", () => {
    expect([release.namespace, values.name]).toEqual([httpRoute.gatewayNamespace, httpRoute.gatewayName]);
  });

  test("the Gateway binds what Terraform made", () => {
    expect(values).toEqual({
      name: "edge",
      addressName: "address",
      certificateMapName: "certificates",
      sslPolicyName: "tls",
    });
  });

  test("the namespace needs no label", () => {
    expect(Ingress.namespaceLabels(gateway)).toEqual({});
  });
});
