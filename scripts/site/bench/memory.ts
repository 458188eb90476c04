import { readFileSync } from "node:fs";
import type { Site } from "../site";

/**
 * Memory that services take, in MiB: the proportional set size of all their processes, in which a page that several of
 * them share counts once: https://docs.kernel.org/filesystems/proc.html
 */
export function memoryMb(site: Site, services: readonly string[]): number {
  let kilobytes = 0;
  for (const pid of site.processes.members(services)) {
    try {
      kilobytes += Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
    } catch {
      // It has ended since.
    }
  }
  return kilobytes / 1024;
}
