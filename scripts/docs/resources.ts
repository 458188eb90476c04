import { RESOURCES, type ResourceDefinition, type StructuralSchema, structuralSchema } from "../../services/api/src";
import { code, heading, prose, table } from "./markdown";

/** The page of every field of the platform's custom resources. */
export function resourcesPage(): string {
  return [
    ...heading("Resources of moodleplatform.io"),
    "What the API server accepts, and what the operator answers. How they are used, and what to do on each condition:",
    "[docs/operator.md](../operator.md).",
    "",
    ...RESOURCES.flatMap(section),
  ].join("\n");
}

function section(resource: ResourceDefinition): string[] {
  const { kind, shortNames, description, rules } = resource;
  const spec = structuralSchema(resource.spec);
  return [
    `## ${kind}`,
    "",
    `${prose(description)} Short name: ${shortNames.map(code).join(", ")}.`,
    "",
    ...table(["field", "allowed", "default", "description"], rowsOf(spec, "spec")),
    "Refused beside that:",
    "",
    ...[...rules.map(({ message }) => message), ...messages(spec)].map((message) => `- ${prose(message)}`),
    "",
    ...table(
      ["status", "description"],
      rowsOf(structuralSchema(resource.status), "status").map(([path = "", , , text = ""]) => [path, text]),
    ),
  ];
}

function rowsOf(schema: StructuralSchema, path: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const own = `${path}.${name}`;
    const isRequired = schema.required?.includes(name) === true;
    const children = property.items === undefined ? property : property.items;
    const childPath = property.items === undefined ? own : `${own}[]`;
    const row = [code(own), allowed(property), standard(property, isRequired), prose(property.description ?? "")];
    return [row, ...rowsOf(children, childPath)];
  });
}

function allowed({ type, enum: values, minimum, maximum, maxLength, pattern, items }: StructuralSchema): string {
  if (Array.isArray(values)) return values.map((value) => code(String(value))).join(", ");
  if (minimum !== undefined) return maximum === undefined ? `${minimum} or more` : `${minimum} to ${maximum}`;
  if (pattern !== undefined) return code(String(pattern));
  if (items !== undefined) return "list";
  return maxLength === undefined ? String(type) : `text, ${maxLength} characters at most`;
}

function standard({ default: value }: StructuralSchema, isRequired: boolean): string {
  if (isRequired) return "required";
  return value === undefined || JSON.stringify(value) === "{}" ? "" : code(JSON.stringify(value));
}

/** What the rules of a schema say, once each. */
function messages(schema: StructuralSchema): string[] {
  const rules = (schema["x-kubernetes-validations"] ?? []) as readonly { readonly message: string }[];
  const children = [...Object.values(schema.properties ?? {}), ...(schema.items === undefined ? [] : [schema.items])];
  return [...new Set([...rules.map(({ message }) => message), ...children.flatMap(messages)])];
}
