/** moodle-operator among failures, on a cluster of its own whose API server may be restarted. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { ApiProxy } from "./support/api-proxy";
import { apply } from "./support/apply";
import { cluster, condition, OperatorUnderTest, patchCluster, revisions, type Started } from "./support/operator";
import { giveDisks, startCluster } from "./support/start";
import stop from "./support/stop";
import { describeOnTestbed, get, kubectl, TESTBED } from "./support/testbed";

const SITES = "failing";
const NAMESPACE = "operator-faults";

/** Definitions that a site of these tests needs. */
const DEFINITIONS = ["aws-load-balancer-controller-3.5.0", "external-secrets-2.9.0", "prometheus-operator-0.93.1"];

let proxy: ApiProxy;
const operator = new OperatorUnderTest({ namespace: NAMESPACE, sites: [SITES], proxy: () => proxy });

const small = { web: { minReplicas: 1, maxReplicas: 2, cpu: 1, memoryMb: 1024 } };

const put = (name: string) => apply(cluster(name, SITES, {}, {}, small), SITES);

const ready = (name: string, seconds?: number) =>
  condition("moodlecluster", name, SITES, "Ready=True:Available", seconds);

const resize = (name: string, maxReplicas: number) => patchCluster(name, SITES, { values: { web: { maxReplicas } } });

const bound = async (name: string) => (await get(["hpa", `${name}-web`], SITES)).spec.maxReplicas as number;

async function until(what: string, seconds: number, done: () => boolean | Promise<boolean>): Promise<number> {
  const began = Date.now();
  while (!(await done())) {
    if (Date.now() - began > seconds * 1000) throw new Error(`${what}: not within ${seconds} seconds`);
    await sleep(100);
  }
  return (Date.now() - began) / 1000;
}

const leads = ({ log }: Started) => log.includes('"leads"');

describeOnTestbed("moodle-operator", () => {
  let process1: Started;

  beforeAll(async () => {
    process.env.TESTBED_DIR = mkdtempSync(join(tmpdir(), "moodle-platform-faults-"));
    await startCluster(process.env.TESTBED_DIR);
    const files = DEFINITIONS.flatMap((name) => ["-f", join(TESTBED, "../crds", `${name}.yaml`)]);
    await Promise.all([kubectl(["apply", "--server-side", ...files]), giveDisks()]);
    proxy = await ApiProxy.start();
    await operator.install();
    process1 = await operator.start();
    await put("steady");
    await ready("steady");
  });
  afterAll(async () => {
    await operator.uninstall();
    await proxy.stop();
    await stop();
  });

  test("goes on where watches break off, and lists nothing anew for it", async () => {
    await until("watches", 30, () => proxy.watching >= 8);
    const lists = proxy.lists.length;
    proxy.cutWatches();
    await resize("steady", 3);
    await ready("steady");
    expect(await bound("steady")).toBe(3);
    const relisted = proxy.lists.slice(lists).filter((resource) => resource === "moodleclusters");
    expect(relisted).toEqual([]);
  });

  test("lists anew where the API server no longer has the version", async () => {
    await until("watches", 60, () => proxy.watching >= 8);
    const lists = proxy.lists.length;
    proxy.expireWatches();
    await resize("steady", 4);
    await ready("steady");
    expect(await bound("steady")).toBe(4);
    expect(proxy.lists.slice(lists)).toContain("moodleclusters");
  });

  test("survives a restart of the API server", async () => {
    const before = await revisions("steady", SITES);
    await restartApiServer();
    await resize("steady", 5);
    await ready("steady", 120);
    expect(await bound("steady")).toBe(5);
    expect(await revisions("steady", SITES)).toHaveLength(before.length + 1);
    expect(process1.child.exitCode).toBeNull();
  });

  test("another process takes over within 20 seconds of a leader's death, and does nothing twice", async () => {
    const second = await operator.start();
    await until("standby", 30, () => isAnswering(second.port));
    expect(leads(second)).toBe(false);
    const before = await revisions("steady", SITES);
    await operator.end(process1.child, "SIGKILL");
    await resize("steady", 6);
    const seconds = await until("takeover", 60, () => leads(second));
    expect(seconds).toBeLessThan(20);
    await ready("steady");
    expect(await revisions("steady", SITES)).toHaveLength(before.length + 1);
    expect((await get(["lease", "moodle-operator"], NAMESPACE)).spec.leaseTransitions).toBeGreaterThan(0);
    // One that ends as it should is replaced at once.
    const third = await operator.start();
    await until("standby", 30, () => isAnswering(third.port));
    expect(await operator.end(second.child)).toBe(0);
    expect(await until("takeover", 10, () => leads(third))).toBeLessThan(5);
    await operator.end(third.child);
  });

  test("reads its token anew once the one that it has is no longer taken", async () => {
    const folder = mkdtempSync(join(tmpdir(), "service-account-"));
    try {
      copyAuthority(folder);
      await writeToken(folder);
      const own = await operator.start({ serviceAccountFolder: folder });
      await until("leads", 40, () => leads(own));
      // A token is bound to the account that it was made for: with that, it ends.
      const account = await get(["serviceaccount", "moodle-operator"], NAMESPACE);
      await kubectl(["delete", "serviceaccount", "moodle-operator", "--namespace", NAMESPACE]);
      const { name, labels } = account.metadata;
      await apply(JSON.stringify({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, labels } }), NAMESPACE);
      await until("refusal", 60, () => own.log.includes("Unauthorized"));
      await writeToken(folder);
      await resize("steady", 7);
      await ready("steady");
      expect(await bound("steady")).toBe(7);
      expect(own.child.exitCode).toBeNull();
      await operator.end(own.child);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("killed again and again while many sites are rolled out, it ends where it would have", async () => {
    await operator.renew();
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

/** Some by default, for each takes its time. With `OPERATOR_KILLS=50`, and 20 sites, it is a proof. */
const KILLS = Number(process.env.OPERATOR_KILLS ?? "8");
const KILLED_SITES = Math.min(KILLS, 20);

const isAnswering = (port: number) =>
  fetch(`http://127.0.0.1:${port}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );

/** Ends the API server at once and starts it anew, as it was. */
async function restartApiServer(): Promise<void> {
  const file = join(process.env.TESTBED_DIR ?? "", "kube-apiserver.pid");
  const pid = Number(readFileSync(file, "utf8"));
  const [command = "", ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  process.kill(pid, "SIGKILL");
  await sleep(3000);
  const child = spawn(command, args, { detached: true, stdio: "ignore" });
  writeFileSync(file, String(child.pid));
  child.unref();
  await until("API server", 60, () =>
    kubectl(["get", "--raw=/readyz"]).then(
      () => true,
      () => false,
    ),
  );
}

/** What the kubelet mounts into a pod. */
function copyAuthority(folder: string): void {
  const [{ cluster: one }] = parse(readFileSync(process.env.KUBECONFIG ?? "", "utf8")).clusters;
  const { "certificate-authority": file, "certificate-authority-data": data } = one;
  const target = join(folder, "ca.crt");
  if (data === undefined) cpSync(file, target);
  else writeFileSync(target, Buffer.from(data, "base64"));
}

async function writeToken(folder: string): Promise<void> {
  const token = await kubectl(["create", "token", "moodle-operator", "--namespace", NAMESPACE, "--duration", "2h"]);
  writeFileSync(join(folder, "token"), token.trim());
}
