/** What becomes of a site under moodle-operator whose MoodleCluster is deleted, with the real Helm. */
import { parse, stringify } from "yaml";
import type { Resource } from "../support/template";
import { apply } from "./support/apply";
import {
  cluster,
  condition,
  example,
  OperatorUnderTest,
  patchCluster,
  revisions,
  type Started,
} from "./support/operator";
import { chartFolder, describeOnTestbed, get, helm, kubectl } from "./support/testbed";

const SITES = "deleting";

/** Namespaces that go themselves, by what is asked for of the site in each. */
const GOING: Readonly<Record<string, Resource>> = {
  "going-retain": { deletionPolicy: "Retain" },
  "going-delete": { deletionPolicy: "Delete" },
  "going-snapshot": { deletionPolicy: "Snapshot", snapshot: { cronJob: "last-snapshot" } },
  "going-paused": { deletionPolicy: "Delete", suspend: true },
};

const operator = new OperatorUnderTest({
  namespace: "operator-deletion",
  sites: [SITES, ...Object.keys(GOING)],
});

let first: Started;

const put = (name: string, changes: Resource) => apply(cluster(name, SITES, changes), SITES);

const ready = (name: string) => condition("moodlecluster", name, SITES, "Ready=True:Available");

const removed = (name: string) => kubectl(["delete", "moodlecluster", name, "--namespace", SITES, "--timeout=90s"]);

describeOnTestbed("moodle-operator", () => {
  beforeAll(async () => {
    await operator.install();
    first = await operator.start();
  });
  afterAll(() => operator.uninstall());

  test.each([
    ["Retain", true],
    ["Delete", false],
  ] as const)("by deletionPolicy %s, that the site stays is %s", async (deletionPolicy, stays) => {
    const name = deletionPolicy.toLowerCase();
    await put(name, { deletionPolicy });
    await ready(name);
    await removed(name);
    expect(await revisions(name, SITES)).toEqual(stays ? ["1 deployed"] : []);
    const { items } = await get(["deployments", `--selector=app.kubernetes.io/instance=${name}`], SITES);
    expect(items.length > 0).toBe(stays);
  });

  test("by deletionPolicy Snapshot, a site goes after its last snapshot, and not without one", async () => {
    const snapshot = { cronJob: "last-snapshot" };
    await put("snapshotted", { deletionPolicy: "Snapshot", snapshot });
    await ready("snapshotted");
    await kubectl(["delete", "moodlecluster", "snapshotted", "--namespace", SITES, "--wait=false"]);
    await condition("moodlecluster", "snapshotted", SITES, "Stalled=True:SnapshotFailed");
    expect(await revisions("snapshotted", SITES)).toEqual(["1 deployed"]);
    await apply(JSON.stringify(cronJob("last-snapshot")), SITES);
    await kubectl(["wait", "--for=delete", "moodlecluster/snapshotted", "--namespace", SITES, "--timeout=90s"]);
    expect(await revisions("snapshotted", SITES)).toEqual([]);
  });

  test("a site that was kept and is taken over again gets another image after the snapshot that it asks for", async () => {
    const changes = { deletionPolicy: "Retain", snapshot: { cronJob: "upgrade-snapshot" } };
    await put("kept", changes);
    await ready("kept");
    await takeAgain("kept", changes);
    const stalled = await condition("moodlecluster", "kept", SITES, "Stalled=True:SnapshotFailed");
    expect(stalled.status.release.verified).toMatchObject({ revision: 1, image: expect.not.stringMatching(/9\.9\.9/) });
    expect(await revisions("kept", SITES)).toEqual(["1 deployed"]);
    await apply(JSON.stringify(cronJob("upgrade-snapshot")), SITES);
    const { metadata } = await ready("kept");
    const { status } = await get(["job", `kept-${metadata.uid.slice(0, 8)}-g1`], SITES);
    expect(status.succeeded).toBe(1);
    expect(await revisions("kept", SITES)).toEqual(["2 deployed", "1 superseded"]);
  });

  test("a release of another chart is neither taken over nor removed", async () => {
    await putByHelm("delivered");
    const { spec } = example("MoodleBackup");
    const metadata = { name: "delivered", namespace: SITES };
    const backup = { ...example("MoodleBackup"), metadata, spec: { ...spec, deletionPolicy: "Delete" } };
    await apply(stringify(backup), SITES);
    const { status } = await condition("moodlebackup", "delivered", SITES, "Stalled=True:ReleaseTaken");
    const { message } = status.conditions.find(({ type }: Resource) => type === "Stalled");
    expect(message).toMatch(/of the chart moodle, which is not backup/);
    await kubectl(["delete", "moodlebackup", "delivered", "--namespace", SITES, "--timeout=60s"]);
    expect(await revisions("delivered", SITES)).toEqual(["1 deployed"]);
    expect((await get(["deployment", "delivered-web"], SITES)).metadata.labels["helm.sh/chart"]).toMatch(/^moodle-/);
  });

  test.each(Object.entries(GOING))("a namespace goes with its site and backup: %s", async (namespace, changes) => {
    await apply(JSON.stringify(cronJob("last-snapshot")), namespace);
    await apply(cluster("site", namespace, { ...changes, suspend: false }), namespace);
    const { spec } = example("MoodleBackup");
    const backup = { ...example("MoodleBackup"), metadata: { name: "backup" }, spec: { ...spec, cluster: "site" } };
    await apply(stringify(backup), namespace);
    await condition("moodlecluster", "site", namespace, "Ready=True:Available");
    await condition("moodlebackup", "backup", namespace, "Ready=True:Available");
    await patchCluster("site", namespace, changes);
    await kubectl(["delete", "namespace", namespace, "--timeout=90s"]);
    await expect(get(["namespace", namespace])).rejects.toThrow(/not found/);
  });

  test("the next process to lead looks after the other namespaces, and warns of those that are gone", async () => {
    await operator.end(first.child);
    const next = await operator.start();
    await put("later", { deletionPolicy: "Delete" });
    await ready("later");
    for (const namespace of Object.keys(GOING)) {
      expect(next.log).toMatch(new RegExp(`"namespace":"${namespace}".*no right to list everything in this namespace`));
    }
  });
});

/** Delivers a site by Helm alone, as Terraform does. */
async function putByHelm(name: string): Promise<void> {
  const { spec } = parse(cluster(name, SITES));
  const args = ["--namespace", SITES, "--values", "-"];
  const options = { input: stringify(spec.values), env: { HELM_DRIVER: "configmap" } };
  await helm(["install", name, chartFolder("moodle"), ...args], options);
}

/** Deletes a site that stays, and takes it over again with another image. */
async function takeAgain(name: string, changes: Resource): Promise<void> {
  await removed(name);
  const again = parse(cluster(name, SITES, changes));
  const { repository } = again.spec.values.image;
  again.spec.values.image = { repository, tag: "9.9.9" };
  await apply(stringify(again), SITES);
}

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
