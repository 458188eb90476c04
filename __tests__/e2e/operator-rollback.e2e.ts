/** What becomes of a site under moodle-operator whose next revision fails, with the real Helm. */
import { apply } from "./support/apply";
import { cluster, condition, OperatorUnderTest, patchCluster, revisions } from "./support/operator";
import { describeOnTestbed, get, refusePods } from "./support/testbed";

const SITES = "rolling-back";

const operator = new OperatorUnderTest({ namespace: "operator-rollback", sites: [SITES] });

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
});
