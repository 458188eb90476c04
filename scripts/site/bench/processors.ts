import { readFileSync } from "node:fs";
import type { Site } from "../site";

/** Clock ticks a second, as the kernel gives them to programs: `getconf CLK_TCK` is 100 on all that Debian runs on. */
const TICKS = 100;

/**
 * Seconds of processors that services have taken since they started, children that have ended among them: utime, stime,
 * cutime and cstime of proc(5).
 */
export function processorSeconds(site: Site, services: readonly string[]): number {
  let ticks = 0;
  for (const service of services) {
    // Listed just before they are read: one that its parent hears of in between would be missed.
    for (const pid of site.processes.members([service])) {
      try {
        // The name of the program, in parentheses, may hold spaces and parentheses itself.
        const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" ");
        for (const field of fields.slice(11, 15)) ticks += Number(field);
      } catch {
        // It has ended since, and its time is its parent's.
      }
    }
  }
  return ticks / TICKS;
}
