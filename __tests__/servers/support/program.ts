import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const MAIN = join(__dirname, "../../../services/database-roles/dist/main.js");

/** How a run of the program ended. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its log: standard output. */
  readonly output: string;
  /** Standard error, where only Node itself and crashes write. */
  readonly errors: string;
}

/** One run of the program as a process of its own. */
export class Program {
  private readonly child: ChildProcess;
  readonly ended: Promise<Outcome>;

  /** `directory` takes the configuration file; the environment is only what is given. */
  constructor(directory: string, configuration: unknown, environment: Readonly<Record<string, string>>) {
    const file = join(directory, "config.json");
    writeFileSync(file, typeof configuration === "string" ? configuration : JSON.stringify(configuration));
    this.child = spawn(process.execPath, [MAIN, file], {
      env: { HOME: directory, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [output, errors] = [this.child.stdout, this.child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
      return () => Buffer.concat(chunks).toString("utf8");
    });
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code, signal) => {
        resolve({ code, signal, output: output?.() ?? "", errors: errors?.() ?? "" });
      });
    });
  }

  /** At once, without a chance to clean up. */
  kill(): void {
    this.child.kill("SIGKILL");
  }
}
