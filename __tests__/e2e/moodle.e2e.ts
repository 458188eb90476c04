import { stringify } from "yaml";
import * as ports from "../support/ports";
import type { Resource } from "../support/template";
import { apply } from "./support/apply";
import { CHART, everything, site, synthesize } from "./support/moodle-site";
import { createNamespace, describeOnTestbed, get, helm, kubectl } from "./support/testbed";

const NOWHERE = { nodeSelector: { "example.edu/nowhere": "true" }, tolerations: [] };

const INSTALL = "app.kubernetes.io/component=install";

const install = (release: string, timeout: string) => [
  ...["upgrade", "--install", release, CHART, "--wait", "--timeout", timeout, "--values", "-"],
];

describeOnTestbed("a release of charts/moodle", () => {
  describe("in the life of a site", () => {
    const namespace = "life";
    const props = site(namespace);
    const { release, values, volume } = synthesize(props);
    const upgrade = (changed: unknown, timeout: string) =>
      helm([...install(release, timeout), "--namespace", namespace], { input: stringify(changed) });
    const uninstall = () => helm(["uninstall", release, "--namespace", namespace, "--wait"]);
    const claim = () => get(["persistentvolumeclaim", "moodle-data"], namespace);
    const selectors = async () => {
      const { items } = await get(["deployments,services"], namespace);
      return items.map(({ metadata, spec }: Resource) => [metadata.name, spec.selector]);
    };

    beforeAll(async () => {
      await createNamespace(namespace);
      await apply(volume);
    });

    test("a first install that finds no node fails", async () => {
      await expect(upgrade({ ...values, ...NOWHERE }, "10s")).rejects.toThrow();
    });

    test("mended, it succeeds, and the Job has completed", async () => {
      await upgrade(values, "60s");
      // On simulated nodes pods are ready at once, and do not wait for the Job.
      await kubectl(["wait", "job", "--all", "--for=condition=Complete", "--namespace", namespace, "--timeout=60s"]);
      const { items } = await get(["jobs"], namespace);
      expect(items.map(({ status }: Resource) => status.succeeded)).toEqual([1]);
    });

    test("web and cron pods are ready, over several zones", async () => {
      for (const [name, replicas] of Object.entries({ "moodle-web": 2, "moodle-cron": 2, "moodle-adhoc": 1 })) {
        await kubectl(["rollout", "status", `deployment/${name}`, "--namespace", namespace, "--timeout=60s"]);
        await kubectl([
          ...["wait", `deployment/${name}`, "--namespace", namespace],
          ...[`--for=jsonpath={.status.readyReplicas}=${replicas}`, "--timeout=60s"],
        ]);
      }
      const { items } = await get(["pods", "--selector", "app.kubernetes.io/component=web"], namespace);
      expect(new Set(items.map(({ spec }: Resource) => spec.nodeName)).size).toBe(2);
    });

    test("its claim is bound to the volume made for it", async () => {
      expect((await claim()).status.phase).toBe("Bound");
      expect((await claim()).spec.volumeName).toBe("life-moodle");
      expect((await claim()).spec.resources.requests.storage).toBe("1Gi"); // whatever the size of the volume, which may grow
    });

    test("an upgrade runs a new Job and keeps selectors and claim", async () => {
      const before = [await selectors(), (await claim()).metadata.uid];
      const { values: next } = synthesize({ ...props, image: "registry.example.edu/moodle:0.2.0" });
      const first = (await get(["jobs"], namespace)).items[0].metadata.name;
      await upgrade(next, "60s");
      expect([await selectors(), (await claim()).metadata.uid]).toEqual(before);
      const jobs = (await get(["jobs"], namespace)).items.map(({ metadata }: Resource) => metadata.name);
      expect(jobs).toHaveLength(1);
      expect(jobs).not.toContain(first);
    });

    test("helm test runs its Job under the namespace's rules", async () => {
      await expect(helm(["test", release, "--namespace", namespace, "--timeout", "60s"])).resolves.toContain(
        "Succeeded",
      );
    });

    test("its Job runs again as docs/moodle-operation.md says", async () => {
      const job = async () => (await get(["jobs", "--selector", INSTALL], namespace)).items[0].metadata;
      const before = await job();
      await kubectl(["delete", "job", "--selector", INSTALL, "--namespace", namespace]);
      const manifest = await helm(["get", "manifest", release, "--namespace", namespace]);
      await kubectl(["apply", "--namespace", namespace, "--selector", INSTALL, "--filename", "-"], { input: manifest });
      expect((await job()).name).toBe(before.name);
      expect((await job()).uid).not.toBe(before.uid);
    });

    test("an upgrade to every choice and back keeps selectors and claim, and leaves nothing of them", async () => {
      const kinds = "deployments,statefulsets,services,networkpolicies,podmonitors,prometheusrules,scaledobjects";
      const names = async () =>
        (await get([kinds], namespace)).items.map(({ kind, metadata }: Resource) => `${kind}/${metadata.name}`);
      const before = { names: await names(), selectors: await selectors(), uid: (await claim()).metadata.uid };
      await upgrade(synthesize({ ...props, ...everything }).values, "60s");
      expect(await selectors()).toEqual(expect.arrayContaining(before.selectors));
      expect(await names()).toEqual(
        expect.arrayContaining(["StatefulSet/moodle-antivirus", "PodMonitor/moodle", "ScaledObject/moodle-web"]),
      );
      await upgrade(values, "60s");
      expect({ names: await names(), selectors: await selectors(), uid: (await claim()).metadata.uid }).toEqual(before);
    });

    test("uninstalling keeps the claim, and the next install takes it over", async () => {
      const { uid } = (await claim()).metadata;
      await uninstall();
      expect((await claim()).metadata.uid).toBe(uid);
      await upgrade(values, "60s");
      expect((await claim()).metadata.uid).toBe(uid);
    });

    test("a second site settles in the same namespace", async () => {
      const second = synthesize(
        site(namespace, {
          releaseName: "second",
          identity: { ...ports.identity(namespace), serviceAccountName: "second" },
          route: ports.ingress,
        }),
      );
      await apply(second.volume);
      await helm([...install(second.release, "60s"), "--namespace", namespace], { input: stringify(second.values) });
      expect((await get(["deployments"], namespace)).items.map(({ metadata }: Resource) => metadata.name)).toEqual([
        ...["moodle-adhoc", "moodle-cron", "moodle-web"],
        ...["second-adhoc", "second-cron", "second-web"],
      ]);
    });
  });

  describe("in the life of a disposable site", () => {
    const namespace = "disposable";
    const { release, values, volume } = synthesize(
      site(namespace, { protection: "disposable", route: ports.httpRoute, files: ports.filestore }),
    );

    test("deploy, destroy, deploy leaves nothing behind and works", async () => {
      await createNamespace(namespace);
      for (const last of [false, true]) {
        await apply(volume);
        await helm([...install(release, "60s"), "--namespace", namespace], { input: stringify(values) });
        if (last) break;
        await helm(["uninstall", release, "--namespace", namespace, "--wait"]);
        await kubectl(["wait", "--for=delete", "persistentvolumeclaim/moodle-data", "-n", namespace, "--timeout=60s"]);
        await kubectl(["delete", "persistentvolume", "disposable-moodle", "--timeout=60s"]);
      }
      expect((await get(["persistentvolumeclaim", "moodle-data"], namespace)).status.phase).toBe("Bound");
    });
  });
});
