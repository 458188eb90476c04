import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingPlugins } from "./terraform";
import { kubectl, missingTestbed, run, TESTBED } from "./testbed";

/** Starts the cluster in a folder of its own and puts its address and tools into the environment that tests inherit. */
export default async function start(): Promise<void> {
  const missing = missingTestbed();
  if (missing !== undefined) {
    console.warn(`end-to-end tests are skipped: ${missing}`);
    return;
  }
  process.env.TESTBED_DIR = mkdtempSync(join(tmpdir(), "moodle-platform-e2e-"));
  const exports = await run(join(TESTBED, "up"), []);
  const found = /KUBECONFIG=(\S+) PATH=([^:\s]+):/.exec(exports);
  if (found === null) throw new Error(`the testbed's "up" printed no KUBECONFIG and PATH: ${exports}`);
  process.env.KUBECONFIG = found[1];
  process.env.PATH = `${found[2]}:${process.env.PATH}`;
  // What kubectl and helm remember of an earlier cluster that had the same port.
  process.env.KUBECACHEDIR = join(process.env.TESTBED_DIR, "cache");
  const last = join(__dirname, "gke-policies.yaml");
  const definitions = [join(TESTBED, "../crds"), last];
  const [plugins] = await Promise.all([
    missingPlugins(),
    kubectl(["apply", "--server-side", ...definitions.flatMap((one) => ["-f", one])]),
  ]);
  await kubectl(["wait", "--for=condition=Established", "-f", last, "--timeout=60s"]);
  if (plugins !== undefined) {
    process.env.E2E_WITHOUT_TERRAFORM = plugins;
    console.warn(`deploys with Terraform are skipped: ${plugins}`);
  }
}
