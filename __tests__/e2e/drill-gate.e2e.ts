/** The gate before an upgrade of Moodle, with the values that its construct gives it. */
import { DrillGate } from "../../constructs/workloads/drill-gate";
import { parseLine } from "../services/backup/cli/command-lines";
import { cluster, identity, s3 } from "../support/ports";
import { apply } from "./support/apply";
import { install, planned, render } from "./support/charts";
import { createNamespace, describeOnTestbed, get, kubectl, refusePods } from "./support/testbed";

const NAMESPACE = "drill-gate";

const release = (subject: string) =>
  planned("drill-gate", (scope) => {
    new DrillGate(scope, "gate", {
      cluster,
      identity: { ...identity(NAMESPACE), serviceAccountName: "default" },
      backupStore: s3,
      within: "7d",
      subject,
      image: "registry.example.edu/backup:0.1.0",
      dependsOn: [],
    });
  });

const jobs = async () => (await get(["jobs"], NAMESPACE)).items;

describeOnTestbed("drill-gate", () => {
  beforeAll(() => createNamespace(NAMESPACE));

  test("has no field that Kubernetes lacks", async () => {
    const strict = `${NAMESPACE}-strict`;
    await createNamespace(strict);
    await expect(apply(await render({ ...release("moodle:1"), namespace: strict }), strict)).resolves.toHaveLength(3);
  });

  test("asks nothing when it is installed", async () => {
    await install(release("moodle:1"), "30s");
    expect(await jobs()).toEqual([]);
  });

  test("asks when Moodle's image changes, and Helm waits for the answer", async () => {
    await install(release("moodle:2"), "60s");
    const [job] = await jobs();
    expect(job.status.succeeded).toBe(1);
    const { args } = job.spec.template.spec.containers[0];
    expect(parseLine(`moodle-backup ${args.join(" ")}`)).toEqual(["require-drill"]);
  });

  test("holds the upgrade up where it gets none, and asks again when that is tried again", async () => {
    await refusePods(NAMESPACE);
    await expect(install(release("moodle:3"), "10s")).rejects.toThrow(/post-upgrade/);
    await kubectl(["delete", "resourcequota", "none", "--namespace", NAMESPACE]);
    await install(release("moodle:3"), "60s");
    expect((await jobs())[0].metadata.annotations["moodleplatform.io/subject"]).toBe("moodle:3");
  });
});
