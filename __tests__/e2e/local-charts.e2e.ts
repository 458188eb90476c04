/** The small charts of this package, with the values that the constructs give them, on a cluster that checks every field. */
import { stringify } from "yaml";
import type { SecretStore } from "../../constructs/ports";
import { BOTTLEROCKET } from "../../constructs/versions";
import { BackupCronJobs } from "../../constructs/workloads/backup-cron-jobs";
import { DatabaseRoles } from "../../constructs/workloads/database-roles";
import { ExternalSecrets } from "../../constructs/workloads/external-secrets";
import { Ingress } from "../../constructs/workloads/ingress";
import { cluster, database, gcs, httpRoute, identity, s3, secret } from "../support/ports";
import { type PlannedRelease, plannedReleases } from "./support/releases";
import { apply, chartFolder, createNamespace, describeOnTestbed, get, helm, kubectl } from "./support/testbed";

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

function planned(name: string, build: Parameters<typeof plannedReleases>[0]): PlannedRelease {
  const release = plannedReleases(build)[name];
  if (release === undefined) throw new Error(`no release ${name}`);
  return release;
}

type Given = Pick<PlannedRelease, "name" | "namespace" | "values">;

const render = ({ name, namespace, values }: Given) =>
  helm(["template", name, chartFolder(name), "--namespace", namespace, "--kube-version", "1.35.0", "-f", "-"], {
    input: stringify(values),
  });

const install = ({ name, namespace, values }: Given, timeout: string) =>
  helm(
    [
      "upgrade",
      "--install",
      name,
      chartFolder(name),
      "--namespace",
      namespace,
      "--wait",
      "--timeout",
      timeout,
      "-f",
      "-",
    ],
    { input: stringify(values) },
  );

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
  const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "none" }, spec: { hard: { pods: "0" } } };

  beforeAll(() => createNamespace(namespace));

  test("fails where its Job cannot run", async () => {
    await apply(JSON.stringify(quota), namespace);
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

describeOnTestbed("backup", () => {
  const namespace = "backup";
  const release = (objectStore: typeof s3 | undefined) =>
    planned("backup", (scope) => {
      new BackupCronJobs(scope, "backup", {
        cluster,
        identity: { ...identity(namespace), serviceAccountName: "backup" },
        database: database("mariadb"),
        objectStore,
        filesClaimName: "moodle-data",
        backupStore: { ...s3, bucketName: "moodle-staging-1-backups" },
        schedule: "15 2 * * *",
        timeZone: "Europe/Vienna",
        keepDaily: 14,
        keepWeekly: 8,
        keepMonthly: 0,
        lockDays: 0,
        image: "registry.example.edu/backup:0.1.0",
        dependsOn: [],
      });
    });
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "moodle-data" },
    spec: { accessModes: ["ReadWriteMany"], resources: { requests: { storage: "1Gi" } } },
  };

  beforeAll(async () => {
    await createNamespace(namespace);
    await apply(JSON.stringify(claim), namespace);
    // Simulated nodes have no disk of their own, on which a dump could be made.
    const disk = { "ephemeral-storage": "100Gi" };
    const patch = JSON.stringify({ status: { capacity: disk, allocatable: disk } });
    for (const { metadata } of (await get(["nodes"])).items) {
      await kubectl(["patch", "node", metadata.name, "--subresource=status", "--type=merge", `--patch=${patch}`]);
    }
  });

  test.each([
    ["Moodle's files in S3", s3],
    ["Moodle's files in Google Cloud Storage", gcs],
    ["Moodle's files on the shared volume alone", undefined],
  ])("has no field that Kubernetes lacks: %s", async (_, objectStore) => {
    await expect(apply(await render(release(objectStore)), namespace)).resolves.toHaveLength(6);
    await kubectl(["delete", "--namespace", namespace, "--filename=-"], { input: await render(release(objectStore)) });
  });

  test("makes a CronJob of each command", async () => {
    await install(release(s3), "1m");
    const { items } = await get(["cronjobs"], namespace);
    expect(
      items.map(({ spec }: { spec: { schedule: string; timeZone: string; concurrencyPolicy: string } }) => [
        spec.schedule,
        spec.timeZone,
        spec.concurrencyPolicy,
      ]),
    ).toEqual([
      ["30 6 * * 0", "Europe/Vienna", "Forbid"],
      ["15 2 * * *", "Europe/Vienna", "Forbid"],
    ]);
  });

  test.each(["snapshot", "prune"])("runs %s under Pod Security restricted", async (command) => {
    await kubectl(["create", "job", command, `--from=cronjob/backup-${command}`, "--namespace", namespace]);
    await kubectl(["wait", "--for=condition=Complete", `job/${command}`, "--namespace", namespace, "--timeout=60s"]);
  });

  test("tells its program where everything is", async () => {
    const { data } = await get(["configmap", "backup"], namespace);
    const { containers } = (await get(["cronjob", "backup-snapshot"], namespace)).spec.jobTemplate.spec.template.spec;
    const mounts: string[] = containers[0].volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
    const { database: connection, files, scratchDirectory } = JSON.parse(data["config.json"]);
    for (const path of [...Object.values(connection), files.directory, scratchDirectory]) {
      if (String(path).startsWith("/")) expect(mounts.some((mount) => `${path}/`.startsWith(`${mount}/`))).toBe(true);
    }
    expect(connection).toMatchObject({ engine: "mariadb", port: 3306, name: "moodle" });
  });

  test("never writes to Moodle's files", async () => {
    const { containers } = (await get(["cronjob", "backup-snapshot"], namespace)).spec.jobTemplate.spec.template.spec;
    expect(containers[0].volumeMounts).toContainEqual({ name: "files", mountPath: "/var/moodle/data", readOnly: true });
  });
});

describeOnTestbed("gateway", () => {
  test("has no field that its definitions lack", async () => {
    const release = planned("gateway", (scope) => {
      new Ingress(scope, "ingress", {
        cluster,
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
