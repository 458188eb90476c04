import type { IAspect } from "cdktf";
import { TerraformResource, TerraformStack } from "cdktf";
import type { IConstruct } from "constructs";

/**
 * Writes `component` into the tags or labels of every resource that takes them: the id of the outermost construct that
 * it belongs to, so a bill can be split by building block. Tags that apply to everything come from the provider's own
 * defaults (`defaultTags`, `defaultLabels`).
 */
export class ComponentTags implements IAspect {
  /** @param kind `tags` on AWS, `labels` on Google Cloud, whatever the resource calls them */
  constructor(private readonly kind: keyof typeof SPELLINGS) {}

  visit(node: IConstruct): void {
    if (!TerraformResource.isTerraformResource(node)) return;
    const key = SPELLINGS[this.kind].find((spelling) => hasSetter(node, spelling));
    if (key === undefined) return;
    const { scopes } = node.node;
    const component = scopes[scopes.indexOf(TerraformStack.of(node)) + 1]?.node.id;
    if (component === undefined) return;
    const tagged = node as unknown as Record<string, Record<string, string> | undefined>;
    tagged[key] = { component, ...tagged[`${key}Input`] };
  }
}

/** First come, first taken: the `labels` of a notification channel are its settings, its labels are its `userLabels`. */
const SPELLINGS = { tags: ["tags"], labels: ["userLabels", "resourceLabels", "labels"] } as const;

function hasSetter(node: IConstruct, key: string): boolean {
  return Object.getOwnPropertyDescriptor(Object.getPrototypeOf(node), key)?.set !== undefined;
}
