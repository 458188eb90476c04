import { statFields } from "../processes";
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
      // One that has ended since has none, and its time is its parent's.
      for (const field of statFields(pid).slice(11, 15)) ticks += Number(field);
    }
  }
  return ticks / TICKS;
}
