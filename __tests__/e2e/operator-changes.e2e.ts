/** What becomes of sites under moodle-operator when things change, with the real Helm. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { MoodleWebProps } from "../../constructs/workloads/moodle-web";
import type { Resource } from "../support/template";
import { apply } from "./support/apply";
import {
  cluster,
  condition,
  ON_KNATIVE,
  OperatorUnderTest,
  patchCluster,
  revisions,
  serveOnKnative,
} from "./support/operator";
import { describeOnTestbed, get, kubectl, run } from "./support/testbed";

const SITES = "changing";

const operator = new OperatorUnderTest({
  namespace: "operator-changes",
  sites: [SITES],
  args: ["--drift-seconds", "10"],
});

const put = (name: string, changes?: Resource, props?: Partial<MoodleWebProps>) =>
  apply(cluster(name, SITES, changes, {}, props), SITES);

const ready = (name: string) => condition("moodlecluster", name, SITES, "Ready=True:Available");

/** What docs/backup.md has done about a site and its operator before a restore, and after it. */
function restoreCommands(name: string): { readonly stop: string[]; readonly begin: string[] } {
  const guide = readFileSync(resolve(__dirname, "../../docs/backup.md"), "utf8");
  const [, section = ""] = /\n## Restore into the same site\n([\s\S]*?)\n## /.exec(guide) ?? [];
  const commands = (step: string | undefined) =>
    Array.from(step?.matchAll(/^ {7}(kubectl .*(?:moodlecluster|scale deployment).*)$/gm) ?? [], ([, command = ""]) =>
      command
        .replace("--namespace moodle", `--namespace ${SITES}`)
        .replace("moodlecluster moodle", `moodlecluster ${name}`)
        .replace("app.kubernetes.io/name=moodle", `app.kubernetes.io/instance=${name}`),
    );
  const steps = section.split(/^\d+\. /m).slice(1);
  return { stop: commands(steps[0]), begin: commands(steps.at(-1)) };
}

describeOnTestbed("moodle-operator", () => {
  beforeAll(async () => {
    await operator.install();
    await operator.start();
  });
  afterAll(() => operator.uninstall());

  test("says what differs, and repairs it where it may", async () => {
    await put("drifting");
    await ready("drifting");
    await condition("moodlecluster", "drifting", SITES, "Drifted=False:InSync");
    const scale = () =>
      kubectl([
        ...["patch", "deployment", "drifting-web", "--namespace", SITES, "--type=strategic", "--patch"],
        JSON.stringify({ spec: { template: { spec: { terminationGracePeriodSeconds: 999 } } } }),
      ]);
    await scale();
    const { status } = await condition("moodlecluster", "drifting", SITES, "Drifted=True:ObjectsDiffer");
    const { message } = status.conditions.find(({ type }: Resource) => type === "Drifted");
    expect(message).toMatch(/Deployment drifting-web: .*terminationGracePeriodSeconds/);
    await patchCluster("drifting", SITES, { drift: "enforce" });
    await condition("moodlecluster", "drifting", SITES, "Drifted=False:Repaired");
    const { spec } = await get(["deployment", "drifting-web"], SITES);
    expect(spec.template.spec.terminationGracePeriodSeconds).not.toBe(999);
    expect(await revisions("drifting", SITES)).toEqual(["1 deployed"]);
  });

  test("leaves a site alone that is restored by the guide, and repairs it afterwards", async () => {
    await put("restored", { drift: "enforce" });
    await ready("restored");
    await condition("moodlecluster", "restored", SITES, "Drifted=False:InSync");
    const workers = async () => (await get(["deployment", "restored-cron"], SITES)).spec.replicas;
    const replicas = await workers();
    const { stop, begin } = restoreCommands("restored");
    for (const command of stop) await run("sh", ["-c", command]);
    await condition("moodlecluster", "restored", SITES, "Reconciling=False:Suspended");
    await sleep(40_000);
    expect(await workers()).toBe(0);
    for (const command of begin) await run("sh", ["-c", command]);
    await condition("moodlecluster", "restored", SITES, "Drifted=False:Repaired");
    expect(await workers()).toBe(replicas);
  });

  test("puts a Knative Service in the place of the Deployment, and back", async () => {
    await put("switching");
    await ready("switching");
    await put("switching", {}, ON_KNATIVE);
    await condition("moodlecluster", "switching", SITES, "Ready=False");
    await serveOnKnative("switching-web", SITES);
    await ready("switching");
    const services = await get(["services.serving.knative.dev"], SITES);
    expect(services.items.map(({ metadata }: Resource) => metadata.name)).toEqual(["switching-web"]);
    await expect(get(["deployment", "switching-web"], SITES)).rejects.toThrow(/not found/);
    await put("switching");
    await ready("switching");
    expect((await get(["services.serving.knative.dev"], SITES)).items).toEqual([]);
    expect((await get(["deployment", "switching-web"], SITES)).metadata.name).toBe("switching-web");
  });

  test("removes what an interrupted Helm left behind, and goes on", async () => {
    await put("stuck", { suspend: true });
    await condition("moodlecluster", "stuck", SITES, "Reconciling=False:Suspended");
    // As a Helm leaves it that died with its operator: the record of a revision that never ended.
    const labels = {
      ...{ owner: "helm", name: "stuck", status: "pending-install", version: "1" },
      ...{ "moodleplatform.io/digest": "0".repeat(40), "moodleplatform.io/kind": "MoodleCluster" },
    };
    const metadata = { name: "sh.helm.release.v1.stuck.v1", labels };
    await apply(JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data: {} }), SITES);
    await patchCluster("stuck", SITES, { suspend: false });
    await ready("stuck");
    expect(await revisions("stuck", SITES)).toEqual(["1 deployed"]);
    expect(operator.log).toMatch(/"name":"stuck".*"status":"pending-install".*"unlocking"/);
  });
});
