/** What waits for a Knative Service, on a cluster that has Knative's own definitions. */
import { apply } from "./support/apply";
import { chartFolder, createNamespace, describeOnTestbed, get, helm, kubectl } from "./support/testbed";

const namespace = "knative-wait";
const args = ["moodle-wait", chartFolder("knative-wait"), "--namespace", namespace];
const values = ["--set", "service=moodle-web", "--set", "subject=0123"];

describeOnTestbed("knative-wait", () => {
  beforeAll(() => createNamespace(namespace));

  test("has no field that Kubernetes lacks, and waits for the readiness of that Service", async () => {
    const manifests = await helm(["template", ...args, "--kube-version", "1.35.0", ...values]);
    await expect(apply(manifests, namespace)).resolves.toHaveLength(5);
    const { spec } = await get(["job", "moodle-wait"], namespace);
    expect(spec.template.spec.containers[0].args).toEqual([
      ...["wait", "services.serving.knative.dev/moodle-web", `--namespace=${namespace}`],
      ...["--for=condition=Ready", "--timeout=1740s"],
    ]);
    await kubectl(["delete", "--namespace", namespace, "--filename=-"], { input: manifests });
  });

  test("ends with its Job, whose account may look at that Service alone", async () => {
    await helm(["upgrade", "--install", ...args, ...values, "--wait", "--timeout", "1m"]);
    expect((await get(["job", "moodle-wait"], namespace)).status.succeeded).toBe(1);
    const account = `--as=system:serviceaccount:${namespace}:moodle-wait`;
    const watches = (name: string) =>
      kubectl([
        ...["get", "services.serving.knative.dev", `--field-selector=metadata.name=${name}`, "--output=name"],
        ...["--namespace", namespace, account],
      ]);
    await expect(watches("moodle-web")).resolves.toBe("");
    await expect(watches("other")).rejects.toThrow(/forbidden/);
  });
});
