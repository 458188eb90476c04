import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Assignment, Result } from "./clients";

/** Read before rights are given up. */
const CLIENTS = readFileSync(join(__dirname, "clients.js"), "utf8");

/** What a web server did in one run. */
export interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Milliseconds in which 95 of 100 requests were answered. */
  readonly p95: number;
}

/** Loads one address for so many seconds from so many clients at once, and refuses a run with an error in it. */
export async function load(assignment: Assignment): Promise<Load> {
  const [result] = (await once(new Worker(CLIENTS, { eval: true, workerData: assignment }), "message")) as [Result];
  if ("error" in result) throw new Error(`${assignment.url}: ${result.error}`);
  const sorted = [...result.milliseconds].sort((left, right) => left - right);
  const requests = sorted.length;
  const p95 = sorted[Math.ceil(requests * 0.95) - 1] ?? Number.NaN;
  return { requests, requestsPerSecond: requests / result.seconds, p95 };
}
