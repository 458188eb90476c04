import type { ReleaseRecord } from "../../../../services/operator/src/helm/records";
import { ReleaseOwners } from "../../../../services/operator/src/release/owner";

const chart = { folder: "/charts/moodle", name: "moodle", version: "moodle-0.1.0", digest: "c" };
const cluster = { kind: "MoodleCluster", namespace: "sites", name: "moodle", chart };

const record = (kind?: string, uid = "u"): ReleaseRecord => ({
  revision: 1,
  status: "deployed",
  kind,
  made: 0,
  object: { metadata: { name: "v1", uid } },
});

/** Where releases are of a chart; counts how often Helm is asked for it. */
function owners(inPlace: string) {
  const asked: string[] = [];
  const found = new ReleaseOwners({
    chart: async ({ name }) => {
      asked.push(name);
      return inPlace;
    },
  });
  return { asked, otherThan: (latest?: ReleaseRecord) => found.otherThan(cluster, latest) };
}

test("a release of the resource's own is nobody else's, and Helm is not asked", async () => {
  const { otherThan, asked } = owners("backup");
  expect(await otherThan(record("MoodleCluster"))).toBeUndefined();
  expect(await otherThan()).toBeUndefined();
  expect(asked).toEqual([]);
});

test("a release that another kind's resource made is that one's", async () => {
  expect(await owners("moodle").otherThan(record("MoodleBackup"))).toBe("a MoodleBackup of the same name");
});

test("a release that no resource made may be had where it is of the resource's chart, and no other", async () => {
  expect(await owners("moodle").otherThan(record())).toBeUndefined();
  expect(await owners("backup").otherThan(record())).toBe("the chart backup, which is not moodle");
});

test("Helm is asked once about a record", async () => {
  const { otherThan, asked } = owners("backup");
  await otherThan(record());
  await otherThan(record());
  expect(asked).toHaveLength(1);
  await otherThan(record(undefined, "another"));
  expect(asked).toHaveLength(2);
});
