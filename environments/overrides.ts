import type { Fault } from "../constructs/core/errors";
import { awsSchema } from "./aws-schema";
import { googleSchema } from "./google-schema";
import type { EnvironmentInput } from "./schema";

const PREFIX = "MOODLE_PLATFORM__";

/** One field set from the outside. */
export interface Override {
  readonly variable: string;
  /** Path of the field in the environment, in the schema's own spelling. */
  readonly path: readonly string[];
}

interface Overridden {
  readonly input: EnvironmentInput;
  readonly overrides: readonly Override[];
}

/**
 * Lays environment variables over environments. A variable's path is matched without regard to case and underscores:
 * `INSTANCE_CLASS` is `instanceClass`. A value is read as the type that the field has; lists and objects are JSON.
 */
export function withOverrides(
  inputs: readonly EnvironmentInput[],
  variables: Readonly<Record<string, string | undefined>>,
): { overridden: Overridden[]; faults: Fault[] } {
  const faults: Fault[] = [];
  const overridden = inputs.map((input): { input: EnvironmentInput; overrides: Override[] } => ({
    input,
    overrides: [],
  }));
  for (const [variable, text] of Object.entries(variables)) {
    if (!variable.startsWith(PREFIX) || text === undefined) continue;
    const [environment = "", ...words] = variable.slice(PREFIX.length).split("__");
    const target = overridden.find(({ input }) => spelling(input.name) === spelling(environment));
    const names = inputs.map(({ name }) => name).filter((name) => typeof name === "string");
    if (target === undefined) {
      faults.push(unknown(variable, text, environment, names));
      continue;
    }
    const found = findField(target.input, words);
    if ("options" in found) {
      faults.push(unknown(variable, text, words.join("__"), found.options));
      continue;
    }
    target.input = set(target.input, found.path, read(text, found.schema)) as EnvironmentInput;
    target.overrides.push({ variable, path: found.path });
  }
  return { overridden, faults };
}

function unknown(variable: string, given: string, word: string, options: readonly string[]): Fault {
  return {
    path: variable,
    given,
    allowed: `${PREFIX}<environment>__<field>; in place of ${word || "nothing"} one of: ${options.join(", ")}`,
    remedy: "correct or unset the variable",
  };
}

/** The parts of a zod schema that a walk needs. */
interface Node {
  readonly def: {
    readonly type: string;
    readonly innerType?: { _zod: Node };
    readonly shape?: Readonly<Record<string, { _zod: Node }>>;
    readonly options?: readonly { _zod: Node }[];
  };
}

type Field =
  | { readonly path: readonly string[]; readonly schema: readonly Node[] }
  | { readonly options: readonly string[] };

function findField(input: EnvironmentInput, words: readonly string[]): Field {
  let nodes: Node[] = [(input.cloud === "google" ? googleSchema : awsSchema)._zod as unknown as Node];
  const path: string[] = [];
  for (const word of words) {
    const fields = nodes.flatMap((node) => Object.entries(node.def.shape ?? {}));
    const matches = fields.filter(([name]) => spelling(name) === spelling(word));
    const field = matches[0]?.[0];
    if (field === undefined) return { options: [...new Set(fields.map(([name]) => [...path, name].join(".")))] };
    path.push(field);
    nodes = matches.flatMap(([, child]) => unwrap(child._zod));
  }
  if (path.length === 0) return { options: nodes.flatMap((node) => Object.keys(node.def.shape ?? {})) };
  return { path, schema: nodes };
}

/** Defaults and optionality peeled off, unions opened. */
function unwrap(node: Node): Node[] {
  if (node.def.innerType !== undefined) return unwrap(node.def.innerType._zod);
  if (node.def.options !== undefined) return node.def.options.flatMap((option) => unwrap(option._zod));
  return [node];
}

function read(text: string, schema: readonly Node[]): unknown {
  if (schema.some(({ def }) => def.type === "string" || def.type === "enum" || def.type === "literal")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function set(target: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const map = (target ?? {}) as Record<string, unknown>;
  return { ...map, [key]: set(map[key], rest, value) };
}

function spelling(word: unknown): string {
  return typeof word === "string" ? word.replaceAll(/[_-]/g, "").toLowerCase() : "";
}
