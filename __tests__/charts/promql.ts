/** The part of Prometheus' own parser that is used: its types are those of a module, which a CommonJS file cannot import. */
interface Parser {
  parse(query: string): {
    iterate(visitor: {
      enter(node: { type: { name: string; isError: boolean }; from: number; to: number }): void;
    }): void;
  };
}

const { parser }: { parser: Parser } = require("@prometheus-io/lezer-promql");

/** Texts of all parts of a PromQL expression that are of one kind of Prometheus's own grammar. */
function parts(expression: string, kind: "Identifier" | "LabelMatchers"): string[] {
  // Grafana puts a duration there.
  const query = expression.replaceAll("$__rate_interval", "5m");
  const found: string[] = [];
  parser.parse(query).iterate({
    enter({ type, from, to }) {
      if (type.isError) throw new Error(`not PromQL, from character ${from}: ${query.slice(from)}`);
      if (type.name === kind) found.push(query.slice(from, to));
    },
  });
  return found;
}

/** Names of the metrics that a PromQL expression asks for. */
export function metricsIn(expression: string): string[] {
  return [...new Set(parts(expression, "Identifier"))];
}

/** The labels by which it selects, in braces, of each metric that has some. */
export function selectorsIn(expression: string): string[] {
  return parts(expression, "LabelMatchers");
}
