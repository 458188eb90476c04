import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import keepTemporaryFiles from "../../support/temporary-files";
import { applyDefinitions } from "./definitions";
import stop from "./stop";
import { missingPlugins } from "./terraform";
import { kubectl, missingTestbed, run, TESTBED } from "./testbed";

/** Starts the cluster in a folder of its own and puts its address and tools into the environment that tests inherit. */
export default async function start(): Promise<void> {
  const missing = missingTestbed();
  if (missing !== undefined) {
    console.warn(`end-to-end tests are skipped: ${missing}`);
    return;
  }
  keepTemporaryFiles();
  process.env.TESTBED_DIR = mkdtempSync(join(tmpdir(), "moodle-platform-e2e-"));
  try {
    await startCluster(process.env.TESTBED_DIR);
    const [plugins] = await Promise.all([missingPlugins(), applyDefinitions(), giveDisks()]);
    if (plugins !== undefined) {
      process.env.E2E_WITHOUT_TERRAFORM = plugins;
      console.warn(`deploys with Terraform are skipped: ${plugins}`);
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts a cluster in a folder, and leads this process to it. */
export async function startCluster(folder: string): Promise<void> {
  const exports = await run(join(TESTBED, "up"), [], { env: { TESTBED_DIR: folder } });
  const [, kubeconfig, tools] = /KUBECONFIG=(\S+) PATH=([^:\s]+):/.exec(exports) ?? [];
  if (kubeconfig === undefined) throw new Error(`the testbed's "up" printed no KUBECONFIG and PATH: ${exports}`);
  process.env.KUBECONFIG = kubeconfig;
  process.env.PATH = `${tools}:${process.env.PATH}`;
  // What kubectl and helm remember of an earlier cluster that had the same port.
  process.env.KUBECACHEDIR = join(folder, "cache");
}

/** Simulated nodes have no disk of their own, for which the site's pods ask. */
export async function giveDisks(): Promise<void> {
  const disk = { "ephemeral-storage": "1Ti" };
  const patch = JSON.stringify({ status: { capacity: disk, allocatable: disk } });
  const nodes = (await kubectl(["get", "nodes", "--output=name"])).trim().split("\n");
  for (const node of nodes) await kubectl(["patch", node, "--subresource=status", "--type=merge", "--patch", patch]);
}
