import type { IAspect } from "cdktf";
import { TerraformResource, TerraformStack } from "cdktf";
import type { IConstruct } from "constructs";

/**
 * Writes `component` into the tags or labels of every resource that takes them: the id of the outermost construct that
 * it belongs to, so a bill can be split by building block. Tags that apply to everything come from the provider's own
 * defaults (`defaultTags`, `defaultLabels`).
 *
 * `key` is the property that carries them: `tags` on AWS, `labels` on Google Cloud, `resourceLabels` on a GKE cluster.
 */
export class ComponentTags implements IAspect {
  constructor(private readonly key: "tags" | "labels" | "resourceLabels") {}

  visit(node: IConstruct): void {
    if (!TerraformResource.isTerraformResource(node) || !hasTags(node, this.key)) return;
    const { scopes } = node.node;
    const component = scopes[scopes.indexOf(TerraformStack.of(node)) + 1]?.node.id;
    if (component === undefined) return;
    const tagged = node as unknown as Record<string, Record<string, string> | undefined>;
    tagged[this.key] = { component, ...tagged[`${this.key}Input`] };
  }
}

function hasTags(node: IConstruct, key: string): boolean {
  const setter = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(node), key)?.set;
  return setter !== undefined;
}
