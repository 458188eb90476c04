/** Real deploys with Terraform, where it and the plugins of what runs in the cluster can be had. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROVIDERS } from "../../../constructs/versions";
import { missingTestbed, run } from "./testbed";

const QUIET = { CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", TF_REGISTRY_DISCOVERY_RETRY: "0" };

/** Milliseconds in which the plugins must have been found. */
const PLUGIN_TIMEOUT = 120_000;

export const terraform = (folder: string, args: readonly string[]) =>
  run(process.env.TERRAFORM_BINARY_NAME ?? "terraform", args, { cwd: folder, env: QUIET, timeout: PLUGIN_TIMEOUT });

/** Why there can be no deploy with Terraform, or undefined where there can. */
export async function missingPlugins(): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "moodle-platform-plugins-"));
  const { kubernetes, helm } = PROVIDERS;
  writeFileSync(
    join(folder, "main.tf.json"),
    JSON.stringify({ terraform: { required_providers: { kubernetes, helm } } }),
  );
  try {
    await terraform(folder, ["init", "-backend=false", "-input=false", "-no-color"]);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Like `describe`; every test is skipped where there is no testbed, or `start.ts` found no plugins. */
export function describeOnTerraform(name: string, tests: () => void): void {
  const available = missingTestbed() === undefined && process.env.E2E_WITHOUT_TERRAFORM === undefined;
  (available ? describe : describe.skip)(name, tests);
}
