/** moodle-operator killed in the midst of its work, with the real Helm. */
import { setTimeout as sleep } from "node:timers/promises";
import { apply } from "./support/apply";
import { cluster, condition, leads, OperatorUnderTest, patchCluster, revisions, until } from "./support/operator";
import { describeOnTestbed, get, kubectl } from "./support/testbed";

const SITES = "killed";
const NAMESPACE = "operator-kills";

/** Some by default, for each takes its time. With `OPERATOR_KILLS=50`, and 20 sites, it is a proof. */
const KILLS = Number(process.env.OPERATOR_KILLS ?? "8");
const KILLED_SITES = Math.min(KILLS, 20);

const operator = new OperatorUnderTest({ namespace: NAMESPACE, sites: [SITES] });

const small = { web: { minReplicas: 1, maxReplicas: 2, cpu: 1, memoryMb: 1024 } };

const put = (name: string) => apply(cluster(name, SITES, {}, {}, small), SITES);

const ready = (name: string, seconds?: number) =>
  condition("moodlecluster", name, SITES, "Ready=True:Available", seconds);

const resize = (name: string, maxReplicas: number) => patchCluster(name, SITES, { values: { web: { maxReplicas } } });

const bound = async (name: string) => (await get(["hpa", `${name}-web`], SITES)).spec.maxReplicas as number;

describeOnTestbed("moodle-operator", () => {
  beforeAll(() => operator.install());
  afterAll(() => operator.uninstall());

  test("killed again and again while many sites are rolled out, it ends where it would have", async () => {
    const undisturbed = await operator.start();
    await put("steady");
    await ready("steady");
    await operator.end(undisturbed.child);
    const names = Array.from({ length: KILLED_SITES }, (_, index) => `site-${index}`);
    const wanted = new Map(names.map((name) => [name, 2]));
    for (const name of names) await put(name);
    for (let kill = 0; kill < KILLS; kill++) {
      // A dead leader's lease would be waited for: that is another test's.
      await kubectl(["delete", "lease", "moodle-operator", "--namespace", NAMESPACE, "--ignore-not-found"]);
      const own = await operator.start();
      await until("leads", 60, () => leads(own));
      const name = names[kill % names.length] ?? "";
      if (kill >= KILLS / 2) {
        wanted.set(name, kill);
        await resize(name, kill);
      }
      await sleep(Math.random() * 3000);
      await operator.end(own.child, "SIGKILL");
    }
    await kubectl(["delete", "lease", "moodle-operator", "--namespace", NAMESPACE, "--ignore-not-found"]);
    await operator.start();
    for (const name of names) {
      const { status } = await ready(name, 300);
      expect({ name, bound: await bound(name) }).toEqual({ name, bound: wanted.get(name) });
      const [latest, ...older] = await revisions(name, SITES);
      expect(latest).toBe(`${status.release.revision} deployed`);
      expect(older.filter((one) => !/ (superseded|failed)$/.test(one))).toEqual([]);
    }
    // Nothing is there twice: each site has the objects of the one that nobody disturbed.
    const kinds = "deployments,services,hpa,networkpolicies,externalsecrets,serviceaccounts,pvc,pdb";
    const objectsOf = async (name: string) =>
      (await get([kinds, `--selector=app.kubernetes.io/instance=${name}`], SITES)).items
        .map(({ kind, metadata }: { kind: string; metadata: { name: string } }) => `${kind} ${metadata.name}`)
        .map((one: string) => one.replace(name, "site"))
        .sort();
    const expected = await objectsOf("steady");
    for (const name of names) expect(await objectsOf(name)).toEqual(expected);
  }, 1_200_000);
});
