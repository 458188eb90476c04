import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TerraformResource } from "cdktf";
import { AnalyticsServer } from "../../../constructs/workloads/analytics-server";
import { valuesOf } from "../../e2e/support/releases";
import { cluster, secret } from "../../support/ports";
import { Template } from "../../support/template";

let backend: AnalyticsServer["backend"] | undefined;
const template = Template.from((scope) => {
  const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
  ({ backend } = new AnalyticsServer(scope, "analytics", {
    cluster: { ...cluster, volumeClassName: "encrypted", ready: [resource("cluster")] },
    namespace: "moodle",
    secret: secret("analytics"),
    image: "registry.example.edu/analytics:0.1.0",
    memoryGb: 3,
    dependsOn: [resource("stores"), resource("passwords")],
  }));
});
const release = template.only("helm_release");
const values = valuesOf(release.values);
const image = join(__dirname, "../../../images/analytics");

test("Moodle and the server read the same name and password", () => {
  expect(values.secret.key).toBe(backend?.secret.name);
  expect(release.namespace).toBe("moodle");
  expect(release.depends_on).toEqual(["kind.cluster", "kind.stores", "kind.passwords"]);
});

test("Moodle asks the Service of the release, and reaches its pods alone", () => {
  expect(backend).toMatchObject({
    host: `${release.name}.moodle.svc`,
    port: 5000,
    pods: { namespace: "moodle", podLabels: { "app.kubernetes.io/name": "analytics" }, port: 5000 },
  });
});

test("it has the memory that it is given, and a disk of the cluster's own class", () => {
  expect(values.resources).toMatchObject({ requests: { cpu: "1", memory: "3072Mi" }, limits: { memory: "3072Mi" } });
  expect(values).toMatchObject({ storageClassName: "encrypted", capacityGb: 5 });
});

test("every package of the image is of one version, and has its hash", () => {
  const lines = readFileSync(join(image, "requirements.txt"), "utf8").trim().split("\n");
  const packages = lines.filter((line) => !line.startsWith("#"));
  expect(packages.length).toBeGreaterThan(50);
  for (const line of packages) expect(line).toMatch(/^[a-z0-9.-]+==[0-9a-z.]+ --hash=sha256:[0-9a-f]{64}$/);
  for (const wanted of ["tensorflow==2.7.", "scikit-learn==0.21.", "flask==1.0.", "gunicorn=="]) {
    expect(packages.filter((line) => line.startsWith(wanted))).toHaveLength(1);
  }
});
