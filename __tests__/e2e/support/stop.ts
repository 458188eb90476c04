import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { missingTestbed, run, TESTBED } from "./testbed";

/** Milliseconds in which a process may end by itself: an API server that lost its etcd first sometimes never does. */
const GRACE = 10_000;

/** Ends what `start.ts` started, and removes its folder. */
export default async function stop(): Promise<void> {
  const folder = process.env.TESTBED_DIR;
  if (missingTestbed() !== undefined || folder === undefined) return;
  const pids = readdirSync(folder)
    .filter((file) => file.endsWith(".pid"))
    .map((file) => Number(readFileSync(join(folder, file), "utf8")));
  await run(join(TESTBED, "down"), []);
  for (const end = Date.now() + GRACE; pids.some(isAlive) && Date.now() < end; ) await sleep(100);
  for (const pid of pids.filter(isAlive)) process.kill(pid, "SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
