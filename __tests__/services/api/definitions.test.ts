import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { DEFINITIONS } from "../../../scripts/docs/custom-resources";
import {
  customResourceDefinition,
  RESOURCES,
  type StructuralSchema,
  structuralSchema,
} from "../../../services/api/src";

test.each(Object.entries(DEFINITIONS))("%s is as its schema says", (path, definition) => {
  expect(readFileSync(join(__dirname, "../../..", path), "utf8")).toBe(definition());
});

test.each(RESOURCES.map((resource) => [resource.plural, resource] as const))(
  "the definition of %s is the same to Kubernetes, which reads YAML 1.1",
  (plural, resource) => {
    const text = DEFINITIONS[`charts/moodle-operator/templates/crds/${plural}.yaml`]?.() ?? "";
    expect(parse(text, { version: "1.1" })).toEqual(JSON.parse(JSON.stringify(customResourceDefinition(resource))));
  },
);

describe.each(RESOURCES.map((resource) => [resource.kind, resource] as const))("%s", (_, resource) => {
  const definition = customResourceDefinition(resource);
  const [version] = definition.spec.versions;

  test("stays when the release that brought it goes", () => {
    expect(definition.metadata.annotations).toEqual({ "helm.sh/resource-policy": "keep" });
  });

  test("has a status of its own, a short name and columns", () => {
    expect(version?.subresources).toEqual({ status: {} });
    expect(definition.spec.names.shortNames).toHaveLength(1);
    expect(version?.additionalPrinterColumns.map(({ name }) => name)).toContain("Age");
  });

  test("every rule of the API server says what to do", () => {
    const rules = JSON.stringify(version?.schema).match(/"message":"[^"]+"/g) ?? [];
    expect(rules.length).toBeGreaterThan(0);
    for (const rule of rules) expect(rule).toMatch(/: |must|either/);
  });

  test("every field of the specification beside the charts' values is described", () => {
    expect([...undescribed(structuralSchema(resource.spec), "spec")]).toEqual([]);
  });
});

function* undescribed(schema: StructuralSchema, path: string): Generator<string> {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.description === undefined) yield `${path}.${name}`;
    if (name !== "values") yield* undescribed(property.items ?? property, `${path}.${name}`);
  }
}

describe("a structural schema", () => {
  test("closes objects by saying nothing, and opens those that may hold more", () => {
    expect(structuralSchema(z.strictObject({}))).toEqual({ type: "object", properties: {} });
    expect(structuralSchema(z.looseObject({}))).toMatchObject({ "x-kubernetes-preserve-unknown-fields": true });
  });

  test("has no bounds that nobody set", () => {
    expect(structuralSchema(z.int())).toEqual({ type: "integer" });
    expect(structuralSchema(z.int().min(1).max(5))).toEqual({ type: "integer", minimum: 1, maximum: 5 });
  });

  test("refuses what the API server would not take", () => {
    expect(() => structuralSchema(z.union([z.string(), z.int()]))).toThrow('a structural schema has no "anyOf"');
  });
});
