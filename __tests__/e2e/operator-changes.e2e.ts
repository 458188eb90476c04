/** What becomes of sites under moodle-operator when things change, with the real Helm. */
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
import { describeOnTestbed, get, kubectl } from "./support/testbed";

const SITES = "changing";

const operator = new OperatorUnderTest({
  namespace: "operator-changes",
  sites: [SITES],
  args: ["--drift-seconds", "10"],
});

const put = (name: string, changes?: Resource, props?: Partial<MoodleWebProps>) =>
  apply(cluster(name, SITES, changes, {}, props), SITES);

const ready = (name: string) => condition("moodlecluster", name, SITES, "Ready=True:Available");

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
