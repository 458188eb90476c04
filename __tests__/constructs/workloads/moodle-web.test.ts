import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TerraformResource } from "cdktf";
import { parse } from "yaml";
import { MoodleWeb, type MoodleWebProps } from "../../../constructs/workloads/moodle-web";
import * as ports from "../../support/ports";
import { type Resource, Template } from "../../support/template";

const SCHEMA = JSON.parse(readFileSync(join(__dirname, "../../../charts/moodle/values.schema.json"), "utf8"));

const onAws: MoodleWebProps = {
  name: "moodle-staging-1",
  ...ports.site("moodle"),
  web: { minReplicas: 2, maxReplicas: 6, cpu: 2, memoryMb: 3072 },
  cron: { replicas: 2, memoryMb: 1024 },
  dependsOn: [],
};

const onGoogle: MoodleWebProps = {
  ...onAws,
  database: ports.database("mysql", "google-secret-manager"),
  redis: {
    sessions: ports.redis("redis", "google-secret-manager", "-----BEGIN CERTIFICATE-----"),
    cache: ports.redis("redis", "google-secret-manager", "-----BEGIN CERTIFICATE-----"),
  },
  objectStore: ports.gcs,
  files: ports.filestore,
  route: ports.httpRoute,
  placement: { nodeSelector: { pool: "web" }, tolerations: [{ key: "web", operator: "Exists", effect: "NoSchedule" }] },
};

const everything: MoodleWebProps = {
  ...onAws,
  cluster: { ...ports.cluster, volumeClassName: "gp3" },
  web: {
    ...{ minReplicas: 2, maxReplicas: 6, cpu: 2, memoryMb: 3072 },
    autoscaling: { busyWorkersPercent: 70, prometheusAddress: "http://prometheus.monitoring:9090" },
  },
  adhoc: { replicas: 2, memoryMb: 1024 },
  mail: {
    ...{ host: "smtp.example.edu", port: 587, security: "starttls", noReplyAddress: "no-reply@example.edu" },
    secret: ports.secret("smtp"),
  },
  antivirus: true,
  ai: {
    ...{ endpoint: "http://assistant-predictor.models.svc.cluster.local/openai/v1", model: "assistant" },
    ...{ requestsPerUser: 30, requests: 5000 },
    pods: { namespace: "models", podLabels: { "moodleplatform.io/model": "assistant" }, port: 8080 },
  },
  blockedHosts: ["127.0.0.0/8", "localhost", "0000::1"],
  monitoring: { namespace: "monitoring", labels: { release: "prometheus" } },
  database: { ...ports.database("postgresql", undefined, ["reader.example.edu"]), fetchBuffer: 0 },
  objectStore: { ...ports.s3, keyPrefix: "faculty/" },
};

const synthesize = (props: MoodleWebProps) => Template.from((scope) => new MoodleWeb(scope, "moodle", props));
const valuesOf = (template: Template): Resource => parse(template.only("helm_release").values.join("\n"));

/** Paths of values that the schema does not know, or would refuse for their type. */
function unknownTo(schema: Resource, value: unknown, path: string): string[] {
  if (schema.$ref !== undefined) return unknownTo(SCHEMA.definitions[schema.$ref.split("/").pop()], value, path);
  if (schema.oneOf !== undefined && schema.oneOf[0].properties !== undefined) {
    const tried = schema.oneOf.map((one: Resource) => unknownTo(one, value, path));
    return tried.find((faults: string[]) => faults.length === 0) ?? tried.flat();
  }
  if (schema.const !== undefined) return schema.const === value ? [] : [path];
  if (Array.isArray(value)) return value.flatMap((one, index) => unknownTo(schema.items, one, `${path}.${index}`));
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, child]) => {
      const known = schema.properties?.[key] ?? schema.additionalProperties;
      return known ? unknownTo(known, child, `${path}.${key}`) : [`${path}.${key}`];
    });
  }
  if (schema.pattern !== undefined) return new RegExp(schema.pattern).test(String(value)) ? [] : [path];
  return [];
}

