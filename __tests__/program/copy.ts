import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const root = join(__dirname, "../..");
const LEFT_OUT = ["node_modules", ".git", "dist"];

/** A copy of the program, in which a test may change what it likes. */
export class ProgramCopy {
  readonly folder = mkdtempSync(join(tmpdir(), "moodle-platform-program-"));

  constructor() {
    const isPart = (source: string) =>
      source === root || !(LEFT_OUT.includes(basename(source)) || basename(source).startsWith("cdktf.out"));
    cpSync(root, this.folder, { recursive: true, filter: isPart });
    const services = readdirSync(join(root, "services")).map((service) => join("services", service));
    for (const modules of [".", ...services].map((part) => join(part, "node_modules"))) {
      if (existsSync(join(root, modules))) symlinkSync(join(root, modules), join(this.folder, modules));
    }
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  run(command: string, args: string[], variables: Record<string, string> = {}) {
    const { CDKTF_OUTDIR: _, ...inherited } = process.env;
    const env = { ...inherited, CHECKPOINT_DISABLE: "1", CI: "1", ...variables };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: this.folder, env, encoding: "utf8" });
    return { status, output: stdout + stderr };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
