import { z } from "zod";

/** A rule that the API server checks, in CEL: https://kubernetes.io/docs/reference/using-api/cel/ */
export interface Rule {
  readonly rule: string;
  /** What is allowed and what to do, for whoever wrote the resource. */
  readonly message: string;
}

/** A schema of which the API server checks these rules as well. */
export function checked<Schema extends z.ZodType>(schema: Schema, ...rules: readonly Rule[]): Schema {
  return schema.meta({ ...schema.meta(), "x-kubernetes-validations": rules });
}

/** A list in which `key` tells the items apart. */
export function listByKey<Schema extends z.ZodType>(schema: Schema, key: string): Schema {
  return schema.meta({ ...schema.meta(), "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] });
}

export const text = (maxLength: number) => z.string().min(1).max(maxLength);

export const count = (min: number, max: number) => z.int().min(min).max(max);

/** Name of an object. */
export const objectName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
  .max(253);

/** Name of a release, which leaves room for the suffixes of its objects. */
export const releaseName = z
  .string()
  .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/)
  .max(40);

/** On the whole resource: its name is the release's. */
export const RELEASE_NAME_RULE: Rule = {
  rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$')",
  message:
    "metadata.name becomes the name of the Helm release: 1 to 40 lower-case letters, digits and hyphens, a letter first",
};

export const suspend = z
  .boolean()
  .default(false)
  .describe("Whether the operator leaves everything as it is. Deletion waits as well.");

export const rollout = z
  .strictObject({
    timeoutSeconds: count(60, 86400)
      .default(3600)
      .describe(
        "Seconds until a revision that is not ready counts as failed: nodes, images and the database included.",
      ),
    attempts: count(1, 5)
      .default(3)
      .describe("Failures of one specification after which the operator stops trying and sets Stalled."),
    test: z.boolean().default(true).describe("Whether `helm test` decides on a revision once its objects are ready."),
  })
  .prefault({})
  .describe("How a new revision is put in place.");
