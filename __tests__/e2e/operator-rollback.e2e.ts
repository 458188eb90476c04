/** What becomes of a site under moodle-operator whose next revision fails, with the real Helm. */
import type { Resource } from "../support/template";
import { apply } from "./support/apply";
import { cluster, condition, OperatorUnderTest, patchCluster, revisions } from "./support/operator";
import { describeOnTestbed, get, kubectl, refusePods } from "./support/testbed";

const SITES = "rolling-back";
const UPGRADES = "upgrading";

const operator = new OperatorUnderTest({ namespace: "operator-rollback", sites: [SITES, UPGRADES] });

describeOnTestbed("moodle-operator", () => {
  beforeAll(async () => {
    await operator.install();
    await operator.start();
  });
  afterAll(() => operator.uninstall());

  test("rolls a revision back that never becomes ready, and gives up after so many tries", async () => {
    await apply(cluster("failing", SITES, { rollout: { timeoutSeconds: 60, attempts: 1 } }), SITES);
    await condition("moodlecluster", "failing", SITES, "Ready=True:Available");
    const { spec: before } = await get(["deployment", "failing-web"], SITES);
    await refusePods(SITES);
    await patchCluster("failing", SITES, { values: { restartedAt: "2027-02-01T08:00:00Z" } });
    const { status } = await condition("moodlecluster", "failing", SITES, "Stalled=True:RolledBack", 170);
    expect(status.release.verified.revision).toBe(1);
    expect(await revisions("failing", SITES)).toEqual(["3 deployed", "2 superseded", "1 superseded"]);
    const { spec } = await get(["deployment", "failing-web"], SITES);
    expect(spec.template.metadata.annotations).toEqual(before.template.metadata.annotations);
  }, 240_000);

  test("rolls an upgrade back that is refused before its Job exists, and makes it once nothing is in its way", async () => {
    await apply(cluster("upgraded", UPGRADES, { rollout: { timeoutSeconds: 120, attempts: 5 } }), UPGRADES);
    const { spec } = await condition("moodlecluster", "upgraded", UPGRADES, "Ready=True:Available");
    await refuseJobs(UPGRADES);
    const { repository, tag } = spec.values.image;
    await patchCluster("upgraded", UPGRADES, { values: { image: { repository, tag: "9.9.9" } } });
    await condition("moodlecluster", "upgraded", UPGRADES, "Reconciling=True:BackingOff");
    expect(await webImage("upgraded")).toBe(`${repository}:${tag}`);
    await kubectl(["delete", "resourcequota", "no-jobs", "--namespace", UPGRADES]);
    const after = await condition("moodlecluster", "upgraded", UPGRADES, "Ready=True:Available", 120);
    expect(await webImage("upgraded")).toBe(`${repository}:9.9.9`);
    expect(after.status.release.failure).toBeUndefined();
  }, 300_000);
});

async function webImage(name: string): Promise<string> {
  const { spec } = await get(["deployment", `${name}-web`], UPGRADES);
  return spec.template.spec.containers.find((one: Resource) => one.name === "php-fpm").image;
}

/** Lets no Job be made beside those that there are. */
async function refuseJobs(namespace: string): Promise<void> {
  const { items } = await get(["jobs"], namespace);
  const hard = { "count/jobs.batch": String(items.length) };
  const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "no-jobs" }, spec: { hard } };
  await apply(JSON.stringify(quota), namespace);
  const counted = ["wait", "resourcequota/no-jobs", `--for=jsonpath={.status.used.count/jobs\\.batch}=${items.length}`];
  await kubectl([...counted, "--timeout=60s", "--namespace", namespace]);
}
