/**
 * What an environment file may say, by its cloud. Every field has a description with its unit and its default; the
 * reference in `docs/reference/environment.md` is generated from them. Rules that join several fields are in `rules.ts`.
 */
import type { z } from "zod";
import type { awsSchema } from "./aws-schema";
import type { googleSchema } from "./google-schema";

/** What an environment file writes. */
export type EnvironmentInput = z.input<typeof awsSchema> | z.input<typeof googleSchema>;

/** The same with every fixed default filled in. */
export type ParsedEnvironment = z.output<typeof awsSchema> | z.output<typeof googleSchema>;
