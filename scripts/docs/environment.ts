import { awsSchema } from "../../environments/aws-schema";
import { googleSchema } from "../../environments/google-schema";
import { code, heading, prose, table } from "./markdown";

/** The parts of a zod schema that a page needs. */
interface Schema {
  readonly description?: string;
  readonly minValue?: number | null;
  readonly maxValue?: number | null;
  readonly minLength?: number | null;
  readonly maxLength?: number | null;
  readonly def: {
    readonly type: string;
    readonly innerType?: Schema;
    readonly element?: Schema;
    readonly valueType?: Schema;
    readonly defaultValue?: unknown;
    readonly shape?: Readonly<Record<string, Schema>>;
    readonly options?: readonly Schema[];
    readonly discriminator?: string;
    readonly entries?: Readonly<Record<string, string>>;
    readonly values?: readonly unknown[];
  };
  safeParse(value: unknown): { readonly error?: { readonly issues: readonly { readonly message: string }[] } };
}

/** A schema without the wrappers that say what happens where it is left out. */
interface Field {
  readonly schema: Schema;
  readonly description: string;
  /** JSON of the default; absent where the field is required, or its default follows from other fields. */
  readonly fallback?: string;
  readonly isRequired: boolean;
}

export interface Row {
  readonly path: string;
  readonly allowed: string;
  readonly default: string;
  readonly description: string;
}

export function environmentPage(): string {
  return [
    ...heading("Fields of an environment"),
    "What `environments/*.ts` may say. A field of another cloud, or one that does not exist, is refused. How several fields",
    "must fit together is in [`environments/rules.ts`](../../environments/rules.ts); a fault names its remedy.",
    "",
    "Every field can be set from the outside: `MOODLE_PLATFORM__<ENVIRONMENT>__<FIELD>`, with `__` between the parts of a path.",
    "",
    ...cloudSection("Amazon Web Services", awsSchema),
    ...cloudSection("Google Cloud", googleSchema),
  ].join("\n");
}

function cloudSection(title: string, schema: Schema): string[] {
  return [
    `## ${title}`,
    "",
    ...table(
      ["field", "allowed", "default", "description"],
      environmentRows(schema).map((row) => [code(row.path), row.allowed, row.default, prose(row.description)]),
    ),
  ];
}

/** Every field that holds a value; a section of fields has a row for its description alone. */
export function environmentRows(schema: Schema, path = "", suffix = ""): Row[] {
  return Object.entries(schema.def.shape ?? {}).flatMap(([name, child]) => {
    const field = unwrap(child);
    return fieldRows(path === "" ? name : `${path}.${name}`, field, suffix);
  });
}

function fieldRows(path: string, field: Field, suffix: string): Row[] {
  const { schema } = field;
  const description = field.description + suffix;
  if (schema.def.type === "object") {
    return [{ path, allowed: "", default: absent(field), description }, ...environmentRows(schema, path, suffix)];
  }
  const element = schema.def.type === "array" ? unwrap(schema.def.element).schema : undefined;
  if (element?.def.type === "object") {
    return [
      { path, allowed: "a list", default: absent(field), description },
      ...environmentRows(element, `${path}[]`, suffix),
    ];
  }
  if (schema.def.type === "union" && schema.def.discriminator !== undefined) {
    return [{ path, allowed: "", default: absent(field), description }, ...unionRows(path, schema, field.fallback)];
  }
  return [{ path, allowed: prose(allowed(schema)), default: absent(field), description }];
}

/** The field that decides, then what all variants share, then what only some have. */
function unionRows(path: string, { def }: Schema, fallback: string | undefined): Row[] {
  const { options = [], discriminator = "" } = def;
  const decides = options.map((option) => literals(unwrap(option.def.shape?.[discriminator]).schema));
  const chosen = fallback === undefined ? undefined : JSON.parse(fallback)[discriminator];
  const variants = options.map((option, index) => ({
    suffix: ` Only with ${discriminator} ${decides[index]}.`,
    rows: (text: string) =>
      environmentRows(option, path, text).filter((row) => row.path !== `${path}.${discriminator}`),
  }));
  const counts = new Map<string, number>();
  const key = (row: Row) => JSON.stringify(row);
  for (const { rows } of variants) for (const row of rows("")) counts.set(key(row), (counts.get(key(row)) ?? 0) + 1);
  const isShared = (row: Row) => counts.get(key(row)) === options.length;
  return [
    {
      path: `${path}.${discriminator}`,
      allowed: decides.join(", "),
      default: chosen === undefined ? "required" : code(JSON.stringify(chosen)),
      description: "Which variant it is.",
    },
    ...variants.flatMap(({ rows, suffix }) => {
      const plain = rows("");
      return rows(suffix).filter((_, index) => plain[index] !== undefined && !isShared(plain[index]));
    }),
    ...(variants[0]?.rows("").filter(isShared) ?? []),
  ];
}

function unwrap(schema: Schema | undefined): Field {
  if (schema === undefined) throw new Error("no such field in the schema");
  const { type, innerType, defaultValue } = schema.def;
  const description = schema.description ?? "";
  if (innerType === undefined) return { schema, description, isRequired: true };
  const inner = unwrap(innerType);
  const isFallback = type === "default" || type === "prefault";
  return {
    schema: inner.schema,
    description: description === "" ? inner.description : description,
    fallback: isFallback ? JSON.stringify(defaultValue) : inner.fallback,
    isRequired: false,
  };
}

function absent({ fallback, isRequired }: Field): string {
  if (isRequired) return "required";
  return fallback === undefined || fallback.startsWith("{") ? "" : code(fallback);
}

function allowed(schema: Schema): string {
  const { def } = schema;
  switch (def.type) {
    case "enum":
    case "literal":
      return literals(schema);
    case "boolean":
      return "`true`, `false`";
    case "number":
      return (schema.maxValue ?? Infinity) < Number.MAX_SAFE_INTEGER
        ? `${schema.minValue} to ${schema.maxValue}`
        : `more than ${schema.minValue ?? 0}`;
    case "array":
      return `a list: ${allowed(unwrap(def.element).schema)}`;
    case "record":
      return `by name: ${allowed(unwrap(def.valueType).schema)}`;
    default:
      return text(schema);
  }
}

/** What a string may be is what the error says of one that it may not be. */
function text(schema: Schema): string {
  const message = schema.safeParse("\n").error?.issues[0]?.message;
  if (message !== undefined) return message;
  return schema.maxLength ? `text of ${schema.minLength} to ${schema.maxLength} characters` : "text";
}

function literals({ def }: Schema): string {
  const values = def.values ?? Object.values(def.entries ?? {});
  return values.map((value) => code(JSON.stringify(value))).join(", ");
}
