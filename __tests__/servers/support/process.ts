import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Whom a server runs as: PostgreSQL refuses root. Nothing where the tests do not run as root. */
export function runAs(user: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, user], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** A TCP port of 127.0.0.1 that nobody uses. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server program of the test, ended by its process id. */
export class ServerProcess {
  private readonly child: ChildProcess;
  private output = "";

  constructor(command: string, args: readonly string[], options: { uid?: number; gid?: number; cwd?: string }) {
    this.child = spawn(command, [...args], { ...options, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.output = (this.output + chunk.toString("utf8")).slice(-10_000);
      });
    }
  }

  /** Waits until `probe` stops throwing. */
  async ready(probe: () => Promise<unknown>): Promise<void> {
    for (let attempt = 0; attempt < 150; attempt++) {
      if (this.child.exitCode !== null) throw new Error(`the server ended:\n${this.output}`);
      try {
        await probe();
        return;
      } catch {
        await sleep(100);
      }
    }
    throw new Error(`the server does not answer:\n${this.output}`);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill(signal);
    await ended;
  }
}
