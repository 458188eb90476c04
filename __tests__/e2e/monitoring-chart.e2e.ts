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
  heartbeatTopicArn: "arn:aws:sns:eu-central-1:111122223333:moodle-staging-1-heartbeat",
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

async function manifests(receivers: readonly AlertReceiver[]): Promise<Resource[]> {
  const texts = (await render(release(receivers))).split(/^---$/m);
  return texts.map((text) => parse(text)).filter((one) => one !== null);
}

async function manifest(receivers: readonly AlertReceiver[], kind: string, name: string): Promise<Resource> {
  const found = (await manifests(receivers)).find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

const CONFIGURATION = "alertmanager-kube-prometheus-stack-alertmanager";

/** What Alertmanager reads, with `value` where External Secrets puts the name at a relay. */
async function configuration(receivers: readonly AlertReceiver[], value = "value"): Promise<Resource> {
  const found = (await manifests(receivers)).find(({ metadata }) => metadata.name === CONFIGURATION);
  const data: Resource = found?.stringData ?? found?.spec.target.template.data ?? {};
  return parse(data["alertmanager.yaml"].replaceAll(/\{\{ \.\w+ \| toJson \}\}/g, JSON.stringify(value)));
}

describeOnTestbed("charts/monitoring", () => {
  beforeAll(() => createNamespace("monitoring-chart"));

  test.each<[string, number, readonly AlertReceiver[]]>([
    ["a topic alone", 0, [topic]],
    ["mail without a login", 0, [mail]],
    [
      "everything",
      4,
      [
        topic,
        { ...mail, secret: secret("smtp") },
        { kind: "pagerduty", secret: secret("alerts") },
        { kind: "slack", secret: secret("alerts") },
        { kind: "webhook", secret: secret("alerts") },
      ],
    ],
  ])("has no field that its definitions lack, with %s", async (_, credentials, receivers) => {
    await expect(apply(await render(release(receivers)), "monitoring-chart")).resolves.toHaveLength(7 + credentials);
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
    expect(route.routes.map(({ receiver, matchers }: Resource) => [receiver, ...matchers])).toEqual([
      ["heartbeat", 'alertname = "Watchdog"'],
      ["nobody", 'alertname = "InfoInhibitor"'],
      ["nobody", 'severity = "info"'],
    ]);
    expect(receivers).toEqual([
      { name: "nobody" },
      expect.objectContaining({ name: "heartbeat" }),
      {
        name: "administrators",
        email_configs: [
          expect.objectContaining({
            to: "ops@example.edu",
            smarthost: "smtp.example.edu:465",
            require_tls: false,
            force_implicit_tls: true,
            auth_username: "value",
            auth_password_file: "/etc/alertmanager/credentials/1",
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

  test("tells that alerts arrive more often than every five minutes, and says nothing once they do not", async () => {
    const { route, receivers } = await configuration([topic]);
    expect(route.routes[0]).toMatchObject({ group_interval: "1m", repeat_interval: "4m" });
    expect(receivers[1].sns_configs).toEqual([
      {
        topic_arn: topic.kind === "sns" ? topic.heartbeatTopicArn : "",
        sigv4: { region: "eu-central-1" },
        send_resolved: false,
      },
    ]);
  });

  test("has nobody to tell that alerts arrive, without a topic for it", async () => {
    const { route, receivers } = await configuration([mail]);
    expect(route.routes[0]).toEqual({ receiver: "nobody", matchers: ['alertname = "Watchdog"'] });
    expect(receivers.map(({ name }: Resource) => name)).toEqual(["nobody", "administrators"]);
  });

  describe("where a credential is missing", () => {
    const further = ["pagerduty", "slack", "webhook"] as const;
    const receivers = [topic, ...further.map((kind) => ({ kind, secret: secret(kind) }) as const)];

    test("the configuration is there all the same, and holds none", async () => {
      const { stringData } = await manifest(receivers, "Secret", CONFIGURATION);
      expect(stringData["alertmanager.yaml"]).not.toContain("{{");
      const [administrators] = parse(stringData["alertmanager.yaml"]).receivers.slice(-1);
      expect(administrators).toMatchObject({
        pagerduty_configs: [{ routing_key_file: "/etc/alertmanager/credentials/1" }],
        slack_configs: [{ api_url_file: "/etc/alertmanager/credentials/2" }],
        webhook_configs: [{ url_file: "/etc/alertmanager/credentials/3" }],
      });
    });

    test("those of other receivers do not wait for it", async () => {
      const copies = (await manifests(receivers)).filter(({ metadata }) =>
        metadata.name.startsWith("alertmanager-credential-"),
      );
      expect(copies.map(({ metadata, spec }) => [metadata.name, spec.data[0].remoteRef.key])).toEqual(
        further.map((kind, index) => [`alertmanager-credential-${index + 1}`, secret(kind).name]),
      );
      for (const { spec } of copies) expect(spec.data).toHaveLength(1);
    });

    test("the one name at a relay that no file can hold is all that the configuration waits for", async () => {
      const login = [...receivers, { ...mail, secret: secret("smtp") }];
      const { spec } = await manifest(login, "ExternalSecret", CONFIGURATION);
      expect(spec.data.map(({ remoteRef }: Resource) => remoteRef.property)).toEqual(["username"]);
      const password = await manifest(login, "ExternalSecret", "alertmanager-credential-4");
      expect(password.spec.data[0].remoteRef).toMatchObject({ key: secret("smtp").name, property: "password" });
    });
  });
});
