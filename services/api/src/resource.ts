import type { z } from "zod";
import type { Rule } from "./fields";

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  /** Above 0 only `--output wide` shows it. @default 0 */
  readonly priority?: number;
}

/** All that a custom resource definition says of one resource. */
export interface ResourceDefinition {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  /** Rules over the whole resource, its name for instance. */
  readonly rules: readonly Rule[];
  readonly columns: readonly PrinterColumn[];
}
