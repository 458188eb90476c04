import { TerraformResource } from "cdktf";
import { Keda, type KedaProps } from "../../../constructs/workloads/keda";
import { valuesOf } from "../../e2e/support/releases";
import { cluster } from "../../support/ports";
import { Template } from "../../support/template";

function build(props: Partial<KedaProps> = {}) {
  const template = Template.from((scope) => {
    new Keda(scope, "keda", {
      cluster,
      dependsOn: [new TerraformResource(scope, "namespace", { terraformResourceType: "kind" })],
      ...props,
    });
  });
  const release = template.only("helm_release");
  return { release, values: valuesOf(release.values), policy: template.only("kubernetes_network_policy_v1") };
}

test("each part runs twice, and one of the two stays", () => {
  const { values } = build();
  for (const part of ["operator", "metricsServer", "webhooks"]) expect(values[part].replicaCount).toBe(2);
  expect(values.podDisruptionBudget).toEqual({
    operator: { minAvailable: 1 },
    metricServer: { minAvailable: 1 },
    webhooks: { minAvailable: 1 },
  });
});

test("what scales outlives the release", () => {
  expect(build().values.crds.additionalAnnotations).toEqual({ "helm.sh/resource-policy": "keep" });
});

test("the API server may ask it for metrics and call its webhook", () => {
  expect(build().policy.spec.ingress[0].ports.map(({ port }: { port: string }) => port)).toEqual(["6443", "9443"]);
});

test("it may ask Prometheus where that is in the cluster, whatever the port of its pods", () => {
  const { policy } = build({ prometheusNamespace: "monitoring" });
  expect(policy.spec.egress).toContainEqual({
    to: [{ namespace_selector: { match_labels: { "kubernetes.io/metadata.name": "monitoring" } } }],
  });
  expect(build().policy.spec.egress).toHaveLength(3);
});

test("the namespace comes first", () => {
  expect(build().release.depends_on).toContain("kind.namespace");
});
