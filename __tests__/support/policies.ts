import type { Resource, Template } from "./template";

export interface PolicyStatement {
  readonly address: string;
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Set in a policy that stands on the resource it protects. */
  readonly principals: unknown;
}

/** Every statement of every IAM policy document in a stack, wherever it stands. */
export function policyStatements(template: Template): PolicyStatement[] {
  return template.types().flatMap((type) =>
    Object.entries(template.all(type)).flatMap(([id, resource]) =>
      documents(resource).flatMap((document) =>
        [document.Statement].flat().map((statement: Resource) => ({
          address: `${type}.${id}`,
          effect: statement.Effect,
          actions: [statement.Action ?? []].flat(),
          resources: [statement.Resource ?? []].flat(),
          principals: statement.Principal,
        })),
      ),
    ),
  );
}

function documents(resource: Resource): Resource[] {
  return (
    Object.values(resource)
      .flat()
      .filter((value): value is string => typeof value === "string" && value.includes('"Statement"'))
      // Quotes inside an expression are Terraform's, not the document's.
      .map((value) => JSON.parse(value.replace(/\$\{[^}]*\}/g, (expression) => expression.replaceAll('"', "'"))))
  );
}