describe("MoodleWeb", () => {
  const template = synthesize(onAws);
  const values = valuesOf(template);
  const volume = template.only("kubernetes_persistent_volume_v1");

  test.each([
    ["AWS", onAws],
    ["Google Cloud", onGoogle],
    ["an ingress controller", { ...onAws, route: ports.ingress, objectStore: undefined }],
    ["every choice made", everything],
  ])("gives the chart no value that its schema does not know, on %s", (_, props) => {
    expect(unknownTo(SCHEMA, valuesOf(synthesize(props)), "values")).toEqual([]);
  });

  test("makes a volume that nobody else's claim can take and that outlives its claim", () => {
    const [spec] = volume.spec;
    expect(spec.access_modes).toEqual(["ReadWriteMany"]);
    expect(spec.persistent_volume_reclaim_policy).toBe("Retain");
    expect(spec.storage_class_name).toBe(volume.metadata.name);
    expect(values.files).toMatchObject({
      volumeName: volume.metadata.name,
      storageClassName: volume.metadata.name,
      capacityGb: 100,
    });
  });

  test("leaves the volume's claim reference to Kubernetes", () => {
    expect(volume.spec[0]).not.toHaveProperty("claim_ref");
  });

  test("passes on what the file system's driver needs", () => {
    const [spec] = synthesize(onGoogle).only("kubernetes_persistent_volume_v1").spec;
    expect(spec.mount_options).toEqual(["hard", "timeo=600", "retrans=3"]);
    expect(spec.persistent_volume_source.csi).toEqual({
      driver: "filestore.csi.storage.gke.io",
      volume_handle: "modeInstance/europe-west3/moodle-staging-1-files/moodle",
      volume_attributes: { ip: "10.37.1.2", volume: "moodle" },
    });
  });

  test("keeps claim and volume where protected", () => {
    expect(values.files.retain).toBe(true);
    expect(volume.lifecycle.prevent_destroy).toBe(true);
  });

  test("lets claim and volume go where disposable", () => {
    const disposable = synthesize({ ...onAws, protection: "disposable" });
    expect(valuesOf(disposable).files.retain).toBe(false);
    expect(disposable.only("kubernetes_persistent_volume_v1").lifecycle.prevent_destroy).toBe(false);
  });

  test("names every secret by its store and carries none", () => {
    const store = { kind: "SecretStore", name: "aws-secrets-manager" };
    expect(values.database.secret).toEqual({ store, key: "moodle-staging-1/database-application" });
    expect(values.database.readerSecret).toEqual({ store, key: "moodle-staging-1/database-reader" });
    expect(values.redis.sessions.secret).toEqual({ store, key: "moodle-staging-1/redis-sessions" });
    expect(values.site.administratorSecret).toEqual({ store, key: "moodle-staging-1/administrator" });
    expect(values.objectStore).not.toHaveProperty("secret");
  });

  test("opens the way to database, Redis and the identity's credentials, each once", () => {
    expect(values.networkPolicy.egress).toEqual([
      { cidr: "169.254.170.23/32", port: 80 },
      { cidr: "10.20.96.0/24", port: 5432 },
      { cidr: "10.20.97.0/24", port: 5432 },
      { cidr: "10.20.96.0/24", port: 6379 },
      { cidr: "10.20.97.0/24", port: 6379 },
    ]);
  });

  test.each([
    ["the load balancer's subnets", ports.targetGroup, { cidrs: ["10.20.0.0/24", "10.20.1.0/24"] }],
    ["Google's proxies", ports.httpRoute, { cidrs: ["35.191.0.0/16", "130.211.0.0/22"] }],
    ["the ingress controller", ports.ingress, { namespaces: ["traefik"] }],
  ])("admits requests from %s alone", (_, route, expected) => {
    expect(valuesOf(synthesize({ ...onAws, route })).networkPolicy.ingress).toEqual(expected);
  });

  test.each([
    ["postgresql", "pgsql"],
    ["mysql", "mysqli"],
    ["mariadb", "mariadb"],
  ] as const)("speaks to %s by Moodle's driver %s", (engine, type) => {
    expect(valuesOf(synthesize({ ...onAws, database: ports.database(engine) })).database.type).toBe(type);
  });

  test("divides a web pod between nginx, the exporter of its metrics, and PHP without a remainder", () => {
    const { nginx, phpFpm } = values.web;
    expect(nginx.resources.requests).toEqual({ cpu: "100m", memory: "128Mi" });
    expect(phpFpm.resources.requests).toEqual({ cpu: "1890m", memory: "2912Mi" });
  });

  test.each([
    ["registry.example.edu:5000/moodle:0.1.0", { repository: "registry.example.edu:5000/moodle", tag: "0.1.0" }],
    [
      `registry.example.edu/moodle@sha256:${"a".repeat(64)}`,
      { repository: "registry.example.edu/moodle", digest: `sha256:${"a".repeat(64)}` },
    ],
  ])("takes the image %s apart", (image, expected) => {
    expect(valuesOf(synthesize({ ...onAws, image })).image).toEqual(expected);
  });

  test("passes on the relay of outgoing mail, and its secret by name", () => {
    const relay = {
      host: "smtp.example.edu",
      port: 587,
      security: "starttls",
      noReplyAddress: "no@example.edu",
    } as const;
    expect(valuesOf(synthesize({ ...onAws, mail: relay })).mail).toEqual(relay);
    expect(valuesOf(synthesize({ ...onAws, mail: { ...relay, secret: ports.secret("smtp") } })).mail.secret).toEqual({
      store: { kind: "SecretStore", name: "aws-secrets-manager" },
      key: "moodle-staging-1/smtp",
    });
  });

  test("gives the virus scanner a disk of the class that the cluster names", () => {
    const cluster = { ...ports.cluster, volumeClassName: "gp3" };
    expect(valuesOf(synthesize({ ...onAws, cluster, antivirus: true })).antivirus).toEqual({
      enabled: true,
      storageClassName: "gp3",
    });
  });

  test("passes on how web pods scale, and what watches the site", () => {
    const autoscaling = { busyWorkersPercent: 70, prometheusAddress: "http://prometheus.monitoring:9090" };
    const monitoring = { namespace: "monitoring", labels: { release: "prometheus" } };
    const web = { minReplicas: 2, maxReplicas: 6, cpu: 2, memoryMb: 3072, autoscaling };
    const given = valuesOf(synthesize({ ...onAws, web, monitoring }));
    expect(given.web.autoscaling).toEqual(autoscaling);
    expect(given.monitoring).toEqual(monitoring);
  });

  test("gives each kind of worker its number and memory", () => {
    const { cron, adhoc } = valuesOf(synthesize({ ...onAws, adhoc: { replicas: 3, memoryMb: 2048 } }));
    expect(cron).toMatchObject({ replicas: 2, resources: { limits: { memory: "1024Mi" } } });
    expect(adhoc).toMatchObject({ replicas: 3, resources: { limits: { memory: "2048Mi" } } });
  });

  test("tells Moodle of a pooler before the database, and of a bucket that it shares", () => {
    const shared = valuesOf(
      synthesize({
        ...onAws,
        database: { ...ports.database("postgresql"), fetchBuffer: 0 },
        objectStore: { ...ports.s3, keyPrefix: "faculty/" },
      }),
    );
    expect(shared.database.fetchBuffer).toBe(0);
    expect(shared.objectStore.keyPrefix).toBe("faculty/");
  });

  test("waits for everything that it stands on", () => {
    const stack = Template.from((scope) => {
      const thing = (id: string) => new TerraformResource(scope, id, { terraformResourceType: "thing" });
      new MoodleWeb(scope, "moodle", {
        ...onAws,
        cluster: { ...ports.cluster, ready: [thing("cluster")] },
        identity: { ...ports.identity("moodle"), ready: [thing("identity")] },
        database: { ...ports.database("mysql"), ready: [thing("database")] },
        redis: {
          sessions: { ...ports.redis("sessions"), ready: [thing("sessions")] },
          cache: { ...ports.redis("cache"), ready: [thing("cache")] },
        },
        objectStore: { ...ports.s3, ready: [thing("bucket")] },
        files: { ...ports.efs, ready: [thing("files")] },
        dependsOn: [thing("namespace")],
      });
    });
    const [volumeId] = Object.keys(stack.all("kubernetes_persistent_volume_v1"));
    expect(stack.only("kubernetes_persistent_volume_v1").depends_on).toEqual(["thing.cluster", "thing.files"]);
    expect(stack.only("helm_release").depends_on).toEqual([
      `kubernetes_persistent_volume_v1.${volumeId}`,
      ...["cluster", "identity", "database", "sessions", "cache", "bucket", "namespace"].map((id) => `thing.${id}`),
    ]);
  });

  test("gives the first boot half an hour", () => {
    expect(template.only("helm_release").timeout).toBe(1800);
  });

  test.each<[string, Partial<MoodleWebProps>, string]>([
    ["a release name without room for suffixes", { releaseName: "m".repeat(41) }, "releaseName"],
    ["an image without a version", { image: "registry.example.edu:5000/moodle" }, "image"],
    [
      "fewer pods at most than at least",
      { web: { minReplicas: 3, maxReplicas: 2, cpu: 2, memoryMb: 2048 } },
      "maxReplicas",
    ],
    ["uploads that the virus scanner cannot scan", { antivirus: true, maxUploadMb: 2001 }, "maxUploadMb"],
    [
      "scaling by workers that nothing counts",
      {
        web: {
          ...{ minReplicas: 2, maxReplicas: 6, cpu: 2, memoryMb: 3072 },
          autoscaling: { busyWorkersPercent: 70, prometheusAddress: "http://prometheus.monitoring:9090" },
        },
      },
      "web.autoscaling",
    ],
    ["less than Moodle runs on", { web: { minReplicas: 2, maxReplicas: 2, cpu: 2, memoryMb: 512 } }, "web"],
  ])("refuses %s", (_, props, field) => {
    expect(() => synthesize({ ...onAws, ...props })).toThrow(
      expect.objectContaining({ faults: [expect.objectContaining({ path: expect.stringContaining(field) })] }),
    );
  });
});

