import { parse } from "yaml";
import { type Resource, Template } from "../../support/template";

/** A Helm release as a stack asks for it. */
export interface PlannedRelease {
  readonly name: string;
  readonly namespace: string;
  readonly chart: string;
  readonly version: string;
  readonly values: Resource;
}

/** The releases that a construct makes, by name. What only Terraform knows stands in their values as `computed`. */
export function plannedReleases(build: Parameters<typeof Template.from>[0]): Readonly<Record<string, PlannedRelease>> {
  return Object.fromEntries(
    Template.from(build)
      .resources("helm_release")
      .map(({ name, namespace, chart, version, values }) => [
        name,
        { name, namespace, chart, version, values: valuesOf(values) },
      ]),
  );
}

/** The documents of a release as one. What only Terraform knows stands in them as `computed`. */
export function valuesOf(documents: readonly string[] = []): Resource {
  return merge({}, ...documents.map(evaluate));
}

function evaluate(document: string): Resource {
  const expression = /^\$\{yamlencode\((.*)\)\}$/s.exec(document)?.[1];
  if (expression === undefined) return parse(document.replaceAll(/([$%])\1\{/g, "$1{"));
  const json = withoutCalls(expression.replaceAll(/"([^"]+)" = /g, '"$1": ')).replaceAll(
    /([:[,] ?)[a-z][a-z0-9_]*\.[\w.[\]-]+/g,
    '$1"computed"',
  );
  return JSON.parse(json);
}

/** Calls of functions, the innermost first. */
function withoutCalls(expression: string): string {
  const simpler = expression.replaceAll(/\b[a-z]+\([^()]*\)/g, '"computed"');
  return simpler === expression ? expression : withoutCalls(simpler);
}

/** As Helm merges documents of values: maps key by key, everything else as a whole. */
export function merge(target: Resource, ...sources: readonly Resource[]): Resource {
  for (const source of sources) {
    for (const [key, value] of Object.entries(source)) {
      target[key] = isMap(value) && isMap(target[key]) ? merge(target[key], value) : value;
    }
  }
  return target;
}

export function isMap(value: unknown): value is Resource {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
