/**
 * Upstream charts as the constructs release them, rendered from the charts themselves. `CHART_SOURCES` names a folder
 * that holds `<name>-<version>.tgz` or `<name>/`, for instance what `helm pull` leaves; a chart that it lacks is skipped.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { Karpenter } from "../../constructs/aws/karpenter";
import type { SecretStore } from "../../constructs/ports";
import { CHARTS, KUBERNETES, type UpstreamChart } from "../../constructs/versions";
import { CertManager } from "../../constructs/workloads/cert-manager";
import { ContainerLogs } from "../../constructs/workloads/container-logs";
import { ExternalSecrets } from "../../constructs/workloads/external-secrets";
import { Ingress } from "../../constructs/workloads/ingress";
import { Keda } from "../../constructs/workloads/keda";
import { Knative } from "../../constructs/workloads/knative";
import { KServe } from "../../constructs/workloads/kserve";
import { Monitoring } from "../../constructs/workloads/monitoring";
import { albEdge, cluster, identity, secret, siteController, targetGroup } from "../support/ports";
import type { Resource } from "../support/template";
import { apply } from "./support/apply";
import { isMap, merge, type PlannedRelease, plannedReleases } from "./support/releases";
import { createNamespace, helm, kubectl, missingTestbed, run } from "./support/testbed";

const access = {
  ...cluster,
  systemNodes: { nodeSelector: { pool: "system" }, tolerations: [{ key: "system", operator: "Exists" }] },
} as const;

const stores: readonly SecretStore[] = [
  { store: "aws-secrets-manager", region: "eu-central-1" },
  {
    store: "vault",
    address: "https://vault.example.edu:8200",
    mount: "secret",
    authMount: "kubernetes",
    role: "moodle",
    cidr: "10.9.0.0/24",
  },
];

const releases = plannedReleases((scope) => {
  new ExternalSecrets(scope, "secrets", {
    cluster: access,
    identity: identity("external-secrets"),
    stores,
    siteNamespaces: ["moodle"],
    dependsOn: [],
  });
  new Ingress(scope, "ingress", {
    cluster: access,
    domain: "moodle.example.edu",
    podCidrs: ["10.20.0.0/16"],
    edge: {
      kind: "alb",
      vpcId: "vpc-0123456789abcdef0",
      region: "eu-central-1",
      route: targetGroup,
      controllerIdentity: identity("kube-system"),
    },
    dependsOn: [],
  });
  const certManager = new CertManager(scope, "certificates", {
    cluster: access,
    monitoring: { namespace: "monitoring" },
    domain: "moodle.example.edu",
    dependsOn: [],
  });
  for (const kind of ["nginx", "traefik", "contour", "istio"] as const) {
    new Ingress(scope, kind, {
      cluster: access,
      domain: "moodle.example.edu",
      podCidrs: ["10.20.0.0/16"],
      edge: albEdge,
      controller: siteController(kind, { kind: "http", className: kind }),
      certManager,
      dependsOn: [],
    });
  }
  new Knative(scope, "knative", {
    cluster: access,
    ingress: "kourier",
    publicDomain: "moodle.example.edu",
    registryHosts: ["registry.example.edu"],
    dependsOn: [],
  });
  new Keda(scope, "keda", { cluster: access, dependsOn: [] });
  new KServe(scope, "kserve", { cluster: access, dependsOn: [] });
  new Monitoring(scope, "monitoring", {
    cluster: access,
    namespace: "monitoring",
    grafanaSecret: secret("grafana"),
    receivers: [{ kind: "webhook", secret: secret("alerts") }],
    dependsOn: [],
  });
  new ContainerLogs(scope, "logs", {
    cluster: access,
    destination: {
      kind: "cloudwatch",
      logGroupName: "/eks/moodle-staging-1/containers",
      region: "eu-central-1",
      identity: { ...identity("logging"), serviceAccountName: "fluent-bit" },
    },
    monitoring: { namespace: "monitoring" },
    dependsOn: [],
  });
  new Karpenter(scope, "karpenter", {
    name: "moodle-staging-1",
    account: "111122223333",
    region: "eu-central-1",
    clusterName: "moodle-staging-1",
    clusterEndpoint: "https://cluster.example.edu",
    clusterSecurityGroupId: "sg-0123456789abcdef0",
    keyArn: "arn:aws:kms:eu-central-1:111122223333:key/1",
    nodes: { capacityType: "spot", cpuLimit: 64, memoryLimitGb: 256 },
    dependsOn: [],
  });
});

/** Where the chart lies, or undefined. */
function source({ name, version }: UpstreamChart): string | undefined {
  const folder = process.env.CHART_SOURCES ?? "";
  return [join(folder, `${name}-${version}.tgz`), join(folder, name)].find((path) => folder !== "" && existsSync(path));
}

