/** The small charts of this package, with the values that the constructs give them, on a cluster that checks every field. */
import type { SecretStore } from "../../constructs/ports";
import { BOTTLEROCKET } from "../../constructs/versions";
import type { AcmeSolver } from "../../constructs/workloads/cert-manager";
import { DatabaseRoles } from "../../constructs/workloads/database-roles";
import { ExternalSecrets } from "../../constructs/workloads/external-secrets";
import { Ingress, type IngressEdge } from "../../constructs/workloads/ingress";
import { Knative, type KnativeProps } from "../../constructs/workloads/knative";
import {
  albEdge,
  cluster,
  database,
  gatewayEdge,
  httpRoute,
  identity,
  nlbEdge,
  secret,
  siteController,
} from "../support/ports";
import { apply, check } from "./support/apply";
import { install, planned, render } from "./support/charts";
import { createNamespace, describeOnTestbed, get, kubectl, refusePods } from "./support/testbed";

const aws: SecretStore = { store: "aws-secrets-manager", region: "eu-central-1" };
const google: SecretStore = { store: "google-secret-manager", project: "moodle-example" };
const vault: SecretStore = {
  store: "vault",
  address: "https://vault.example.edu:8200",
  mount: "secret",
  authMount: "kubernetes",
  role: "moodle",
  caCertificates: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
  cidr: "10.9.0.0/24",
};

describeOnTestbed("secret-stores", () => {
  const namespaces = ["stores-a", "stores-b"];
  const release = planned("secret-stores", (scope) => {
    new ExternalSecrets(scope, "secrets", {
      cluster,
      identity: { ...identity("stores-operator"), serviceAccountName: "external-secrets" },
      stores: [aws, google, vault],
      siteNamespaces: namespaces,
      dependsOn: [],
    });
  });

  beforeAll(() => Promise.all(["stores-operator", ...namespaces].map(createNamespace)));

  test("makes every store in every namespace", async () => {
    await install(release, "1m");
    for (const namespace of namespaces) {
      const { items } = await get(["secretstores.external-secrets.io"], namespace);
      expect(items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual([
        "aws-secrets-manager",
        "google-secret-manager",
        "vault",
      ]);
    }
  });

  test("has no field that its definition lacks", async () => {
    await expect(apply(await render(release))).resolves.toHaveLength(12);
  });

  test.each([
    ["vault-reader", true],
    ["default", false],
  ])("lets the controller make itself tokens of %s: %s", async (name, allowed) => {
    const review = await kubectl(
      ["create", "--raw=/apis/authorization.k8s.io/v1/subjectaccessreviews", "--filename=-"],
      {
        input: JSON.stringify({
          apiVersion: "authorization.k8s.io/v1",
          kind: "SubjectAccessReview",
          spec: {
            user: "system:serviceaccount:stores-operator:external-secrets",
            resourceAttributes: {
              namespace: "stores-a",
              verb: "create",
              resource: "serviceaccounts",
              subresource: "token",
              name,
            },
          },
        }),
      },
    );
    expect(JSON.parse(review).status.allowed).toBe(allowed);
  });
});

describeOnTestbed("database-roles", () => {
  const namespace = "database-roles";
  const withStores = (stores: readonly SecretStore[]) =>
    planned("database-roles", (scope) => {
      new DatabaseRoles(scope, "roles", {
        cluster,
        identity: { ...identity(namespace), serviceAccountName: "database-roles" },
        database: database("postgresql", stores.at(-1)?.store),
        stores,
        generated: [{ secret: secret("administrator"), keys: ["adminPassword"] }],
        image: "registry.example.edu/database-roles:0.1.0",
        dependsOn: [],
      });
    });
  const configuration = async () =>
    JSON.parse((await get(["configmap", "database-roles"], namespace)).data["config.json"]);

  beforeAll(() => createNamespace(namespace));

  test("fails where its Job cannot run", async () => {
    await refusePods(namespace);
    await expect(install(withStores([aws]), "10s")).rejects.toThrow(/post-install/);
  });

  test("once mended, runs when it is applied again", async () => {
    await kubectl(["delete", "resourcequota", "none", "--namespace", namespace]);
    await install(withStores([aws]), "1m");
    expect((await get(["job", "database-roles"], namespace)).status.succeeded).toBe(1);
  });

  test("runs again with every change", async () => {
    const before = await get(["job", "database-roles"], namespace);
    await install(withStores([aws, vault]), "1m");
    const after = await get(["job", "database-roles"], namespace);
    expect(after.status.succeeded).toBe(1);
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
  });

  test("tells its program where everything is", async () => {
    expect(await configuration()).toMatchObject({
      engine: "postgresql",
      port: 5432,
      caFile: "/etc/database-roles/ca.pem",
      stores: {
        "aws-secrets-manager": { region: "eu-central-1" },
        vault: {
          address: "https://vault.example.edu:8200",
          tokenFile: "/var/run/secrets/vault/token",
          caFile: "/etc/database-roles/vault-ca.pem",
        },
      },
    });
  });

  test("puts what it names where it says", async () => {
    const { data } = await get(["configmap", "database-roles"], namespace);
    expect(Object.keys(data).sort()).toEqual(["ca.pem", "config.json", "vault-ca.pem"]);
    const { containers, volumes } = (await get(["job", "database-roles"], namespace)).spec.template.spec;
    expect(containers[0].volumeMounts).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: "config", mountPath: "/etc/database-roles" }),
        expect.objectContaining({ name: "vault-token", mountPath: "/var/run/secrets/vault" }),
      ]),
    );
    expect(JSON.stringify(volumes)).toContain('"audience":"vault"');
  });

  test("has no field that Kubernetes lacks", async () => {
    const strict = "database-roles-strict";
    await createNamespace(strict);
    await expect(apply(await render({ ...withStores([aws, vault]), namespace: strict }), strict)).resolves.toHaveLength(
      4,
    );
  });
});

