import { TerraformResource } from "cdktf";
import type { AlertReceiver } from "../../../constructs/ports";
import { Monitoring, type MonitoringProps } from "../../../constructs/workloads/monitoring";
import { valuesOf } from "../../e2e/support/releases";
import { DependencyGraph } from "../../support/graph";
import { cluster, identity, secret } from "../../support/ports";
import { Template } from "../../support/template";

const pager: AlertReceiver = { kind: "pagerduty", secret: secret("alerts") };

function build(props: Partial<MonitoringProps> = {}) {
  let monitoring: Monitoring | undefined;
  const template = Template.from((scope) => {
    const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
    monitoring = new Monitoring(scope, "monitoring", {
      cluster: { ...cluster, ready: [resource("cluster")] },
      namespace: "monitoring",
      grafanaSecret: secret("grafana"),
      receivers: [pager],
      dependsOn: [resource("nodes")],
      ...props,
    });
  });
  const addressOf = (name: string) =>
    Object.entries(template.all("helm_release"))
      .filter(([, one]) => one.name === name)
      .map(([id]) => `helm_release.${id}`)[0] ?? "";
  const values = (name: string) => valuesOf(template.only("helm_release", { name }).values);
  return { monitoring, template, addressOf, values, stack: values("kube-prometheus-stack") };
}

test("Prometheus takes every monitor and rule, whoever brings it", () => {
  const spec = build().stack.prometheus.prometheusSpec;
  for (const kind of ["serviceMonitor", "podMonitor", "rule", "probe", "scrapeConfig"]) {
    expect(spec[`${kind}SelectorNilUsesHelmValues`]).toBe(false);
  }
});

test("Prometheus lets the oldest metrics go before its disk is full", () => {
  const { retention, retentionSize, storageSpec } = build({ storageGb: 100, retentionDays: 30 }).stack.prometheus
    .prometheusSpec;
  expect(retention).toBe("30d");
  expect(retentionSize).toBe("87040MB");
  expect(storageSpec.volumeClaimTemplate.spec.resources.requests.storage).toBe("100Gi");
});

test("disks are of the cluster's class for single pods", () => {
  const { prometheus, alertmanager } = build({ cluster: { ...cluster, volumeClassName: "ebs" } }).stack;
  for (const claim of [prometheus.prometheusSpec.storageSpec, alertmanager.alertmanagerSpec.storage]) {
    expect(claim.volumeClaimTemplate.spec.storageClassName).toBe("ebs");
  }
});

test("nothing is asked of a control plane that does not answer", () => {
  const { stack } = build();
  for (const name of ["kubeApiServer", "kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy", "coreDns"]) {
    expect(stack[name]).toEqual({ enabled: false });
  }
});

test("nothing rings that stands on every cluster whose nodes come and go", () => {
  const { disabled } = build().stack.defaultRules;
  expect(Object.keys(disabled).sort()).toEqual(["KubeCPUOvercommit", "KubeMemoryOvercommit", "KubeVersionMismatch"]);
});

test("Grafana's password comes from the secret, and stands in no value", () => {
  const { stack, values } = build();
  expect(stack.grafana.admin).toEqual({
    existingSecret: "grafana-administrator",
    userKey: "username",
    passwordKey: "password",
  });
  expect(stack.grafana).not.toHaveProperty("adminPassword");
  expect(values("monitoring").grafanaSecret.key).toBe(secret("grafana").name);
});

test("definitions are upgraded by their own release, which leaves them behind", () => {
  const { stack, values, addressOf, template } = build();
  expect(stack.crds).toEqual({ enabled: false });
  expect(values("prometheus-operator-crds").crds.annotations).toEqual({ "helm.sh/resource-policy": "keep" });
  const reached = new DependencyGraph(template).reachableFrom(addressOf("kube-prometheus-stack"));
  expect([...reached]).toEqual(
    expect.arrayContaining([
      addressOf("prometheus-operator-crds"),
      addressOf("monitoring"),
      "kind.cluster",
      "kind.nodes",
    ]),
  );
});

