import { TerraformResource, TerraformStack, Testing } from "cdktf";
import { addClusterProviders } from "../../stacks/cluster-providers";
import { cluster } from "../support/ports";
import { type Resource, Template } from "../support/template";

function providers(caCertificate?: string): Resource {
  const stack = new TerraformStack(Testing.app(), "test");
  const host = new TerraformResource(stack, "cluster", { terraformResourceType: "cluster" }).getStringAttribute("host");
  addClusterProviders(stack, { ...cluster, host, caCertificate });
  return Template.of(stack).json.provider as Resource;
}

const exec = { api_version: "client.authentication.k8s.io/v1beta1", command: "aws", args: ["eks", "get-token"] };

// biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of Terraform
const host = "${cluster.cluster.host}";

test("both providers know nothing static of the cluster but the credential plugin, which would fail the first plan", () => {
  expect(providers()).toEqual({
    kubernetes: [{ host, exec: [exec] }],
    helm: [{ kubernetes: { host, exec }, helm_driver: "configmap" }],
  });
});

test("both providers trust the cluster's own authority where it has one", () => {
  expect(providers("PEM")).toMatchObject({
    kubernetes: [{ cluster_ca_certificate: "PEM" }],
    helm: [{ kubernetes: { cluster_ca_certificate: "PEM" } }],
  });
});
