import { TerraformResource } from "cdktf";
import { parse } from "yaml";
import type { IngressEdge, SiteController } from "../../constructs/workloads/ingress";
import { loadEnvironments } from "../../environments/load";
import type { EnvironmentInput } from "../../environments/schema";
import { staging as aws } from "../../examples/aws/staging";
import { staging as google } from "../../examples/google/staging";
import { Site } from "../../stacks/site";
import { SITE_ACCOUNTS } from "../../stacks/site-names";
import { DependencyGraph } from "../support/graph";
import * as ports from "../support/ports";
import { type Resource, Template } from "../support/template";

function synthesize(input: EnvironmentInput, edge: IngressEdge, controller?: SiteController): Template {
  const [environment] = loadEnvironments([input]);
  if (environment === undefined) throw new Error("no environment");
  return Template.from((stack) => {
    const ready = (name: string) => [new TerraformResource(stack, name, { terraformResourceType: "kind" })];
    new Site(stack, "site", {
      environment,
      cluster: { ...ports.cluster, ready: ready("cluster") },
      nodesReady: ready("nodes"),
      podCidrs: ["10.20.0.0/16"],
      identities: {
        web: { ...SITE_ACCOUNTS.web, ready: [] },
        backupSnapshot: { ...SITE_ACCOUNTS.backupSnapshot, ready: [] },
        backupVerify: { ...SITE_ACCOUNTS.backupVerify, ready: [] },
        backupPrune: { ...SITE_ACCOUNTS.backupPrune, ready: [] },
        backupRestore: { ...SITE_ACCOUNTS.backupRestore, ready: [] },
        databaseRoles: { ...SITE_ACCOUNTS.databaseRoles, ready: [] },
        externalSecrets: { ...SITE_ACCOUNTS.externalSecrets, ready: [] },
      },
      database: { ...ports.database("postgresql"), ready: ready("database") },
      redis: { sessions: ports.redis("sessions"), cache: ports.redis("cache") },
      backupStore: ports.s3,
      snapshotSource: { kind: "rds", identifier: "moodle-staging-1-db", region: "eu-central-1" },
      files: ports.efs,
      secrets: {
        administrator: ports.secret("administrator"),
        backupSigning: ports.secret("backup-signing"),
        smtp: ports.secret("smtp"),
        ...(environment.monitoring && { grafana: ports.secret("grafana"), alerts: ports.secret("alerts") }),
      },
      edge,
      controller,
    });
  });
}

const values = (template: Template, name: string): Resource =>
  parse(template.only("helm_release", { name }).values.join("\n"));

describe.each([
  ["AWS", synthesize(aws, ports.albEdge), "aws-load-balancer-controller"],
  ["Google Cloud", synthesize(google, ports.gatewayEdge), "gateway"],
])("the site on %s", (_, template, controller) => {
  const graph = new DependencyGraph(template);

  /** Names of what a release waits for: releases, and the resources outside the site. */
  function waitsFor(release: string): string[] {
    const names = Object.fromEntries(
      Object.entries(template.all("helm_release")).map(([id, { name }]) => [`helm_release.${id}`, name as string]),
    );
    const [address = ""] = Object.entries(names).find(([, name]) => name === release) ?? [];
    const reached = [...graph.reachableFrom(address)];
    return reached.map((one) => names[one] ?? one.replace(/^kind\./, "")).filter((one) => !one.includes("."));
  }

  test.each(["external-secrets", "secret-stores", "database-roles", controller, "moodle", "backup"])(
    "waits for the cluster: %s",
    (release) => {
      expect(waitsFor(release)).toContain("cluster");
    },
  );

  test("asks for secrets once there are stores and passwords, for requests once there is a controller", () => {
    expect(waitsFor("moodle")).toEqual(
      expect.arrayContaining(["external-secrets", "secret-stores", "database-roles", controller]),
    );
  });

  test.each(["database-roles", "moodle", "backup"])("lets nodes go after what runs on them: %s", (release) => {
    expect(waitsFor(release)).toContain("nodes");
  });

  test("upgrades Moodle whether or not a drill has passed, unless one is required", () => {
    expect(waitsFor("moodle")).not.toContain("backup");
    expect(template.resources("helm_release").map(({ name }) => name)).not.toContain("drill-gate");
  });

  test("puts no custom resource beside its definition", () => {
    expect(waitsFor("secret-stores")).toContain("external-secrets");
  });

  test("has every release in a namespace that there is", () => {
    const made = template.resources("kubernetes_namespace_v1").map(({ metadata }) => metadata.name);
    const used = template.resources("helm_release").map(({ namespace }) => namespace);
    expect([...made, "kube-system"]).toEqual(expect.arrayContaining(used));
  });
});

