/** The life of sites under moodle-operator, with the real Helm and the rights of its own chart. */
import type { Resource } from "../support/template";
import { apply } from "./support/apply";
import { cluster, condition, OperatorUnderTest, patchCluster, revisions } from "./support/operator";
import { describeOnTestbed, get, kubectl } from "./support/testbed";

const SITES = "operated";

const operator = new OperatorUnderTest({ namespace: "operator-life", sites: [SITES] });

const put = (name: string, changes?: Resource, values?: Resource) =>
  apply(cluster(name, SITES, changes, values), SITES);

const patch = (name: string, spec: Resource) => patchCluster(name, SITES, spec);

describeOnTestbed("moodle-operator", () => {
  beforeAll(async () => {
    await operator.install();
    await operator.start();
  });
  afterAll(() => operator.uninstall());

  test("installs a site, tests it, and says so", async () => {
    await put("first");
    const { status, metadata } = await condition("moodlecluster", "first", SITES, "Ready=True:Available");
    expect(status.release).toMatchObject({ revision: 1, status: "deployed", verified: { revision: 1 } });
    expect(metadata.finalizers).toEqual(["moodleplatform.io/release"]);
    expect(await revisions("first", SITES)).toEqual(["1 deployed"]);
    const { items } = await get(["events.events.k8s.io"], SITES);
    const reasons = items
      .filter(({ regarding }: Resource) => regarding.name === "first")
      .map((one: Resource) => one.reason);
    expect(reasons).toEqual(expect.arrayContaining(["Upgrading", "Available"]));
    const columns = await kubectl(["get", "moodle", "first", "--namespace", SITES]);
    expect(columns).toMatch(/NAME\s+DOMAIN\s+READY\s+REASON\s+REVISION\s+AGE/);
  });

  test("puts a change in place as one more revision, and nothing twice", async () => {
    await patch("first", { values: { web: { maxReplicas: 7 } } });
    await condition("moodlecluster", "first", SITES, "Ready=True");
    expect((await get(["hpa", "first-web"], SITES)).spec.maxReplicas).toBe(7);
    expect(await revisions("first", SITES)).toEqual(["2 deployed", "1 superseded"]);
  });

  test("leaves a paused site alone, and goes on afterwards", async () => {
    await patch("first", { suspend: true, values: { web: { maxReplicas: 8 } } });
    await condition("moodlecluster", "first", SITES, "Reconciling=False:Suspended");
    expect(await revisions("first", SITES)).toHaveLength(2);
    await patch("first", { suspend: false });
    await condition("moodlecluster", "first", SITES, "Ready=True:Available");
    expect(await revisions("first", SITES)).toHaveLength(3);
  });

  test.each<[string, Resource, Resource, RegExp]>([
    [
      "a tag beside a digest",
      {},
      { image: { repository: "r", tag: "1", digest: `sha256:${"0".repeat(64)}` } },
      /either a tag or a digest/,
    ],
    [
      "fewer pods at most than at least",
      {},
      { web: { minReplicas: 5, maxReplicas: 2 } },
      /maxReplicas must be minReplicas or more/,
    ],
    ["a last snapshot without a CronJob", { deletionPolicy: "Snapshot" }, {}, /needs snapshot.cronJob/],
    ["no such mode", { drift: "maybe" }, {}, /supported values: "off", "warn", "enforce"/i],
  ])("the API server itself refuses %s", async (_, changes, values, message) => {
    await expect(put("invalid", changes, values)).rejects.toThrow(message);
  });

  test("the API server refuses a name that no release can have", async () => {
    const named = cluster("first", SITES).replace("name: first", `name: ${"n".repeat(41)}`);
    await expect(apply(named, SITES)).rejects.toThrow(/1 to 40 lower-case letters/);
  });

  test("the API server keeps what cannot change", async () => {
    await expect(patch("first", { values: { database: { type: "mysqli" } } })).rejects.toThrow(/cannot change/);
    await expect(patch("first", { values: { files: { storageClassName: "other" } } })).rejects.toThrow(/cannot change/);
  });

  test("removes a site with its release", async () => {
    await kubectl(["delete", "moodlecluster", "first", "--namespace", SITES, "--timeout=60s"]);
    expect(await revisions("first", SITES)).toEqual([]);
    expect((await get(["deployments"], SITES)).items).toEqual([]);
  });
});