describeOnTestbed("gateway", () => {
  test("has no field that its definitions lack", async () => {
    const release = planned("gateway", (scope) => {
      new Ingress(scope, "ingress", {
        cluster,
        domain: "moodle.example.edu",
        podCidrs: ["10.20.0.0/16"],
        edge: {
          kind: "gateway",
          route: httpRoute,
          frontEnd: { addressName: "address", certificateMapName: "certificates", sslPolicyName: "tls", ready: [] },
        },
        dependsOn: [],
      });
    });
    await createNamespace("gateway");
    await expect(apply(await render({ ...release, namespace: "gateway" }), "gateway")).resolves.toHaveLength(3);
  });
});

const behind = (edge: IngressEdge, solver?: AcmeSolver) => (name: string) =>
  planned(name, (scope) => {
    new Ingress(scope, "ingress", {
      ...{ cluster, edge, domain: "moodle.example.edu", podCidrs: ["10.20.0.0/16"], dependsOn: [] },
      controller: siteController("traefik", solver),
    });
  });

describeOnTestbed("edge-binding", () => {
  beforeAll(() => createNamespace("traefik"));

  test.each<[string, IngressEdge, number]>([
    ["an ALB", albEdge, 1],
    ["an NLB", nlbEdge, 2],
    ["a Gateway", gatewayEdge, 3],
  ])("has no field that its definitions lack, behind %s", async (_, edge, objects) => {
    await expect(apply(await render(behind(edge)("edge-binding")), "traefik")).resolves.toHaveLength(objects);
  });
});

describeOnTestbed("acme-issuer", () => {
  const namespace = "cert-manager";
  beforeAll(() => createNamespace(namespace));

  test.each<[string, AcmeSolver]>([
    ["Route 53", { kind: "route53", region: "eu-central-1", hostedZoneId: "Z0123456789ABCDEFGHIJ" }],
    ["Cloud DNS", { kind: "cloud-dns", project: "moodle-example", managedZoneName: "example-edu" }],
    ["an answer over HTTP", { kind: "http", className: "traefik" }],
  ])("has no field that its definitions lack, with %s", async (_, solver) => {
    const manifests = await render(behind(nlbEdge, solver)("acme-issuer"));
    // The issuer, and what helm test runs with.
    await expect(apply(manifests, namespace)).resolves.toHaveLength(5);
    await kubectl(["delete", "--namespace", namespace, "--filename=-"], { input: manifests });
  });

  test("helm test may look at the issuer, and at no other", async () => {
    await apply(await render(behind(nlbEdge, { kind: "http", className: "traefik" })("acme-issuer")), namespace);
    const watches = (name: string) =>
      kubectl([
        ...["get", "clusterissuers.cert-manager.io", `--field-selector=metadata.name=${name}`, "--output=name"],
        `--as=system:serviceaccount:${namespace}:acme-issuer-test`,
      ]);
    await expect(watches("acme")).resolves.toBe("clusterissuer.cert-manager.io/acme\n");
    await expect(watches("other")).rejects.toThrow(/forbidden/);
  });
});

describeOnTestbed("knative", () => {
  const release = (props: Partial<KnativeProps>) =>
    planned("knative", (scope) => {
      new Knative(scope, "knative", {
        cluster,
        ingress: "kourier",
        publicDomain: "moodle.example.edu",
        registryHosts: ["registry.example.edu"],
        dependsOn: [],
        ...props,
      });
    });

  beforeAll(() => Promise.all(["knative-serving", "knative-eventing", "istio-system"].map(createNamespace)));

  test.each<[string, Partial<KnativeProps>, number]>([
    ["Kourier", {}, 5],
    ["Contour", { ingress: "contour" }, 5],
    ["Istio, whose gateway ends TLS", { ingress: "istio", issuerName: "acme" }, 6],
    ["Eventing", { eventing: true }, 8],
  ])("has no field that its definitions lack, with %s", async (_, props, objects) => {
    await expect(check(await render(release(props)))).resolves.toHaveLength(objects);
  });

  test("refuses a certificate where no Istio shows it", async () => {
    await expect(render(release({ issuerName: "acme" }))).rejects.toThrow(/ingress/);
  });
});

describeOnTestbed("karpenter-node-pools", () => {
  const values = {
    clusterName: "moodle-staging-1",
    securityGroupId: "sg-0123456789abcdef0",
    instanceProfile: "moodle-staging-1-karpenter-nodes",
    bottlerocketVersion: BOTTLEROCKET,
    keyArn: "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000",
    general: {
      architectures: ["amd64", "arm64"],
      capacityTypes: ["spot", "on-demand"],
      cpuLimit: 64,
      memoryLimit: "256Gi",
    },
  };
  const gpu = { instanceTypes: ["g6.xlarge"], limit: 4, capacityTypes: ["spot"], volumeSize: "300Gi" };

  test.each([
    ["without GPUs", values, 2],
    ["with GPUs", { ...values, gpu }, 4],
  ])("has no field that its definitions lack: %s", async (_, given, objects) => {
    const release = { name: "karpenter-node-pools", namespace: "kube-system", values: given };
    await expect(apply(await render(release))).resolves.toHaveLength(objects);
  });
});
