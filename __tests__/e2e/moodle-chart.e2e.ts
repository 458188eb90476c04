import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { DatabaseEndpoint, ObjectStore, SecretRef, SharedFileSystem, SiteRoute } from "../../constructs/ports";
import type { MoodleWebProps } from "../../constructs/workloads/moodle-web";
import * as ports from "../support/ports";
import type { Resource } from "../support/template";
import { CHART, site, synthesize, template } from "./support/moodle-site";
import { apply, describeOnTestbed, kubectl } from "./support/testbed";

async function render(props: MoodleWebProps): Promise<Resource[]> {
  const { release, values } = synthesize(props);
  return parseAllDocuments(await template(release, values)).map((document) => document.toJS());
}

function only(objects: readonly Resource[], kind: string, name: string): Resource {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

const jobName = (objects: readonly Resource[]) => objects.find(({ kind }) => kind === "Job")?.metadata.name;

interface Cloud {
  readonly store: SecretRef["store"];
  readonly engines: readonly DatabaseEndpoint["engine"][];
  readonly routes: Readonly<Record<string, SiteRoute>>;
  readonly objectStore: ObjectStore;
  readonly files: SharedFileSystem;
}

const CLOUDS: readonly Cloud[] = [
  {
    store: "aws-secrets-manager",
    engines: ["postgresql", "mysql", "mariadb"],
    routes: { alb: ports.targetGroup, ingress: ports.ingress },
    objectStore: ports.s3,
    files: ports.efs,
  },
  {
    store: "google-secret-manager",
    engines: ["postgresql", "mysql"],
    routes: { gateway: ports.httpRoute },
    objectStore: ports.gcs,
    files: ports.filestore,
  },
];

/** Every engine, way in, place of files and number of Redis servers that a cloud has, and each way in with Vault. */
function variants(): Record<string, Partial<MoodleWebProps>> {
  const named: Record<string, Partial<MoodleWebProps>> = {};
  for (const { store, engines, routes, objectStore, files } of CLOUDS) {
    for (const [way, route] of Object.entries(routes)) {
      for (const engine of engines) {
        for (const [place, bucket] of Object.entries({ bucket: objectStore, files: undefined })) {
          named[`${engine}-${way}-${place}-separate`] = {
            ...secretsIn(store, engine, ["reader-1.example.edu", "reader-2.example.edu"]),
            ...{ route, files, objectStore: bucket },
          };
          const redis = ports.redis("redis", store, "-----BEGIN CERTIFICATE-----");
          named[`${engine}-${way}-${place}-shared`] = {
            ...secretsIn(store, engine),
            ...{ route, files, objectStore: bucket, redis: { sessions: redis, cache: redis } },
          };
        }
      }
      named[`vault-${way}`] = { ...secretsIn("vault", "postgresql"), route, files, objectStore };
    }
  }
  return named;
}

function secretsIn(
  store: SecretRef["store"],
  engine: DatabaseEndpoint["engine"],
  readerHosts: readonly string[] = [],
): Partial<MoodleWebProps> {
  return {
    database: ports.database(engine, store, readerHosts),
    redis: { sessions: ports.redis("sessions", store), cache: ports.redis("cache", store) },
    administratorSecret: ports.secret("administrator", store),
  };
}

describeOnTestbed("charts/moodle", () => {
  describe("as rendered", () => {
    let objects: Resource[];
    beforeAll(async () => {
      objects = await render(
        site("sites", { database: ports.database("postgresql", undefined, ["reader.example.edu"]) }),
      );
    });

    test("leaves the number of replicas to the autoscaler", () => {
      expect(only(objects, "Deployment", "moodle-web").spec).not.toHaveProperty("replicas");
      expect(only(objects, "HorizontalPodAutoscaler", "moodle-web").spec).toMatchObject({
        minReplicas: 2,
        maxReplicas: 4,
      });
    });

    test("fixes the number of replicas where nothing scales", async () => {
      const fixed = await render(site("sites", { web: { minReplicas: 3, maxReplicas: 3, cpu: 1, memoryMb: 2048 } }));
      expect(only(fixed, "Deployment", "moodle-web").spec.replicas).toBe(3);
      expect(fixed.map(({ kind }) => kind)).not.toContain("HorizontalPodAutoscaler");
    });

    test("holds web and cron pods back until the database has their schema", () => {
      for (const name of ["moodle-web", "moodle-cron"]) {
        const { initContainers } = only(objects, "Deployment", name).spec.template.spec;
        expect(initContainers.map(({ command }: Resource) => command)).toEqual([["moodle", "wait"]]);
      }
    });

    test("shows the administrator's password to the install Job alone", () => {
      const readers = objects.filter((object) => JSON.stringify(object.spec?.template ?? {}).includes("adminPassword"));
      expect(readers.map(({ kind }) => kind)).toEqual(["Job"]);
    });

    test("puts no secret into the environment", () => {
      expect(JSON.stringify(objects)).not.toContain("secretKeyRef");
      expect(JSON.stringify(objects)).not.toContain("secretRef");
    });

    test("gives no pod a token for the cluster's API", () => {
      const pods = objects.flatMap(({ spec }) => spec?.template?.spec ?? []);
      expect(pods.map(({ automountServiceAccountToken }) => automountServiceAccountToken)).toEqual([
        false,
        false,
        false,
      ]);
    });

    test("writes to nothing but volumes, as user and group 33", () => {
      const pods = objects.flatMap(({ spec }) => spec?.template?.spec ?? []);
      for (const { securityContext, containers, initContainers = [] } of pods) {
        expect(securityContext).toMatchObject({ runAsUser: 33, runAsGroup: 33, fsGroup: 33 });
        for (const container of [...containers, ...initContainers]) {
          expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
        }
      }
    });

    test("closes every way out but DNS, port 443, and what the site stands on", () => {
      const { egress, policyTypes } = only(objects, "NetworkPolicy", "moodle").spec;
      expect(policyTypes).toEqual(["Ingress", "Egress"]);
      const open = egress.flatMap(({ to, ports: allowed }: Resource) =>
        to.flatMap(({ ipBlock }: Resource) => allowed.map(({ port }: Resource) => [ipBlock?.cidr, port])),
      );
      expect(open.filter(([, port]: [string, number]) => port !== 53)).toEqual([
        ["0.0.0.0/0", 443],
        ["169.254.170.23/32", 80],
        ["10.20.96.0/24", 5432],
        ["10.20.97.0/24", 5432],
        ["10.20.96.0/24", 6379],
        ["10.20.97.0/24", 6379],
      ]);
    });

    test("lets nothing but the load balancer in, and to web pods alone", () => {
      const { podSelector, ingress } = only(objects, "NetworkPolicy", "moodle-web").spec;
      expect(podSelector.matchLabels["app.kubernetes.io/component"]).toBe("web");
      expect(ingress).toEqual([
        {
          from: [{ ipBlock: { cidr: "10.20.0.0/24" } }, { ipBlock: { cidr: "10.20.1.0/24" } }],
          ports: [{ protocol: "TCP", port: 8080 }],
        },
      ]);
      expect(only(objects, "NetworkPolicy", "moodle").spec).not.toHaveProperty("ingress");
    });

    test("gives containers the environment that its README describes", async () => {
      const onGoogle = await render(
        site("sites", { ...secretsIn("vault", "mysql", ["reader"]), objectStore: ports.gcs }),
      );
      const given = Object.keys(only(onGoogle, "ConfigMap", "moodle-configuration").data);
      const rows = readFileSync(join(CHART, "README.md"), "utf8").split("The environment of every container")[1] ?? "";
      const described = Array.from(rows.matchAll(/`((?:MOODLE|AWS)_[A-Z_]+)`/g), ([, name]) => name);
      expect([...given, "MOODLE_CRON_KEEP_ALIVE"].sort()).toEqual(described.sort());
    });

    test("installs anew when the image or the configuration changes, and only then", async () => {
      const name = jobName(objects);
      const others = await Promise.all(
        [
          { image: "registry.example.edu/moodle:0.2.0" },
          { domain: "learn.example.edu" },
          { database: ports.database("postgresql") },
        ].map((change) =>
          render(
            site("sites", { database: ports.database("postgresql", undefined, ["reader.example.edu"]), ...change }),
          ),
        ),
      );
      expect(new Set([name, ...others.map(jobName)]).size).toBe(4);
      const scaled = await render(
        site("sites", {
          database: ports.database("postgresql", undefined, ["reader.example.edu"]),
          web: { minReplicas: 4, maxReplicas: 9, cpu: 4, memoryMb: 8192 },
        }),
      );
      expect(jobName(scaled)).toBe(name);
    });

    test("tells Google's load balancer how to ask, and filters by its policy", async () => {
      const onGoogle = await render(site("sites", { route: ports.httpRoute }));
      const targetRef = { group: "", kind: "Service", name: "moodle-web" };
      expect(only(onGoogle, "HealthCheckPolicy", "moodle").spec).toMatchObject({
        targetRef,
        default: { config: { httpHealthCheck: { requestPath: "/health" } } },
      });
      expect(only(onGoogle, "GCPBackendPolicy", "moodle").spec).toMatchObject({
        targetRef,
        default: { securityPolicy: "moodle-staging-1" },
      });
    });

    test("tells Google's load balancer how to ask where nothing filters, too", async () => {
      const open = await render(site("sites", { route: { ...ports.httpRoute, gke: {} } }));
      expect(only(open, "HealthCheckPolicy", "moodle").spec.default.config.httpHealthCheck.requestPath).toBe("/health");
      expect(only(open, "GCPBackendPolicy", "moodle").spec.default).not.toHaveProperty("securityPolicy");
    });
  });

  describe("as checked by its schema", () => {
    const { values } = synthesize(site("sites"));

    test.each<[string, unknown, RegExp]>([
      ["an unknown value", { ...values, replicas: 3 }, /additional properties 'replicas'/],
      ["an unknown value further down", { ...values, web: { ...values.web, replicas: 3 } }, /additional properties/],
      ["a tag beside a digest", { ...values, image: { ...values.image, digest: `sha256:${"a".repeat(64)}` } }, /image/],
      ["an image of no version", { ...values, image: { repository: "moodle" } }, /image/],
      ["readers without a role", { ...values, database: { ...values.database, readerHosts: ["r"] } }, /readerSecret/],
      ["a route of an unknown kind", { ...values, route: { kind: "node-port" } }, /route/],
      [
        "an object store without TLS",
        { ...values, objectStore: { ...values.objectStore, endpoint: "http://s3" } },
        /endpoint/,
      ],
    ])("refuses %s", async (_, wrong, reason) => {
      await expect(template("moodle", wrong)).rejects.toThrow(reason);
    });

    test("accepts the example of its README", async () => {
      const [, example] = /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(CHART, "README.md"), "utf8")) ?? [];
      await expect(template("moodle", parse(example ?? ""))).resolves.toContain("MOODLE_WWWROOT");
    });

    test("refuses a release name that leaves no room for suffixes", async () => {
      await expect(template("m".repeat(41), values)).rejects.toThrow(/longer than 40 characters/);
    });
  });

  test("is accepted in every variant, with no field unknown and under Pod Security restricted", async () => {
    const namespace = "variants";
    await apply(
      JSON.stringify({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: {
          name: namespace,
          labels: {
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/warn": "restricted",
          },
        },
      }),
    );
    const manifests: string[] = [];
    for (const [name, props] of Object.entries(variants())) {
      const { values } = synthesize(site(namespace, props));
      manifests.push(await template(name, values, namespace));
    }
    const applied = await kubectl(
      [
        ...["apply", "--server-side", "--dry-run=server", "--validate=strict", "--warnings-as-errors"],
        ...["--namespace", namespace, "--output=name", "-f", "-"],
      ],
      { input: manifests.join("\n") },
    );
    expect(applied.match(/^job\.batch\//gm)).toHaveLength(Object.keys(variants()).length);
  });
});
