import type { z } from "zod";

/** How variables that set fields begin: `MOODLE_BACKUP__DATABASE__HOST`. */
export const PREFIX = "MOODLE_BACKUP__";

/** The parts of a zod schema that a walk needs. */
interface Node {
  readonly def: {
    readonly type: string;
    readonly innerType?: { readonly _zod: Node };
    readonly shape?: Readonly<Record<string, { readonly _zod: Node }>>;
    readonly options?: readonly { readonly _zod: Node }[];
  };
}

/**
 * Lays variables over what the file says. A variable's path is matched without regard to case and underscores:
 * `PASSWORD_FILE` is `passwordFile`. A value is read as the type that the field has; objects are JSON.
 */
export function withVariables(
  input: unknown,
  schema: z.ZodType,
  variables: Readonly<Record<string, string | undefined>>,
): { input: unknown; faults: string[] } {
  const faults: string[] = [];
  let result = input;
  for (const [variable, text] of Object.entries(variables)) {
    if (!variable.startsWith(PREFIX) || text === undefined) continue;
    const found = findField(schema, variable.slice(PREFIX.length).split("__"));
    if ("options" in found) {
      faults.push(`${variable}: no such field; ${PREFIX}<FIELD> with one of ${found.options.join(", ")}`);
      continue;
    }
    result = set(result, found.path, read(text, found.nodes));
  }
  return { input: result, faults };
}

type Field =
  | { readonly path: readonly string[]; readonly nodes: readonly Node[] }
  | { readonly options: readonly string[] };

function findField(schema: z.ZodType, words: readonly string[]): Field {
  let nodes = unwrap(schema._zod as unknown as Node);
  const path: string[] = [];
  for (const word of words) {
    const fields = nodes.flatMap((node) => Object.entries(node.def.shape ?? {}));
    const matches = fields.filter(([name]) => spelling(name) === spelling(word));
    const name = matches[0]?.[0];
    if (name === undefined) return { options: [...new Set(fields.map(([field]) => [...path, field].join(".")))] };
    path.push(name);
    nodes = matches.flatMap(([, child]) => unwrap(child._zod));
  }
  return { path, nodes };
}

/** Defaults and optionality peeled off, unions opened. */
function unwrap(node: Node): Node[] {
  if (node.def.innerType !== undefined) return unwrap(node.def.innerType._zod);
  if (node.def.options !== undefined) return node.def.options.flatMap((option) => unwrap(option._zod));
  return [node];
}

function read(text: string, nodes: readonly Node[]): unknown {
  if (nodes.some(({ def }) => def.type === "string" || def.type === "enum" || def.type === "literal")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function set(target: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const map = typeof target === "object" && target !== null ? (target as Record<string, unknown>) : {};
  return { ...map, [key]: set(map[key], rest, value) };
}

function spelling(word: string): string {
  return word.replaceAll(/[_-]/g, "").toLowerCase();
}
