import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startOf } from "./processes";

/** Runs `action` while no other command changes the same site. A lock whose holder has ended does not count. */
export async function locked<T>(folder: string, action: () => Promise<T>): Promise<T> {
  const file = join(folder, "lock");
  take(file);
  try {
    return await action();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): void {
  const own = JSON.stringify({ pid: process.pid, start: startOf(process.pid) });
  try {
    writeFileSync(file, own, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const { pid, start } = JSON.parse(readFileSync(file, "utf8"));
    if (startOf(pid) === start) throw new Error(`process ${pid} is changing this site: wait until it has ended`);
    writeFileSync(file, own);
  }
}
