/** What becomes of sites under moodle-operator when things change or fail, with the real Helm. */
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
import { describeOnTestbed, get, kubectl, refusePods } from "./support/testbed";

const SITES = "changing";
const FULL = "changing-full";

const operator = new OperatorUnderTest({
  namespace: "operator-changes",
  sites: [SITES, FULL],
  args: ["--drift-minutes", "1"],
});

const put = (name: string, namespace: string, changes?: Resource, props?: Partial<MoodleWebProps>) =>
  apply(cluster(name, namespace, changes, {}, props), namespace);

const ready = (name: string, namespace = SITES) => condition("moodlecluster", name, namespace, "Ready=True:Available");

const removed = (name: string, namespace = SITES) =>
  kubectl(["delete", "moodlecluster", name, "--namespace", namespace, "--timeout=90s"]);

describeOnTestbed("moodle-operator", () => {
  beforeAll(async () => {
    await operator.install();
    await operator.start();
  });
  afterAll(() => operator.uninstall());

  test("says what differs, and repairs it where it may", async () => {
    await put("drifting", SITES);
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
    await put("switching", SITES);
    await ready("switching");
    await put("switching", SITES, {}, ON_KNATIVE);
    await condition("moodlecluster", "switching", SITES, "Ready=False");
    await serveOnKnative("switching-web", SITES);
    await ready("switching");
    const services = await get(["services.serving.knative.dev"], SITES);
    expect(services.items.map(({ metadata }: Resource) => metadata.name)).toEqual(["switching-web"]);
    await expect(get(["deployment", "switching-web"], SITES)).rejects.toThrow(/not found/);
    await put("switching", SITES);
    await ready("switching");
    expect((await get(["services.serving.knative.dev"], SITES)).items).toEqual([]);
    expect((await get(["deployment", "switching-web"], SITES)).metadata.name).toBe("switching-web");
  });

  test("removes what an interrupted Helm left behind, and goes on", async () => {
    await put("stuck", SITES, { suspend: true });
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

  test.each([
    ["Retain", true],
    ["Delete", false],
  ] as const)("by deletionPolicy %s, that the site stays is %s", async (deletionPolicy, stays) => {
    const name = deletionPolicy.toLowerCase();
    await put(name, SITES, { deletionPolicy });
    await ready(name);
    await removed(name);
    expect(await revisions(name, SITES)).toEqual(stays ? ["1 deployed"] : []);
    const { items } = await get(["deployments", `--selector=app.kubernetes.io/instance=${name}`], SITES);
    expect(items.length > 0).toBe(stays);
  });

  test("by deletionPolicy Snapshot, a site goes after its last snapshot, and not without one", async () => {
    const snapshot = { cronJob: "last-snapshot" };
    await put("snapshotted", SITES, { deletionPolicy: "Snapshot", snapshot });
    await ready("snapshotted");
    await kubectl(["delete", "moodlecluster", "snapshotted", "--namespace", SITES, "--wait=false"]);
    await condition("moodlecluster", "snapshotted", SITES, "Stalled=True:SnapshotFailed");
    expect(await revisions("snapshotted", SITES)).toEqual(["1 deployed"]);
    await apply(JSON.stringify(cronJob("last-snapshot")), SITES);
    await kubectl(["wait", "--for=delete", "moodlecluster/snapshotted", "--namespace", SITES, "--timeout=90s"]);
    expect(await revisions("snapshotted", SITES)).toEqual([]);
  });

  test("rolls a revision back that never becomes ready, and gives up after so many tries", async () => {
    await put("failing", FULL, { rollout: { timeoutSeconds: 60, attempts: 1 } });
    await ready("failing", FULL);
    const { spec: before } = await get(["deployment", "failing-web"], FULL);
    await refusePods(FULL);
    await patchCluster("failing", FULL, { values: { restartedAt: "2027-02-01T08:00:00Z" } });
    const { status } = await condition("moodlecluster", "failing", FULL, "Stalled=True:RolledBack", 170);
    expect(status.release.verified.revision).toBe(1);
    expect(await revisions("failing", FULL)).toEqual(["3 deployed", "2 superseded", "1 superseded"]);
    const { spec } = await get(["deployment", "failing-web"], FULL);
    expect(spec.template.metadata.annotations).toEqual(before.template.metadata.annotations);
  }, 240_000);
});

/** Of charts/backup, as far as a snapshot is made from it: its pods end well on simulated nodes. */
function cronJob(name: string): Resource {
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
  const container = { name: "snapshot", image: "registry.example.edu/backup:0.1.0", securityContext };
  const pod = {
    restartPolicy: "Never",
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
    containers: [container],
  };
  const jobTemplate = { spec: { template: { spec: pod } } };
  return { apiVersion: "batch/v1", kind: "CronJob", metadata: { name }, spec: { schedule: "0 0 1 1 *", jobTemplate } };
}