test("only the exporter of nodes may do what Pod Security refuses elsewhere", () => {
  const { template, stack } = build();
  const levels = template
    .resources("kubernetes_namespace_v1")
    .map(({ metadata }) => [metadata.name, metadata.labels["pod-security.kubernetes.io/enforce"]]);
  expect(levels).toEqual([["node-exporter", "privileged"]]);
  expect(stack["prometheus-node-exporter"].namespaceOverride).toBe("node-exporter");
});

test.each<[AlertReceiver, object]>([
  [pager, { kind: "pagerduty", secret: { key: secret("alerts").name } }],
  [
    {
      kind: "sns",
      topicArn: "arn:aws:sns:eu-central-1:1:alerts",
      heartbeatTopicArn: "arn:aws:sns:eu-central-1:1:heartbeat",
      region: "eu-central-1",
      identity: identity("m"),
    },
    {
      kind: "sns",
      topicArn: "arn:aws:sns:eu-central-1:1:alerts",
      heartbeatTopicArn: "arn:aws:sns:eu-central-1:1:heartbeat",
      region: "eu-central-1",
    },
  ],
  [
    {
      kind: "email",
      address: "ops@example.edu",
      from: "noreply@example.edu",
      host: "smtp.example.edu",
      port: 587,
      security: "starttls",
    },
    { kind: "email", address: "ops@example.edu", host: "smtp.example.edu", port: 587, security: "starttls" },
  ],
])("alerts go to a receiver of kind $kind", (receiver, expected) => {
  const { receivers } = build({ receivers: [receiver] }).values("monitoring");
  expect(receivers).toEqual([expect.objectContaining({ kind: receiver.kind })]);
  expect(receivers[0]).toMatchObject(expected);
  expect(receivers[0]).not.toHaveProperty("identity");
});

test("Alertmanager starts without the credentials of receivers, and has each as soon as it is there", () => {
  const receivers: AlertReceiver[] = [
    { kind: "sns", topicArn: "arn:aws:sns:eu-central-1:1:alerts", region: "eu-central-1", identity: identity("m") },
    pager,
  ];
  const { alertmanagerSpec } = build({ receivers }).stack.alertmanager;
  expect(alertmanagerSpec).not.toHaveProperty("secrets");
  const [volume] = alertmanagerSpec.volumes;
  expect(volume.projected.sources).toEqual([
    {
      secret: { name: "alertmanager-credential-1", optional: true, items: [{ key: "credential", path: "1" }] },
    },
  ]);
  expect(alertmanagerSpec.volumeMounts).toEqual([
    { name: volume.name, mountPath: "/etc/alertmanager/credentials", readOnly: true },
  ]);
});

test("Alertmanager has no volume of credentials where no receiver has one", () => {
  const relay = { kind: "email", address: "ops@example.edu", from: "noreply@example.edu", host: "smtp.example.edu" };
  const receivers = [{ ...relay, port: 587, security: "starttls" } as AlertReceiver];
  expect(build({ receivers }).stack.alertmanager.alertmanagerSpec).not.toHaveProperty("volumes");
});

test("Alertmanager runs under the account that has the identity", () => {
  expect(build().stack.alertmanager.serviceAccount).toEqual({ name: Monitoring.alertmanagerServiceAccount });
});

test("alerts that nobody gets are refused", () => {
  expect(() => build({ receivers: [] })).toThrow(/receivers[\s\S]*say where alerts go/);
});

test("what is watched knows whom to admit, and where to ask", () => {
  const { monitoring } = build();
  expect(monitoring?.prometheus).toEqual({ namespace: "monitoring" });
  expect(monitoring?.address).toBe("http://kube-prometheus-stack-prometheus.monitoring:9090");
  expect(monitoring?.ready).toHaveLength(2);
});
