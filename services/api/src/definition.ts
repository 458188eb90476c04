import { GROUP, VERSION } from "./group";
import type { ResourceDefinition } from "./resource";
import { type StructuralSchema, structuralSchema } from "./structural";

/** The CustomResourceDefinition of a resource. It stays when the release that brought it goes: with it every resource would. */
export function customResourceDefinition(resource: ResourceDefinition) {
  const { kind, plural, singular, shortNames, columns } = resource;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${GROUP}`, annotations: { "helm.sh/resource-policy": "keep" } },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames, categories: ["moodleplatform"] },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: wholeSchema(resource) },
        },
      ],
    },
  };
}

function wholeSchema({ description, spec, status, rules }: ResourceDefinition): StructuralSchema {
  return {
    type: "object",
    description,
    required: ["spec"],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: structuralSchema(spec),
      status: structuralSchema(status),
    },
    ...(rules.length === 0 ? {} : { "x-kubernetes-validations": rules }),
  };
}
