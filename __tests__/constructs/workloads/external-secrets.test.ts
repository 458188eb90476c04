import { TerraformResource } from "cdktf";
import { parse } from "yaml";
import type { ClusterAccess, SecretStore } from "../../../constructs/ports";
import { ExternalSecrets } from "../../../constructs/workloads/external-secrets";
import { DependencyGraph } from "../../support/graph";
import { cluster, identity } from "../../support/ports";
import { Template } from "../../support/template";

const aws: SecretStore = { store: "aws-secrets-manager", region: "eu-central-1" };
const google: SecretStore = { store: "google-secret-manager", project: "moodle-example" };
const vault: SecretStore = {
  store: "vault",
  address: "https://vault.example.edu:8200",
  mount: "secret",
  authMount: "kubernetes",
  role: "moodle",
  cidr: "10.9.0.0/24",
};

const build = (stores: readonly SecretStore[], access: Partial<ClusterAccess> = {}) =>
  Template.from((scope) => {
    const ready = [new TerraformResource(scope, "nodes", { terraformResourceType: "cluster" })];
    new ExternalSecrets(scope, "secrets", {
      cluster: { ...cluster, ready, ...access },
      identity: { ...identity("external-secrets"), serviceAccountName: "external-secrets" },
      stores,
      siteNamespaces: ["moodle"],
      dependsOn: [new TerraformResource(scope, "namespace", { terraformResourceType: "namespace" })],
    });
  });

// biome-ignore lint/suspicious/noExplicitAny: YAML is asserted on field by field
const values = (template: Template, name: string): any => parse(template.only("helm_release", { name }).values[0]);

describe("the operator", () => {
  const operator = values(build([aws]), "external-secrets");
  const components = [
    ["controller", operator],
    ["webhook", operator.webhook],
    ["cert controller", operator.certController],
  ] as const;

  test.each(components)("survives the loss of a node: %s", (_, component) => {
    expect(component).toMatchObject({ replicaCount: 2, podDisruptionBudget: { enabled: true, minAvailable: 1 } });
  });

  test.each(components)("asks for memory and is held to it: %s", (_, { resources }) => {
    expect([resources.requests.memory, resources.limits.memory]).toEqual(["96Mi", "256Mi"]);
  });

  test.each(components)("may open no connection but to DNS and HTTPS: %s", (_, { networkPolicy }) => {
    expect(networkPolicy.enabled).toBe(true);
    const ports = networkPolicy.egress.flatMap((rule: { ports: { port: number }[] }) =>
      rule.ports.map(({ port }) => port),
    );
    expect(new Set(ports)).toEqual(new Set([53, 443, ...(networkPolicy === operator.networkPolicy ? [80] : [])]));
  });

  test("has one active controller", () => {
    expect(operator.leaderElect).toBe(true);
  });

  test("runs under the identity that the cloud knows", () => {
    expect(operator.serviceAccount.name).toBe("external-secrets");
  });

  test("reaches the endpoint of its identity", () => {
    expect(operator.networkPolicy.egress).toContainEqual({
      to: [{ ipBlock: { cidr: "169.254.170.23/32" } }],
      ports: [{ protocol: "TCP", port: 80 }],
    });
  });

  test("serves no cluster-wide kind, and installs none of them", () => {
    const off = Object.entries({ ...operator, ...operator.crds }).filter(([, value]) => value === false);
    expect(off.map(([key]) => key).sort()).toEqual([
      "createClusterExternalSecret",
      "createClusterGenerator",
      "createClusterPushSecret",
      "createClusterSecretStore",
      "createPushSecret",
      "processClusterExternalSecret",
      "processClusterGenerator",
      "processClusterPushSecret",
      "processClusterStore",
      "processPushSecret",
    ]);
  });

  test("may not make itself tokens of every service account", () => {
    expect(operator.rbac.serviceAccountTokenCreate).toBe(false);
  });

  test("leaves the definitions of its resources behind", () => {
    expect(operator.crds.annotations).toEqual({ "helm.sh/resource-policy": "keep" });
  });

  test("goes to the system nodes where there are any", () => {
    const systemNodes = {
      nodeSelector: { pool: "system" },
      tolerations: [{ key: "system", operator: "Exists" }],
    } as const;
    expect(values(build([aws], { systemNodes }), "external-secrets").global).toEqual(systemNodes);
    expect(operator).not.toHaveProperty("global");
  });
});

describe("the stores", () => {
  test("come after the operator, the operator after cluster and namespaces", () => {
    const template = build([aws]);
    const [operator, stores] = ["external-secrets", "secret-stores"].map((name) =>
      template.addresses().find((address) => {
        const [type = "", id = ""] = address.split(".");
        return template.all(type)[id]?.name === name;
      }),
    );
    expect(new DependencyGraph(template).reachableFrom(stores ?? "")).toEqual(
      new Set([operator, "cluster.nodes", "namespace.namespace"]),
    );
  });

  test("are in the site's namespaces alone", () => {
    expect(values(build([aws]), "secret-stores").namespaces).toEqual(["moodle"]);
  });

  test.each([
    [aws, { "aws-secrets-manager": { region: "eu-central-1" } }],
    [google, { "google-secret-manager": { project: "moodle-example" } }],
    [
      vault,
      {
        vault: { address: "https://vault.example.edu:8200", mount: "secret", authMount: "kubernetes", role: "moodle" },
      },
    ],
  ])("are named as secrets name them: $store", (store, expected) => {
    expect(values(build([store]), "secret-stores").stores).toEqual(expected);
    expect(Object.keys(expected)).toEqual([ExternalSecrets.storeName(store.store)]);
  });

  test("hold Vault's own authority where there is one", () => {
    const { stores } = values(build([{ ...vault, caCertificates: "PEM" }]), "secret-stores");
    expect(stores.vault.caCertificates).toBe("PEM");
  });

  test.each([
    ["https://vault.example.edu:8200", 8200],
    ["https://vault.example.edu", 443],
  ])("let the controller reach %s", (address, port) => {
    const { networkPolicy } = values(build([aws, { ...vault, address }]), "external-secrets");
    expect(networkPolicy.egress).toContainEqual({
      to: [{ ipBlock: { cidr: "10.9.0.0/24" } }],
      ports: [{ protocol: "TCP", port }],
    });
  });
});
