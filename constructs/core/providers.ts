import type { TerraformStack } from "cdktf";
import { PROVIDERS, TERRAFORM } from "../versions";

/**
 * Pins Terraform and the named providers to exact versions under their full addresses, so that Terraform and OpenTofu
 * resolve the same ones. The bindings by themselves would accept any later version of the same major.
 */
export function pinProviders(stack: TerraformStack, names: readonly (keyof typeof PROVIDERS)[]): void {
  stack.addOverride("terraform.required_version", TERRAFORM);
  for (const name of names) stack.addOverride(`terraform.required_providers.${name}`, PROVIDERS[name]);
}
