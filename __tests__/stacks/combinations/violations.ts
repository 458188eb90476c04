/** What promises about every combination are checked with. */
import type { Cloud, Combinations, SynthesizedCombination } from "../../support/stacks";
import type { Resource, Template } from "../../support/template";

/** Runs a check on every stack, and names the combination, the stack and the resource of what it returns. */
export type Violations = (
  check: (template: Template, combination: SynthesizedCombination) => readonly string[],
) => string[];

export const violationsIn =
  (all: Combinations): Violations =>
  (check) =>
    all().flatMap((combination) =>
      [combination.environment, combination.bootstrap].flatMap((template, index) =>
        check(template, combination).map((what) => `${combination.name} ${index === 0 ? "" : "bootstrap "}${what}`),
      ),
    );

/** The addresses of the resources of a type for which `holds` is false. */
export function breaking(template: Template, type: string, holds: (resource: Resource) => boolean): string[] {
  return Object.entries(template.all(type))
    .filter(([, resource]) => !holds(resource))
    .map(([id]) => `${type}.${id}`);
}

export const isReference = (value: unknown): boolean => typeof value === "string" && /\$\{.+\}/s.test(value);
export const first = (value: unknown): Resource => (Array.isArray(value) ? value[0] : value) ?? {};

/** The rules for resources of this cloud, and of the cluster in it. */
export const rulesOf = <Rule>(cloud: Cloud, rules: Readonly<Record<string, Rule>>): [string, Rule][] =>
  Object.entries(rules).filter(([type]) => !type.startsWith(cloud === "aws" ? "google_" : "aws_"));