test("the cloud makes snapshots of the database only where it is asked to", () => {
  const snapshotsOf = (cloudSnapshots?: number) =>
    values(synthesize({ ...aws, backups: { cloudSnapshots } }, ports.albEdge), "backup").config.cloudSnapshots;
  expect(snapshotsOf()).toBeUndefined();
  expect(snapshotsOf(5)).toEqual({ kind: "rds", identifier: "moodle-staging-1-db", region: "eu-central-1", keep: 5 });
});

test("partial snapshots count as made only where the environment says so", () => {
  const allowed = (backups: object) => values(synthesize({ ...aws, backups }, ports.albEdge), "backup").allowPartial;
  expect(allowed({})).toBe(false);
  expect(allowed({ allowPartial: true })).toBe(true);
});

describe("where a drill is required", () => {
  const template = synthesize({ ...aws, backups: { requireDrillWithin: "7d" } }, ports.albEdge);
  const addressOf = (release: string) =>
    Object.entries(template.all("helm_release"))
      .filter(([, { name }]) => name === release)
      .map(([id]) => `helm_release.${id}`)[0] ?? "";
  const graph = new DependencyGraph(template);

  test("an upgrade of Moodle waits for the gate, and the gate for the backups", () => {
    expect([...graph.reachableFrom(addressOf("moodle"))]).toContain(addressOf("drill-gate"));
    expect([...graph.reachableFrom(addressOf("drill-gate"))]).toContain(addressOf("backup"));
  });

  test("a backup that is mended waits for no gate, so that a drill can pass again", () => {
    expect([...graph.reachableFrom(addressOf("backup"))]).not.toContain(addressOf("drill-gate"));
    expect([...graph.reachableFrom(addressOf("backup"))]).not.toContain(addressOf("moodle"));
  });

  test("the gate asks when Moodle's image changes", () => {
    expect(values(template, "drill-gate").subject).toBe(imageOf(values(template, "moodle")));
  });
});

function imageOf({ image: { repository, tag } }: Resource): string {
  return `${repository}:${tag}`;
}

test("the passwords of the first administrator and the backups' key are born in the cluster", () => {
  expect(values(synthesize(aws, ports.albEdge), "database-roles").config.generated).toEqual([
    { secret: ports.secret("administrator"), keys: ["adminPassword"] },
    { secret: ports.secret("backup-signing"), keys: ["signingSecret"] },
  ]);
});

describe("outgoing mail", () => {
  const mailOf = (mail: object) => {
    const moodle = { ...aws.moodle, mail: { host: "smtp.example.edu", ...mail } };
    return values(synthesize({ ...aws, moodle }, ports.albEdge), "moodle").mail;
  };

  test("goes by STARTTLS on 587, with the login that the secret holds, from the site's own domain", () => {
    expect(mailOf({})).toEqual({
      host: "smtp.example.edu",
      port: 587,
      security: "starttls",
      noReplyAddress: "noreply@moodle.staging.example.edu",
      secret: { store: { kind: "SecretStore", name: "aws-secrets-manager" }, key: ports.secret("smtp").name },
    });
  });

  test("goes by TLS from the first byte on 465", () => {
    expect(mailOf({ port: 465, noReplyAddress: "no@example.edu" })).toMatchObject({
      security: "tls",
      noReplyAddress: "no@example.edu",
    });
  });
});

test("a site without mail, scanner and Prometheus asks for none", () => {
  const { mail, antivirus, monitoring } = values(synthesize(aws, ports.albEdge), "moodle");
  expect({ mail, scans: antivirus?.enabled, monitoring }).toEqual({ mail: undefined, scans: false });
});

test.each([
  ["a tag", "1.2.3", "registry.example.edu/platform/backup:1.2.3"],
  ["a digest", `sha256:${"a".repeat(64)}`, `registry.example.edu/platform/backup@sha256:${"a".repeat(64)}`],
])("images are named by %s", (_, backup, expected) => {
  const images = { registry: "registry.example.edu/platform", backup };
  expect(values(synthesize({ ...aws, images }, ports.albEdge), "backup").image).toBe(expected);
});

test("only the site's namespace holds data", () => {
  const namespaces = synthesize({ ...aws, protection: "protected" }, ports.albEdge).resources(
    "kubernetes_namespace_v1",
  );
  expect(namespaces.filter(({ lifecycle }) => lifecycle.prevent_destroy).map(({ metadata }) => metadata.name)).toEqual([
    "moodle",
  ]);
});

