import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { StoreConfiguration } from "../../../services/backup/src/stores/configuration";

export interface Run {
  readonly command: "snapshot" | "prune" | "restore";
  readonly repository: StoreConfiguration;
  readonly bucket?: StoreConfiguration;
  readonly volume: string;
  readonly rows: string;
  readonly scratch: string;
  readonly secret: string;
  readonly snapshot?: string;
  readonly target?: string;
  readonly dieAtCall?: number;
}

export interface Ended {
  /** Nothing where it was killed. */
  readonly exitCode: number | null;
  /** What a run that failed has said. */
  readonly output: string;
}

/** How a run is killed: by itself at a call of its repository, or from outside after a time. */
export type Death = { readonly atCall: number } | { readonly afterMilliseconds: number };

/** A run as a process, killed with SIGKILL where `death` says so before it is over. */
export async function runProcess(run: Run, death?: Death): Promise<Ended> {
  const dieAtCall = death !== undefined && "atCall" in death ? death.atCall : undefined;
  const child: ChildProcess = fork(join(__dirname, "child.js"), [JSON.stringify({ ...run, dieAtCall })], {
    execArgv: [],
    // Jest's own environment, which servers of the test have added to.
    env: { ...process.env },
    silent: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));
  const ended = new Promise<Ended>((resolve) =>
    child.once("close", (exitCode) => resolve({ exitCode, output: exitCode === 0 ? "" : output })),
  );
  const ready = new Promise<void>((resolve) => child.once("message", () => resolve()));
  await Promise.race([ready, ended]);
  if (death !== undefined && "afterMilliseconds" in death) {
    await Promise.race([sleep(death.afterMilliseconds), ended]);
    child.kill("SIGKILL");
  }
  return ended;
}
