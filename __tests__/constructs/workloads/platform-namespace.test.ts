import { TerraformResource } from "cdktf";
import type { Protection } from "../../../constructs/core/protection";
import { PlatformNamespace } from "../../../constructs/workloads/platform-namespace";
import { Template } from "../../support/template";

const build = (protection?: Protection, labels?: Record<string, string>) =>
  Template.from((scope) => {
    const cluster = new TerraformResource(scope, "cluster", { terraformResourceType: "cluster" });
    new PlatformNamespace(scope, "namespace", { name: "moodle", protection, labels, dependsOn: [cluster] });
  });

describe("a namespace", () => {
  const template = build();
  const namespace = template.only("kubernetes_namespace_v1");

  test.each(["enforce", "audit", "warn"])("sets Pod Security's %s to restricted, at a fixed version", (mode) => {
    expect(namespace.metadata.labels).toMatchObject({
      [`pod-security.kubernetes.io/${mode}`]: "restricted",
      [`pod-security.kubernetes.io/${mode}-version`]: expect.stringMatching(/^v1\.\d+$/),
    });
  });

  test("lets no pod send or receive", () => {
    expect(template.only("kubernetes_network_policy_v1")).toMatchObject({
      metadata: { namespace: "moodle" },
      spec: { pod_selector: {}, policy_types: ["Ingress", "Egress"] },
    });
    expect(template.only("kubernetes_network_policy_v1").spec).not.toHaveProperty("egress");
    expect(template.only("kubernetes_network_policy_v1").spec).not.toHaveProperty("ingress");
  });

  test("is kept by Terraform, with the claims in it", () => {
    expect(namespace.lifecycle.prevent_destroy).toBe(true);
  });

  test("waits for the cluster, and its policy for the namespace", () => {
    expect(namespace.depends_on).toEqual(["cluster.cluster"]);
    const [address] = Object.keys(template.all("kubernetes_namespace_v1"));
    expect(template.only("kubernetes_network_policy_v1").depends_on).toEqual([`kubernetes_namespace_v1.${address}`]);
  });
});

test("a disposable namespace can be destroyed", () => {
  expect(build("disposable").only("kubernetes_namespace_v1").lifecycle.prevent_destroy).toBe(false);
});

test("further labels do not weaken Pod Security", () => {
  const labels = { team: "a", "pod-security.kubernetes.io/enforce": "privileged" };
  expect(build(undefined, labels).only("kubernetes_namespace_v1").metadata.labels).toMatchObject({
    team: "a",
    "pod-security.kubernetes.io/enforce": "restricted",
  });
});