/** Values of the charts that a chart is made of, each under its own name; one that brings no file has none. */
async function valuesOfParts(path: string): Promise<Resource> {
  const { name, dependencies = [] } = parse(await helm(["show", "chart", path]));
  const read = (file: string) =>
    path.endsWith(".tgz")
      ? run("tar", ["--extract", "--gzip", "--to-stdout", "--file", path, `${name}/${file}`])
      : readFile(join(path, file), "utf8");
  const parts = dependencies.map(async ({ name: part }: Resource) => [
    part,
    parse(await read(`charts/${part}/values.yaml`).catch(() => "{}")),
  ]);
  return Object.fromEntries(await Promise.all(parts));
}

/**
 * Paths of `values` that the chart's own values do not have. What is an empty map, a list or null there is free, and so
 * are security contexts and resources, whose fields are those of Kubernetes.
 */
function unknownKeys(values: unknown, known: unknown, path = ""): string[] {
  if (!isMap(values) || !isMap(known) || Object.keys(known).length === 0) return [];
  if (/(^|\.)(securityContext|resources)\.$/.test(path)) return [];
  return Object.entries(values).flatMap(([key, value]) =>
    key in known ? unknownKeys(value, known[key], `${path}${key}.`) : [`${path}${key}`],
  );
}

const withoutRights = (spec: Resource) => ({
  ...spec,
  serviceAccountName: "default",
  priorityClassName: undefined,
});

/** As KServe makes one of a runtime and of what `charts/inference-services` says beside it. */
const servingPod = ({ containers, volumes }: Resource) => ({
  containers,
  volumes,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
});

const namespace = "upstream-charts";

beforeAll(async () => {
  if (missingTestbed() === undefined) await createNamespace(namespace);
});

describe.each<UpstreamChart>(Object.values(CHARTS))("$name", (chart) => {
  const path = source(chart);
  const release = Object.values(releases).find((one) => one.chart === chart.name) as PlannedRelease;
  const testWithChart = path === undefined || missingTestbed() !== undefined ? test.skip : test;
  let folder: string;
  let rendered: Resource[];

  /** The chart with the values of its release. The schema of one chart refers to others on the network. */
  const template = (...flags: readonly string[]) =>
    helm([
      ...["template", release.name, path ?? "", "--namespace", namespace, "--kube-version", `${KUBERNETES}.0`],
      ...["--values", join(folder, "values.yaml"), ...flags],
      ...(chart.name === "nginx-ingress" ? ["--skip-schema-validation"] : []),
    ]);

  beforeAll(async () => {
    if (path === undefined) return console.warn(`${chart.name} is not in CHART_SOURCES: its tests are skipped`);
    if (missingTestbed() !== undefined) return;
    folder = mkdtempSync(join(tmpdir(), "values-"));
    writeFileSync(join(folder, "values.yaml"), JSON.stringify(release.values));
    // Helm reads manifests as YAML 1.1, to which 0644 is octal.
    rendered = parseAllDocuments(await template("--include-crds"), { version: "1.1" })
      .map((document) => document.toJS())
      .filter((object) => object !== null);
  });

  afterAll(() => rmSync(folder ?? "", { recursive: true, force: true }));

  testWithChart("is the pinned version", async () => {
    expect(parse(await helm(["show", "chart", path ?? ""])).version).toBe(chart.version);
    expect(release.version).toBe(chart.version);
  });

  testWithChart("has every key that its release sets", async () => {
    const { _internal_defaults_do_not_set: ofIstio, ...own } = parse(await helm(["show", "values", path ?? ""])) ?? {};
    const unsure = unknownKeys(release.values, merge({}, await valuesOfParts(path ?? ""), ofIstio ?? own));
    // What the values do not name, or in a comment alone: it changes what is rendered, or the chart's schema refuses others.
    for (const key of unsure) {
      const isRefused = await template("--set", `${key}Misspelt=x`).then(
        () => false,
        () => true,
      );
      if (!isRefused) expect(await template("--set", `${key}=null`)).not.toBe(await template());
    }
  });

  testWithChart("renders", () => {
    expect(rendered.length).toBeGreaterThan(0);
  });

  testWithChart("makes nothing of Prometheus' own kinds that its definitions refuse", async () => {
    const objects = rendered.filter(({ apiVersion }) => apiVersion === "monitoring.coreos.com/v1");
    if (objects.length === 0) return;
    const items = objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
    await apply(JSON.stringify({ apiVersion: "v1", kind: "List", items }), namespace);
  });

  testWithChart("makes pods that Pod Security restricted admits", async () => {
    const pods = rendered
      .filter(({ kind, spec }) => kind === "Deployment" || (kind === "ClusterServingRuntime" && spec.disabled !== true))
      .map(({ kind, metadata, spec }) => ({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: metadata.name, namespace },
        spec: kind === "Deployment" ? withoutRights(spec.template.spec) : servingPod(spec),
      }));
    await Promise.all(
      pods.map((pod) =>
        kubectl(["create", "--dry-run=server", "--validate=false", "--filename=-"], { input: JSON.stringify(pod) }),
      ),
    );
    expect(pods.length > 0).toBe(rendered.some(({ kind }) => /^(Deployment|ClusterServingRuntime)$/.test(kind)));
  });
});
