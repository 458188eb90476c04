/** What NetworkPolicies let a pod do: all that select it, taken together, as the cluster takes them. */
import type { Resource } from "../../support/template";

type Labels = Readonly<Record<string, string>>;

/** The pods of a rendered chart, by component. */
export function podLabels(objects: readonly Resource[]): Record<string, Labels> {
  const templates = objects.flatMap(({ spec }) => spec?.template?.metadata?.labels ?? []);
  return Object.fromEntries(templates.map((labels) => [labels["app.kubernetes.io/component"], labels]));
}

/** From where a pod may be reached, as `source port`; undefined where any may. */
export const reachableBy = (objects: readonly Resource[], pod: Labels) => allowed(objects, pod, "Ingress", "from");

/** What a pod may reach, as `destination port`; undefined where it may reach all. */
export const mayReach = (objects: readonly Resource[], pod: Labels) => allowed(objects, pod, "Egress", "to");

function allowed(objects: readonly Resource[], pod: Labels, type: "Ingress" | "Egress", peers: "from" | "to") {
  const policies = objects.filter(
    ({ kind, spec }) => kind === "NetworkPolicy" && spec.policyTypes.includes(type) && selects(spec.podSelector, pod),
  );
  if (policies.length === 0) return undefined;
  const rules = policies.flatMap(({ spec }) => spec[type.toLowerCase()] ?? []);
  return rules
    .flatMap((rule) => {
      if (rule[peers] === undefined) throw new Error("a rule without peers opens everything");
      return rule[peers].flatMap((peer: Resource) => rule.ports.map(({ port }: Resource) => `${name(peer)} ${port}`));
    })
    .filter((one, index, all) => all.indexOf(one) === index)
    .sort();
}

function selects({ matchLabels = {}, matchExpressions = [] }: Resource, pod: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => pod[key] === value) &&
    matchExpressions.every(({ key, operator, values }: Resource) =>
      operator === "In" ? values.includes(pod[key]) : operator === "NotIn" && !values.includes(pod[key]),
    )
  );
}

function name({ ipBlock, namespaceSelector, podSelector }: Resource): string {
  if (ipBlock !== undefined) return ipBlock.except ? `${ipBlock.cidr} but ${ipBlock.except}` : ipBlock.cidr;
  if (namespaceSelector !== undefined) return namespaceSelector.matchLabels["kubernetes.io/metadata.name"];
  const { matchLabels, matchExpressions } = podSelector;
  const instance = matchLabels["app.kubernetes.io/instance"];
  const components = matchExpressions?.[0].values ?? [matchLabels["app.kubernetes.io/component"]];
  return components.map((component: string) => `${instance}-${component}`).join(",");
}
