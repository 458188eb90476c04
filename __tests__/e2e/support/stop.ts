import { rmSync } from "node:fs";
import { join } from "node:path";
import { missingTestbed, run, TESTBED } from "./testbed";

/** Ends what `start.ts` started; the processes need a moment to let go of their folder. */
export default async function stop(): Promise<void> {
  const folder = process.env.TESTBED_DIR;
  if (missingTestbed() !== undefined || folder === undefined) return;
  await run(join(TESTBED, "down"), []);
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
}
