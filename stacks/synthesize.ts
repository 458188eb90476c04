import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { App, Manifest } from "cdktf";
import type { Environment } from "../environments/defaults";
import { addStacks } from ".";
import { asShortRun } from "./short-run";

/**
 * Writes the stacks of `environments` to `outdir`, all of them or none: a stack that cannot be made, the last one even,
 * leaves there what an earlier run has written. What Terraform keeps beside a stack's JSON stays in any case.
 */
export async function synthesize(environments: readonly Environment[], outdir: string): Promise<void> {
  mkdirSync(dirname(outdir), { recursive: true });
  // Beside it, so that a rename does; by a name of its own, so that two runs do not meet.
  const staged = mkdtempSync(`${outdir}.`);
  try {
    const app = new App({ outdir: staged });
    await asShortRun(async () => {
      for (const environment of environments) await addStacks(app, environment);
      app.synth();
    });
    for (const { workingDirectory } of Object.values(app.manifest.stacks)) {
      rmSync(join(outdir, workingDirectory, "assets"), { recursive: true, force: true });
      for (const file of readdirSync(join(staged, workingDirectory))) {
        replace(staged, outdir, join(workingDirectory, file));
      }
    }
    replace(staged, outdir, Manifest.fileName);
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}

function replace(from: string, to: string, path: string): void {
  mkdirSync(dirname(join(to, path)), { recursive: true });
  rmSync(join(to, path), { recursive: true, force: true });
  renameSync(join(from, path), join(to, path));
}
