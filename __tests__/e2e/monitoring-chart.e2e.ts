/** charts/monitoring, on a cluster that checks every field. */
import { parse } from "yaml";
import type { AlertReceiver } from "../../constructs/ports";
import { Monitoring } from "../../constructs/workloads/monitoring";
import { cluster, identity, secret } from "../support/ports";
import type { Resource } from "../support/template";
import { apply } from "./support/apply";
import { planned, render } from "./support/charts";
import { createNamespace, describeOnTestbed } from "./support/testbed";

const topic: AlertReceiver = {
  kind: "sns",
  topicArn: "arn:aws:sns:eu-central-1:111122223333:moodle-staging-1-alerts",
  region: "eu-central-1",
  identity: identity("monitoring"),
};
const mail = {
  kind: "email",
  address: "ops@example.edu",
  from: "noreply@example.edu",
  host: "smtp.example.edu",
  port: 465,
  security: "tls",
} as const;

const release = (receivers: readonly AlertReceiver[]) =>
  planned("monitoring", (scope) => {
    new Monitoring(scope, "monitoring", {
      cluster,
      namespace: "monitoring-chart",
      grafanaSecret: secret("grafana"),
      receivers,
      dependsOn: [],
    });
  });

async function manifest(receivers: readonly AlertReceiver[], kind: string, name: string): Promise<Resource> {
  const documents: Resource[] = (await render(release(receivers))).split(/^---$/m).map((text) => parse(text));
  const found = documents.find((one) => one?.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

/** What Alertmanager reads, with `value` wherever External Secrets puts something of a secret. */
async function configuration(receivers: readonly AlertReceiver[], value = "value"): Promise<Resource> {
  const documents: Resource[] = (await render(release(receivers))).split(/^---$/m).map((text) => parse(text));
  const found = documents.find((one) => one?.metadata?.name === "alertmanager-kube-prometheus-stack-alertmanager");
  const data: Resource = found?.stringData ?? found?.spec.target.template.data ?? {};
  return parse(data["alertmanager.yaml"].replaceAll(/\{\{ \.\w+ \| toJson \}\}/g, JSON.stringify(value)));
}

describeOnTestbed("charts/monitoring", () => {
  beforeAll(() => createNamespace("monitoring-chart"));

  test.each<[string, readonly AlertReceiver[]]>([
    ["a topic alone", [topic]],
    ["mail without a login", [mail]],
    [
      "everything",
      [
        topic,
        { ...mail, secret: secret("smtp") },
        { kind: "pagerduty", secret: secret("alerts") },
        { kind: "slack", secret: secret("alerts") },
        { kind: "webhook", secret: secret("alerts") },
      ],
    ],
  ])("has no field that its definitions lack, with %s", async (_, receivers) => {
    await expect(apply(await render(release(receivers)), "monitoring-chart")).resolves.toHaveLength(6);
  });

  test("lets Prometheus reach every node, which no network matches on GKE", async () => {
    const { spec } = await manifest([topic], "NetworkPolicy", "prometheus");
    const nodes = spec.egress.filter(({ ports = [] }: Resource) =>
      ports.some(({ port }: Resource) => port === 10250 || port === 9100),
    );
    expect(nodes).toEqual([
      {
        ports: [
          { protocol: "TCP", port: 10250 },
          { protocol: "TCP", port: 9100 },
        ],
      },
    ]);
  });

  test("sends what is critical and what is a warning to every receiver, and the rest to none", async () => {
    const { route, receivers } = await configuration([topic, { ...mail, secret: secret("smtp") }]);
    expect(route.receiver).toBe("administrators");
    expect(route.routes.map(({ receiver }: Resource) => receiver)).toEqual(["nobody", "nobody"]);
    expect(receivers).toEqual([
      { name: "nobody" },
      {
        name: "administrators",
        email_configs: [
          expect.objectContaining({
            to: "ops@example.edu",
            smarthost: "smtp.example.edu:465",
            require_tls: false,
            force_implicit_tls: true,
            auth_username: "value",
            auth_password: "value",
          }),
        ],
        sns_configs: [{ topic_arn: topic.kind === "sns" ? topic.topicArn : "", sigv4: { region: "eu-central-1" } }],
      },
    ]);
  });

  test("mails never go without TLS", async () => {
    const { receivers } = await configuration([{ ...mail, port: 587, security: "starttls" }]);
    expect(receivers[1].email_configs[0]).toMatchObject({ require_tls: true, force_implicit_tls: false });
  });

  test("takes a credential as it is, whatever is in it", async () => {
    const credential = `https://hooks.example.edu/'"{{:#\\`;
    const { receivers } = await configuration([{ kind: "webhook", secret: secret("alerts") }], credential);
    expect(receivers[1].webhook_configs).toEqual([{ url: credential }]);
  });
});