describe("on Knative", () => {
  const gateway = { namespace: "kourier-system", serviceName: "kourier", port: 80 };
  const knative: MoodleWebProps["knative"] = {
    namespace: "knative-serving",
    ingress: "kourier",
    ingressClass: "kourier.ingress.networking.knative.dev",
    gateway,
    localGateway: gateway,
    ready: [],
  };
  const releases = (props: Partial<MoodleWebProps>) =>
    Template.from((scope) => {
      const { ready } = new MoodleWeb(scope, "web", { ...onAws, knative, ...props });
      new TerraformResource(scope, "after", { terraformResourceType: "kind", dependsOn: [...ready] });
    });

  test("the site is ready when its Service is, of which Helm knows nothing", () => {
    const template = releases({ timeout: 900 });
    const [[id, wait]] = Object.entries(template.all("helm_release")).filter(
      ([, { name }]) => name === "moodle-wait",
    ) as [[string, Resource]];
    expect(template.only("kind").depends_on).toEqual([`helm_release.${id}`]);
    const values = wait.values.join("\n");
    expect(values).toMatch(/moodle-web/);
    expect(values).toMatch(/"?timeoutSeconds"?\W+840/);
    expect(wait.timeout).toBe(900);
    // Another site is another wait.
    expect(values).toMatch(/sha256\(jsonencode\(\[helm_release\.(\w+)\.chart, helm_release\.\1\.values\]\)\)/);
  });

  test("there is no such release beside a Deployment", () => {
    expect(releases({ knative: undefined }).resources("helm_release")).toHaveLength(1);
  });
});
