import { readFileSync } from "node:fs";
import { z } from "zod";

/** The program's own configuration: `charts/model-rollout` writes it. */
export const configurationSchema = z.strictObject({
  models: z.array(z.string().min(1)).describe("Models whose ConfigMaps are read, by name."),
  prometheus: z.strictObject({
    url: z
      .url({ protocol: /^https?$/, error: "an http:// or https:// address" })
      .describe("Address of Prometheus, with the path under which its API is, if any."),
  }),
  deadlineSeconds: z.int().min(10).max(3600).default(240).describe("Seconds after which a run gives up."),
});

/** What the program is told. */
export type Configuration = z.output<typeof configurationSchema>;

/** A configuration that cannot work. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/** Reads and checks the configuration file. Throws `ConfigurationError`, which names every fault. */
export function loadConfiguration(path: string): Configuration {
  let input: unknown;
  try {
    input = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new ConfigurationError(`${path}: ${(error as Error).message}`);
  }
  const result = configurationSchema.safeParse(input);
  if (!result.success) throw new ConfigurationError(`${path}: ${z.prettifyError(result.error)}`);
  return result.data;
}
