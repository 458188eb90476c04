import { TerraformStack, Testing } from "cdktf";
import { pinProviders } from "../../../constructs/core/providers";
import { PROVIDERS } from "../../../constructs/versions";
import { Template } from "../../support/template";

test("pins exact versions under full addresses, whatever the bindings say", () => {
  const stack = new TerraformStack(Testing.app(), "test");
  pinProviders(stack, ["aws", "helm"]);
  expect(Template.of(stack).json.terraform).toMatchObject({
    required_version: ">= 1.11.0",
    required_providers: {
      aws: { source: "registry.terraform.io/hashicorp/aws", version: "6.25.0" },
      helm: { source: "registry.terraform.io/hashicorp/helm", version: "3.1.1" },
    },
  });
});

test.each(Object.entries(PROVIDERS))(
  "%s is pinned to the version its bindings were generated from",
  (name, { version }) => {
    const manifest: { cdktf: { provider: { version: string } } } = require(`@cdktf/provider-${name}/package.json`);
    expect(manifest.cdktf.provider.version).toBe(version);
  },
);
