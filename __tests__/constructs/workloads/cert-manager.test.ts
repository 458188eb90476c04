import { TerraformResource } from "cdktf";
import { parse } from "yaml";
import { type AcmeSolver, CertManager } from "../../../constructs/workloads/cert-manager";
import { cluster, identity } from "../../support/ports";
import { Template } from "../../support/template";

let certManager: CertManager | undefined;
const template = Template.from((scope) => {
  const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
  certManager = new CertManager(scope, "certificates", {
    cluster: { ...cluster, ready: [resource("cluster")] },
    acme: {
      identity: { ...identity("cert-manager"), serviceAccountName: "cert-manager", ready: [resource("identity")] },
      solver: { kind: "route53", region: "eu-central-1", hostedZoneId: "Z0123456789ABCDEFGHIJ" },
      directory: "https://acme.example.edu/directory",
      email: "admin@example.edu",
    },
    domain: "moodle.example.edu",
    dependsOn: [resource("nodes")],
  });
});
const release = (name: string) => template.only("helm_release", { name });
const values = (name: string) => parse(release(name).values[0]);

test("the issuer has the name that certificates ask for, and waits for its definition", () => {
  expect(values("acme-issuer").name).toBe(certManager?.issuerName);
  expect(release("acme-issuer").depends_on).toEqual([expect.stringContaining("helm_release.certificates_controller")]);
});

test("the issuer gives certificates for the site alone", () => {
  expect(values("acme-issuer").domain).toBe("moodle.example.edu");
});

test("removing it leaves every certificate where it is", () => {
  expect(values("cert-manager").crds).toEqual({ enabled: true, keep: true });
});

test("it runs under its identity, once that may write the zone's records", () => {
  expect(values("cert-manager").serviceAccount).toEqual({ name: "cert-manager" });
  expect(release("cert-manager").namespace).toBe("cert-manager");
  expect(release("cert-manager").depends_on).toEqual(
    expect.arrayContaining(["kind.cluster", "kind.identity", "kind.nodes"]),
  );
});

test("each of its programs survives the loss of a node, and has a NetworkPolicy", () => {
  const { webhook, cainjector, ...controller } = values("cert-manager");
  for (const program of [controller, webhook, cainjector]) {
    expect(program).toMatchObject({
      replicaCount: 2,
      podDisruptionBudget: { enabled: true },
      networkPolicy: { enabled: true },
    });
  }
});

test("it may ask the site's ingress controller for the answer to a challenge", () => {
  const egress = (solver: AcmeSolver) => {
    const challenged = Template.from((scope) => {
      new CertManager(scope, "certificates", {
        cluster,
        acme: { solver, directory: "https://acme.example.edu/directory", email: "admin@example.edu" },
        domain: "moodle.example.edu",
        dependsOn: [],
      });
    });
    const policies = challenged.resources("kubernetes_network_policy_v1");
    return policies.find(({ metadata }) => metadata.name === "controller")?.spec.egress;
  };
  const pods = {
    to: [{ namespace_selector: { match_labels: { "kubernetes.io/metadata.name": "traefik" } } }],
  };
  expect(egress({ kind: "http", className: "traefik" })).toContainEqual(pods);
  expect(egress({ kind: "cloud-dns", project: "p", managedZoneName: "z" })).not.toContainEqual(pods);
});

test("Prometheus asks it for certificates where there is one, by labels that it looks for", () => {
  expect(values("cert-manager")).not.toHaveProperty("prometheus");
  const watched = Template.from((scope) => {
    new CertManager(scope, "certificates", {
      cluster,
      monitoring: { namespace: "monitoring", labels: { release: "own" } },
      domain: "moodle.example.edu",
      dependsOn: [],
    });
  });
  expect(parse(watched.only("helm_release").values[0]).prometheus).toEqual({
    podmonitor: { enabled: true, honorLabels: true, labels: { release: "own" } },
  });
});

test("without an authority it has no issuer: it signs for programs of the cluster alone", () => {
  const alone = Template.from((scope) => {
    new CertManager(scope, "certificates", { cluster, domain: "moodle.example.edu", dependsOn: [] });
  });
  expect(alone.resources("helm_release").map(({ name }) => name)).toEqual(["cert-manager"]);
});

test("everything is denied that no policy allows, to the Job as well that asks whether the webhook answers", () => {
  const policies = template.resources("kubernetes_network_policy_v1");
  expect(policies.map(({ metadata }) => [metadata.namespace, metadata.name]).sort()).toEqual([
    ["cert-manager", "controller"],
    ["cert-manager", "default-deny"],
  ]);
  const { spec } = policies.find(({ metadata }) => metadata.name === "controller") ?? {};
  expect(spec.ingress[0]).toEqual({ ports: [{ protocol: "TCP", port: "10250" }] });
  expect(spec.egress.some(({ ports }: { ports?: { port: string }[] }) => ports?.[0]?.port === "443")).toBe(true);
  expect(values("cert-manager")).toMatchObject({
    networkPolicy: { enabled: true },
    webhook: { networkPolicy: { enabled: true } },
  });
});
