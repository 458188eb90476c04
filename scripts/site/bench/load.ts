import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { promisify } from "node:util";

/** What a web server did in one run. */
export interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Milliseconds in which 95 of 100 requests were answered. */
  readonly p95: number;
}

/** Loads one address for so many seconds from so many clients at once, and refuses a run with an error in it. */
export async function load(
  url: string,
  {
    cookies,
    seconds,
    clients,
    folder,
  }: { cookies: readonly string[]; seconds: number; clients: number; folder: string },
): Promise<Load> {
  // Threads of wrk take turns of their own: one thread, so that no two ask with the same cookie.
  const args = ["--threads=1", `--connections=${clients}`, `--duration=${seconds}s`, "--timeout=60s"];
  writeFileSync(`${folder}/cookies`, `${cookies.join("\n")}\n`);
  const { stdout } = await promisify(execFile)("wrk", [...args, `--script=${folder}/report.lua`, url], {
    env: { ...process.env, COOKIES: `${folder}/cookies` },
  });
  const report = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  if (report.errors > 0 || report.requests === 0) throw new Error(`${url}: not all requests succeeded:\n${stdout}`);
  return { requests: report.requests, requestsPerSecond: report.requests / report.seconds, p95: report.p95Ms };
}
