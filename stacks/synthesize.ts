import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Manifest } from "cdktf";
import type { Environment } from "../environments/defaults";
import { addStacks } from ".";

/**
 * Writes the stacks of `environments` to `outdir`, all of them or none: a stack that cannot be made, the last one even,
 * leaves there what an earlier run has written. What Terraform keeps beside a stack's JSON stays in any case.
 */
export async function synthesize(environments: readonly Environment[], outdir: string): Promise<void> {
  const staged = mkdtempSync(join(tmpdir(), "moodle-platform-"));
  try {
    const app = new App({ outdir: staged });
    for (const environment of environments) await addStacks(app, environment);
    app.synth();
    for (const { workingDirectory } of Object.values(app.manifest.stacks)) {
      rmSync(join(outdir, workingDirectory, "assets"), { recursive: true, force: true });
      cpSync(join(staged, workingDirectory), join(outdir, workingDirectory), { recursive: true });
    }
    cpSync(join(staged, Manifest.fileName), join(outdir, Manifest.fileName));
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}
