/** The server of Moodle's analytics on a cluster that checks every field. */
import { parseAllDocuments } from "yaml";
import { AnalyticsServer } from "../../constructs/workloads/analytics-server";
import { cluster, secret } from "../support/ports";
import type { Resource } from "../support/template";
import { apply } from "./support/apply";
import { install, planned, render } from "./support/charts";
import { createNamespace, describeOnTestbed, get, kubectl } from "./support/testbed";

const namespace = "analytics";
const release = planned("analytics", (scope) => {
  new AnalyticsServer(scope, "analytics", {
    cluster,
    namespace,
    secret: secret("analytics"),
    image: "registry.example.edu/analytics:0.1.0",
    dependsOn: [],
  });
});

describeOnTestbed("analytics", () => {
  beforeAll(async () => {
    await createNamespace(namespace);
    // As every kubelet does.
    await kubectl(["label", "nodes", "--all", "--overwrite", "kubernetes.io/arch=amd64"]);
  });

  test("has no field that Kubernetes or External Secrets lacks", async () => {
    const manifests = await render(release);
    await expect(apply(manifests, namespace)).resolves.toHaveLength(5);
    await kubectl(["delete", "--namespace", namespace, "--filename=-"], { input: manifests });
  });

  test("is installed, with a pod that meets Pod Security's restricted level", async () => {
    await install(release, "1m");
    expect((await get(["statefulset", "analytics"], namespace)).status.readyReplicas).toBe(1);
    const { spec } = await get(["pod", "analytics-0"], namespace);
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.containers[0].securityContext.readOnlyRootFilesystem).toBe(true);
    // A claim from a StatefulSet's template could never grow.
    expect(spec.volumes).toContainEqual({ name: "learnt", persistentVolumeClaim: { claimName: "analytics" } });
  });

  test("is reached by Moodle's pods, and reaches nobody", async () => {
    const objects: Resource[] = parseAllDocuments(await render(release)).map((document) => document.toJS());
    const { spec } = objects.find(({ kind }) => kind === "NetworkPolicy") as Resource;
    expect(spec.policyTypes).toEqual(["Ingress", "Egress"]);
    expect(spec).not.toHaveProperty("egress");
    const [{ from, ports }] = spec.ingress;
    expect(ports).toEqual([{ protocol: "TCP", port: 5000 }]);
    expect(from).toHaveLength(1);
    expect(from[0].podSelector.matchLabels).toEqual({ "app.kubernetes.io/name": "moodle" });
    expect(from[0]).not.toHaveProperty("namespaceSelector");
  });
});
