import { Fn, Token, Tokenization } from "cdktf";
import { dump } from "js-yaml";

type Values = Readonly<Record<string, unknown>>;

/**
 * Helm values as the documents that `helm_release.values` takes, later ones merged over earlier ones: first what is
 * known at synthesis, as plain YAML that a reviewer can read in a diff; then what Terraform knows only after apply.
 * In one document, a single unknown value would hide every other from the plan.
 */
export function helmValues(values: Values): string[] {
  const [known, computed] = split(values);
  const documents: string[] = [];
  if (known !== undefined) {
    // Helm reads YAML 1.1, to which yes, on, y and 12:30:45 are no strings unless they are quoted, as they are here.
    // js-yaml takes plain objects of its own realm alone.
    const document = dump(JSON.parse(JSON.stringify(known)), { lineWidth: -1, noRefs: true, quoteStyle: "double" });
    documents.push(document.replaceAll(/[$%](?=\{)/g, "$&$&"));
  }
  if (computed !== undefined) documents.push(Fn.yamlencode(escapeLiterals(computed)));
  return documents;
}

/** Maps are split key by key. A list is replaced as a whole when Helm merges, so one token in it makes it computed. */
function split(value: unknown): [known: unknown, computed: unknown] {
  if (!holdsToken(value)) return [value, undefined];
  if (!isMap(value)) return [undefined, value];
  const known: Record<string, unknown> = {};
  const computed: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    const [childKnown, childComputed] = split(child);
    if (childKnown !== undefined) known[key] = childKnown;
    if (childComputed !== undefined) computed[key] = childComputed;
  }
  return [Object.keys(known).length === 0 ? undefined : known, computed];
}

function holdsToken(value: unknown): boolean {
  if (Token.isUnresolved(value)) return true;
  if (Array.isArray(value)) return value.some(holdsToken);
  return isMap(value) && Object.values(value).some(holdsToken);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !Tokenization.isResolvable(value);
}

/** Inside an expression cdktf escapes `${` and newlines of a string literal, but neither quotes, backslashes nor `%{`. */
function escapeLiterals(value: unknown): unknown {
  if (typeof value === "string") {
    return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%{", "%%{");
  }
  if (Array.isArray(value)) return Token.isUnresolved(value) ? value : value.map(escapeLiterals);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, escapeLiterals(child)]));
}
