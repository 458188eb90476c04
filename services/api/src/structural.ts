import { z } from "zod";

/** A schema as the API server takes it: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema */
export interface StructuralSchema {
  type?: string;
  description?: string;
  properties?: Record<string, StructuralSchema>;
  required?: string[];
  items?: StructuralSchema;
  [keyword: string]: unknown;
}

/** What is taken over as it is. Everything else has a meaning of its own, or is refused below. */
const KEPT = new Set([
  ...["type", "description", "default", "enum", "pattern", "format", "minimum", "maximum"],
  ...["minLength", "maxLength", "minItems", "maxItems", "required"],
  ...["x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"],
]);

/** A schema in the words of a custom resource definition. */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  return convert(z.toJSONSchema(schema, { io: "input" }) as StructuralSchema);
}

function convert(schema: StructuralSchema): StructuralSchema {
  const result: StructuralSchema = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "properties") {
      const properties = Object.entries(value as Record<string, StructuralSchema>);
      result.properties = Object.fromEntries(properties.map(([name, property]) => [name, convert(property)]));
    } else if (keyword === "items") {
      result.items = convert(value as StructuralSchema);
    } else if (keyword === "additionalProperties") {
      // A closed object is the API server's default; an open one must say so.
      if (value !== false) result["x-kubernetes-preserve-unknown-fields"] = true;
    } else if (KEPT.has(keyword)) {
      if (!isBoundOfNumbers(keyword, value)) result[keyword] = value;
    } else if (keyword !== "$schema") {
      throw new Error(`a structural schema has no "${keyword}"`);
    }
  }
  return result;
}

/** zod writes the range of what JavaScript can count into every integer without bounds. */
function isBoundOfNumbers(keyword: string, value: unknown): boolean {
  return (keyword === "minimum" || keyword === "maximum") && Math.abs(value as number) === Number.MAX_SAFE_INTEGER;
}
