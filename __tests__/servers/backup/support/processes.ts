import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Command lines of all processes that run now. */
export function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return "";
      }
    });
}

/** Collects the command lines of processes while `work` runs. */
export async function watchCommandLines(work: Promise<unknown>): Promise<Set<string>> {
  const seen = new Set<string>();
  let running = true;
  const over = work.finally(() => {
    running = false;
  });
  while (running) {
    for (const line of commandLines()) seen.add(line);
    await sleep(5);
  }
  await over;
  return seen;
}
