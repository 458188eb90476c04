/** moodle-operator among failures, on a cluster of its own whose API server may be restarted. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { ApiProxy } from "./support/api-proxy";
import { apply } from "./support/apply";
import { applyDefinitions } from "./support/definitions";
import {
  cluster,
  condition,
  leads,
  OperatorUnderTest,
  patchCluster,
  revisions,
  type Started,
  until,
} from "./support/operator";
import { giveDisks, startCluster } from "./support/start";
import stop from "./support/stop";
import { describeOnTestbed, get, kubectl } from "./support/testbed";

const SITES = "failing";
const NAMESPACE = "operator-faults";

/** Custom resources that a site of these tests is made of. */
const DEFINITIONS = ["externalsecrets.external-secrets.io", "targetgroupbindings.elbv2.k8s.aws"];

let proxy: ApiProxy;
const operator = new OperatorUnderTest({ namespace: NAMESPACE, sites: [SITES], proxy: () => proxy });

const small = { web: { minReplicas: 1, maxReplicas: 2, cpu: 1, memoryMb: 1024 } };

const ready = (seconds?: number) => condition("moodlecluster", "steady", SITES, "Ready=True:Available", seconds);

const resize = (maxReplicas: number) => patchCluster("steady", SITES, { values: { web: { maxReplicas } } });

const bound = async () => (await get(["hpa", "steady-web"], SITES)).spec.maxReplicas as number;

describeOnTestbed("moodle-operator", () => {
  let process1: Started;

  beforeAll(async () => {
    process.env.TESTBED_DIR = mkdtempSync(join(tmpdir(), "moodle-platform-faults-"));
    await startCluster(process.env.TESTBED_DIR);
    await Promise.all([applyDefinitions(DEFINITIONS), giveDisks()]);
    proxy = await ApiProxy.start();
    await operator.install();
    process1 = await operator.start();
    await apply(cluster("steady", SITES, {}, {}, small), SITES);
    await ready();
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
    await resize(3);
    await ready();
    expect(await bound()).toBe(3);
    const relisted = proxy.lists.slice(lists).filter((resource) => resource === "moodleclusters");
    expect(relisted).toEqual([]);
  });

  test("lists anew where the API server no longer has the version", async () => {
    await until("watches", 60, () => proxy.watching >= 8);
    const lists = proxy.lists.length;
    proxy.expireWatches();
    await resize(4);
    await ready();
    expect(await bound()).toBe(4);
    expect(proxy.lists.slice(lists)).toContain("moodleclusters");
  });

  test("survives a restart of the API server", async () => {
    const before = await revisions("steady", SITES);
    const holder = async () => (await get(["lease", "moodle-operator"], NAMESPACE)).spec;
    const { renewTime } = await holder();
    await restartApiServer();
    // A server that is away for long costs the leader its lease: it ends then, and the kubelet starts it anew.
    const ended = () => process1.child.exitCode !== null;
    await until("renewal", 30, async () => ended() || (await holder()).renewTime !== renewTime);
    if (ended()) process1 = await operator.start();
    await resize(5);
    await ready(120);
    expect(await bound()).toBe(5);
    expect(await revisions("steady", SITES)).toHaveLength(before.length + 1);
  });

  test("another process takes over within 20 seconds of a leader's death, and does nothing twice", async () => {
    const second = await operator.start();
    await until("standby", 30, () => isAnswering(second.port));
    expect(leads(second)).toBe(false);
    const before = await revisions("steady", SITES);
    await operator.end(process1.child, "SIGKILL");
    await resize(6);
    const seconds = await until("takeover", 60, () => leads(second));
    expect(seconds).toBeLessThan(20);
    await ready();
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
      await resize(7);
      await ready();
      expect(await bound()).toBe(7);
      expect(own.child.exitCode).toBeNull();
      await operator.end(own.child);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

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
