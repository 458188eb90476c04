import { chmodSync, mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DATABASES } from "../../../scripts/site/options";
import keepTemporaryFiles from "../../support/temporary-files";
import { missing, missingObjectStore, TestSite } from "./sites";
import stop from "./stop";

/**
 * Installs and starts a site on each database. Where `TEST_SITES` names the folder of sites that are there already, with
 * `TEST_SITES_PORT` the first one's port, they are started again and kept: quicker while one writes a test.
 */
export default async function start(): Promise<void> {
  const reason = missing();
  if (reason !== undefined) {
    console.warn(`tests of a site are skipped: ${reason}`);
    return;
  }
  const noObjects = missingObjectStore();
  if (noObjects !== undefined) console.warn(`tests of the object store are skipped: ${noObjects}`);
  keepTemporaryFiles();
  if (process.env.TEST_SITES === undefined) {
    process.env.TEST_SITES = mkdtempSync(join(tmpdir(), "moodle-sites-"));
    process.env.TEST_SITES_REMOVE = "yes";
    process.env.TEST_SITES_PORT = String(await freePorts(10 * DATABASES.length));
    // A site that root starts runs as another user, who must be able to enter.
    chmodSync(process.env.TEST_SITES, 0o755);
  }
  // A site is stopped when it has ended its start, whatever became of the other.
  const starts = await Promise.allSettled(DATABASES.map((database) => new TestSite(database).up()));
  const failed = starts.find(({ status }) => status === "rejected");
  if (failed === undefined) return;
  await stop();
  throw (failed as PromiseRejectedResult).reason;
}

/** The first of so many ports of which nobody uses one, below those that the system gives away by itself. */
async function freePorts(count: number): Promise<number> {
  for (let first = 20_000; first + count < 32_768; first += count) {
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (!free.includes(false)) return first;
  }
  throw new Error(`no ${count} ports in a row are free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
