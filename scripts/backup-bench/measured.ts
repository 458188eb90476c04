import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** Linux counts CPU time in hundredths of a second. */
const TICKS = 100;
/** Milliseconds between looks at a process. */
const LOOK = 20;

/** What a program used. */
export interface Usage {
  readonly seconds: number;
  /** With the programs that it started. */
  readonly cpuSeconds: number;
  /** Most memory that the program itself had, without those that it started. */
  readonly peakMb: number;
  readonly output: string;
}

/** Runs a program to its end. Throws where it fails, with what it said. */
export async function measured(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Usage> {
  const startedAt = performance.now();
  const child = spawn(command, [...args], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let [output, errors, cpuSeconds, peakMb] = ["", "", 0, 0];
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  const timer = setInterval(() => {
    const seen = look(child.pid ?? 0);
    if (seen !== undefined) [cpuSeconds, peakMb] = [seen.cpuSeconds, Math.max(peakMb, seen.peakMb)];
  }, LOOK);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => clearInterval(timer));
  if (code !== 0) throw new Error(`${command} ${args[0] ?? ""} ended with ${code}:\n${errors}${output}`);
  return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds, peakMb, output };
}

function look(pid: number): { cpuSeconds: number; peakMb: number } | undefined {
  try {
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: utime, stime, and those of children.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ").slice(11, 15) ?? [];
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    if (peak === undefined) return undefined;
    return { cpuSeconds: fields.reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS, peakMb: Number(peak) / 1024 };
  } catch {
    return undefined;
  }
}
