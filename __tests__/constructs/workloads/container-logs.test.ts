import { ContainerLogs } from "../../../constructs/workloads/container-logs";
import { valuesOf } from "../../e2e/support/releases";
import { cluster, identity } from "../../support/ports";
import { Template } from "../../support/template";

const template = Template.from((scope) => {
  new ContainerLogs(scope, "logs", {
    cluster,
    destination: {
      kind: "cloudwatch",
      logGroupName: "/eks/moodle-staging-1/containers",
      region: "eu-central-1",
      identity: { ...identity("logging"), serviceAccountName: "fluent-bit" },
    },
    monitoring: { namespace: "monitoring" },
    dependsOn: [],
  });
});
const values = valuesOf(template.only("helm_release").values);

test("agents write to the one log group, which they do not make", () => {
  expect(values.config.outputs).toContain("log_group_name /eks/moodle-staging-1/containers");
  expect(values.config.outputs).toContain("auto_create_group false");
  expect(values.config.outputs).toContain("region eu-central-1");
  expect(values.serviceAccount).toEqual({ name: "fluent-bit" });
});

test("agents are on every node, and remember on the node what they have read", () => {
  expect(values.tolerations).toEqual([{ operator: "Exists" }]);
  const [, path = ""] = /DB (\S+)\//.exec(values.config.inputs) ?? [];
  expect(values.daemonSetVolumes).toContainEqual({ name: "state", hostPath: { path, type: "DirectoryOrCreate" } });
});

test("agents read logs and change nothing else of their node", () => {
  expect(values.daemonSetVolumeMounts).toContainEqual({ name: "logs", mountPath: "/var/log", readOnly: true });
  expect(values.securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true });
});

test("agents have a namespace of their own, and answer Prometheus alone", () => {
  const { metadata } = template.only("kubernetes_namespace_v1");
  expect(metadata.labels["pod-security.kubernetes.io/enforce"]).toBe("privileged");
  const { spec } = template.only("kubernetes_network_policy_v1", {
    metadata: { name: "fluent-bit", namespace: "logging" },
  });
  expect(JSON.stringify(spec.ingress)).toContain('"kubernetes.io/metadata.name":"monitoring"');
  expect(JSON.stringify(spec.egress)).toContain("169.254.170.23/32");
});
