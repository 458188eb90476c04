import { stringify } from "yaml";
import type { Resource } from "../support/template";
import { CHART, containersOf, everything, only, render, site, synthesize, template } from "./support/moodle-site";
import { createNamespace, describeOnTestbed, get, helm, kubectl } from "./support/testbed";

describeOnTestbed("the virus scanner of charts/moodle", () => {
  let objects: Resource[];
  let spec: Resource;
  beforeAll(async () => {
    objects = await render(site("sites", { ...everything, maxUploadMb: 512 }));
    spec = only(objects, "StatefulSet", "moodle-antivirus").spec;
  });

  test("is there where it is asked for", async () => {
    const plain = await render(site("sites"));
    expect(plain.map(({ kind }) => kind)).not.toContain("StatefulSet");
    expect(only(plain, "ConfigMap", "moodle-configuration").data).not.toHaveProperty("MOODLE_CLAMAV_HOST");
  });

  test("answers where Moodle looks for it", () => {
    const { MOODLE_CLAMAV_HOST: host, MOODLE_CLAMAV_PORT: port } = only(
      objects,
      "ConfigMap",
      "moodle-configuration",
    ).data;
    const { ports, selector } = only(objects, "Service", host).spec;
    expect(ports).toEqual([{ name: "clamd", port: Number(port), targetPort: "clamd" }]);
    expect(spec.template.metadata.labels).toMatchObject(selector);
  });

  test("takes an upload of the largest size in whole", () => {
    const lines: string[] = only(objects, "ConfigMap", "moodle-antivirus").data["clamd.conf"].split("\n");
    expect(lines).toEqual(expect.arrayContaining(["TCPSocket 3310", "StreamMaxLength 512M", "MaxFileSize 512M"]));
  });

  test("is refused beside uploads that it could not scan", async () => {
    const { values } = synthesize(site("sites", everything));
    await expect(template("moodle", { ...values, php: { maxUploadMb: 2001 } })).rejects.toThrow(
      /php.maxUploadMb is 2001.*lower it or turn antivirus off/,
    );
  });

  test("has neither the site's identity, nor its secrets, nor its files", () => {
    expect(spec.template.spec).not.toHaveProperty("serviceAccountName");
    expect(JSON.stringify(spec)).not.toMatch(/secret|moodle-data|moodle-configuration/);
  });

  test("writes to its signatures and to scratch space alone", () => {
    for (const { securityContext, volumeMounts } of containersOf(spec)) {
      expect(securityContext.readOnlyRootFilesystem).toBe(true);
      expect(volumeMounts.filter(({ readOnly }: Resource) => !readOnly).map(({ name }: Resource) => name)).toEqual([
        "signatures",
        "tmp",
      ]);
    }
  });

  test("starts again from the signatures it has, which the cluster's class of disks holds", async () => {
    expect(spec.volumeClaimTemplates).toMatchObject([
      { metadata: { name: "signatures" }, spec: { accessModes: ["ReadWriteOnce"] } },
    ]);
    expect(spec.volumeClaimTemplates[0].spec).not.toHaveProperty("storageClassName");
    const { cluster } = site("sites");
    const named = await render(site("sites", { ...everything, cluster: { ...cluster, volumeClassName: "gp3" } }));
    const [claim] = only(named, "StatefulSet", "moodle-antivirus").spec.volumeClaimTemplates;
    expect(claim.spec.storageClassName).toBe("gp3");
  });

  test("may take a quarter of an hour to load them", () => {
    const { startupProbe } = containersOf(spec).find(({ name }) => name === "clamd") ?? {};
    expect(startupProbe.periodSeconds * startupProbe.failureThreshold).toBe(900);
  });

  test("starts again when its configuration changes", async () => {
    const larger = await render(site("sites", { ...everything, maxUploadMb: 1024 }));
    const checksum = (of: Resource) => of.template.metadata.annotations["checksum/configuration"];
    expect(checksum(only(larger, "StatefulSet", "moodle-antivirus").spec)).not.toBe(checksum(spec));
  });

  test("leaves no claim behind when the release goes", async () => {
    const namespace = "antivirus";
    const { release, values, volume } = synthesize(site(namespace, { antivirus: true, protection: "disposable" }));
    await createNamespace(namespace);
    await kubectl(["apply", "--server-side", "-f", "-"], { input: volume });
    await helm(["install", release, CHART, "--wait", "--timeout", "60s", "--values", "-", "--namespace", namespace], {
      input: stringify(values),
    });
    expect((await get(["statefulset", "moodle-antivirus"], namespace)).status.readyReplicas).toBe(1);
    await helm(["uninstall", release, "--namespace", namespace, "--wait"]);
    await kubectl([
      ...["wait", "--for=delete", "persistentvolumeclaim/signatures-moodle-antivirus-0"],
      ...["--namespace", namespace, "--timeout=60s"],
    ]);
  });
});
