import { existsSync, rmSync } from "node:fs";
import { DATABASES } from "../../../scripts/site/options";
import { TestSite } from "./sites";

export default async function stop(): Promise<void> {
  const { TEST_SITES: folder, TEST_SITES_REMOVE: remove } = process.env;
  if (folder === undefined) return;
  const sites = DATABASES.map((database) => new TestSite(database));
  for (const site of sites) if (existsSync(site.path("site.json"))) await site.down();
  if (remove !== undefined) rmSync(folder, { recursive: true, force: true });
}
