/** Every combination of what a site can stand on is accepted by a cluster that checks each field. */
import type { DatabaseEndpoint, ObjectStore, SecretRef, SharedFileSystem, SiteRoute } from "../../constructs/ports";
import type { MoodleWebProps } from "../../constructs/workloads/moodle-web";
import * as ports from "../support/ports";
import { apply } from "./support/apply";
import { everything, site, synthesize, template } from "./support/moodle-site";
import { describeOnTestbed, kubectl } from "./support/testbed";

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

const pods = { minReplicas: 2, cpu: 2, memoryMb: 3072 };

/** Every way to scale, with and without a scanner, with and without monitoring; mail and ad-hoc workers go along. */
const CHOICES: Readonly<Record<string, Partial<MoodleWebProps>>> = Object.fromEntries(
  Object.entries({
    fixed: { ...pods, maxReplicas: 2 },
    cpu: { ...pods, maxReplicas: 4 },
    keda: everything.web,
  }).flatMap(([scaling, web]) =>
    [false, true].flatMap((antivirus) =>
      // Workers can only be counted where something watches.
      (scaling === "keda" ? [everything.monitoring] : [undefined, everything.monitoring]).map((monitoring) => [
        `${scaling}${antivirus ? "-av" : ""}${monitoring ? "-mon" : ""}`,
        {
          ...{ web, antivirus, monitoring },
          ...(antivirus
            ? { mail: everything.mail, adhoc: everything.adhoc }
            : { adhoc: { replicas: 0, memoryMb: 512 } }),
        },
      ]),
    ),
  ),
);

/** Every engine, way in, place of files, number of Redis servers and choice that a cloud has, and each way in with Vault. */
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
        for (const [chosen, choices] of Object.entries(CHOICES)) {
          named[`${engine}-${way}-${chosen}`] = { ...secretsIn(store, engine), ...choices, route, files, objectStore };
        }
      }
      named[`cron-job-${way}`] = {
        ...secretsIn(store, "postgresql"),
        ...{ route, files, objectStore, cron: { trigger: "cron-job", replicas: 2, memoryMb: 1024 } },
      };
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
    // What two variants have in common is asked about once.
    const different = new Set<string>();
    for (const props of Object.values(variants())) {
      const { release, values } = synthesize(site(namespace, props));
      const manifests = (await template(release, values, namespace)).split(/^---$/m);
      for (const manifest of manifests) if (manifest.includes("kind:")) different.add(manifest.trim());
    }
    const applied = await kubectl(
      [
        ...["apply", "--server-side", "--dry-run=server", "--validate=strict", "--warnings-as-errors"],
        ...["--namespace", namespace, "--output=name", "-f", "-"],
      ],
      { input: [...different].join("\n---\n") },
    );
    expect(applied.trim().split("\n")).toHaveLength(different.size);
  });
});