test("Vault is a store beside the cloud's own, which holds what Terraform makes", () => {
  const secrets = { store: "vault", address: "https://vault.example.edu:8200", cidr: "10.9.0.0/24" } as const;
  expect(Object.keys(values(synthesize({ ...google, secrets }, ports.gatewayEdge), "secret-stores").stores)).toEqual([
    "google-secret-manager",
    "vault",
  ]);
});

describe("where monitoring is on", () => {
  const monitoring = { alerts: { email: "ops@example.edu", receiver: "slack" } } as const;
  const template = synthesize({ ...google, monitoring }, ports.gatewayEdge);
  const graph = new DependencyGraph(template);
  const addressOf = (release: string) =>
    Object.entries(template.all("helm_release"))
      .filter(([, { name }]) => name === release)
      .map(([id]) => `helm_release.${id}`)[0] ?? "";

  test.each(["moodle", "backup"])("%s is watched, once the definitions of monitors and rules are served", (release) => {
    expect(values(template, release).monitoring.namespace).toBe("monitoring");
    expect([...graph.reachableFrom(addressOf(release))]).toEqual(
      expect.arrayContaining([addressOf("prometheus-operator-crds"), addressOf("kube-prometheus-stack")]),
    );
  });

  test("cert-manager is watched, once the definitions of monitors are served", () => {
    const controller = ports.siteController("traefik", { kind: "http", className: "traefik" });
    const site = synthesize({ ...google, monitoring }, ports.nlbEdge, controller);
    expect(values(site, "cert-manager").prometheus.podmonitor.enabled).toBe(true);
    const [address = ""] = Object.entries(site.all("helm_release"))
      .filter(([, { name }]) => name === "cert-manager")
      .map(([id]) => `helm_release.${id}`);
    const reached = [...new DependencyGraph(site).reachableFrom(address)].join();
    expect(reached).toContain("helm_release.site_monitoring_stack_crds");
  });

  test("rules of the platform itself wait for their definition", () => {
    expect([...graph.reachableFrom(addressOf("monitoring"))]).toContain(addressOf("prometheus-operator-crds"));
  });

  test("Grafana's password is born in the cluster, and arrives in the namespace of monitoring", () => {
    expect(values(template, "database-roles").config.generated).toContainEqual({
      secret: ports.secret("grafana"),
      keys: ["adminPassword"],
    });
    expect(values(template, "secret-stores").namespaces).toEqual(["moodle", "monitoring"]);
    expect([...graph.reachableFrom(addressOf("monitoring"))]).toEqual(
      expect.arrayContaining([addressOf("database-roles"), addressOf("secret-stores")]),
    );
  });

  test("alerts go to the further receiver, and by the site's relay to the address", () => {
    const mail = { ...google.moodle, mail: { host: "smtp.example.edu" } };
    const kinds = (of: Template) => values(of, "monitoring").receivers.map(({ kind }: Resource) => kind);
    expect(kinds(template)).toEqual(["slack"]);
    expect(kinds(synthesize({ ...google, monitoring, moodle: mail }, ports.gatewayEdge))).toEqual(["email", "slack"]);
  });

  test("web pods scale by the platform's own Prometheus", () => {
    const web = { autoscaling: { busyWorkersPercent: 50 } };
    const scaled = synthesize({ ...google, monitoring, moodle: { ...google.moodle, web } }, ports.gatewayEdge);
    expect(values(scaled, "moodle").web.autoscaling.prometheusAddress).toBe(
      "http://kube-prometheus-stack-prometheus.monitoring:9090",
    );
  });
});

test("where monitoring is off, nothing of it exists", () => {
  const template = synthesize(aws, ports.albEdge);
  expect(JSON.stringify(template.json)).not.toMatch(/prometheus-stack|alertmanager|grafana|fluent-bit/);
});

test.each<[string, object, RegExp]>([
  [
    "a Prometheus beside the platform's own",
    {
      monitoring: { alerts: { email: "a@example.edu" } },
      moodle: { ...google.moodle, mail: { host: "smtp.example.edu" }, monitoring: { namespace: "other" } },
    },
    /moodle\.monitoring/,
  ],
  [
    "alerts that nothing can send",
    { monitoring: { alerts: { email: "a@example.edu" } } },
    /monitoring\.alerts\.receiver/,
  ],
  [
    "scaling by a Prometheus that is not there",
    { moodle: { ...google.moodle, web: { autoscaling: {} } } },
    /autoscaling\.prometheusAddress/,
  ],
  [
    "logs for a time that CloudWatch does not know",
    { monitoring: { alerts: { email: "a@example.edu" }, logRetentionDays: 8 } },
    /logRetentionDays/,
  ],
])("%s is refused", (_, change, fault) => {
  expect(() => loadEnvironments([{ ...google, ...change } as EnvironmentInput])).toThrow(fault);
});
