import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ScratchFull } from "./errors";
import type { Repository } from "./repository/repository";

/**
 * A folder of `command`'s own below `directory`, for what is on its way. What a killed run has left in it goes first; a
 * command for another repository, or another command, has a folder of its own and may run at the same time.
 *
 * @throws ScratchFull where there is no room
 */
export async function withScratch<T>(
  directory: string,
  command: string,
  { config }: Repository,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = join(directory, `moodle-backup-${command}-${config.id}`);
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    return await work(folder);
  } catch (error) {
    throw ScratchFull.isReason(error) ? new ScratchFull(folder) : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
