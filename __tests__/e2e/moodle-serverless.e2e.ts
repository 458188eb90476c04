/** The site as a Knative Service, on a cluster that checks every field; and what Knative's own webhook would refuse. */
import type { KnativeServing } from "../../constructs/ports";
import * as ports from "../support/ports";
import type { Resource } from "../support/template";
import { check } from "./support/apply";
import { containersOf, objectsOf, only, site, synthesize, template } from "./support/moodle-site";
import { podLabels, reachableBy } from "./support/network";
import { createNamespace, describeOnTestbed } from "./support/testbed";

const namespace = "serverless";
const gateway = { namespace: "kourier-system", serviceName: "kourier", port: 80 };
const knative: KnativeServing = {
  namespace: "knative-serving",
  ingress: "kourier",
  ingressClass: "kourier.ingress.networking.knative.dev",
  gateway,
  localGateway: { ...gateway, serviceName: "kourier-internal" },
  ready: [],
};
const web = { minReplicas: 0, maxReplicas: 20, cpu: 2, memoryMb: 3072 };
const cron = { trigger: "ping-source", replicas: 2, memoryMb: 1024 } as const;
const route = { kind: "knative", proxyCidrs: ["10.20.0.0/16"] } as const;

async function render(props: Parameters<typeof site>[1] = {}) {
  const { release, values } = synthesize(site(namespace, { knative, web, route, cron, ...props }));
  const manifests = await template(release, values, namespace);
  return { manifests, objects: objectsOf(manifests) };
}

describeOnTestbed("charts/moodle on Knative", () => {
  let objects: Resource[];
  let manifests: string;
  let service: Resource;
  beforeAll(async () => {
    await Promise.all([namespace, gateway.namespace].map(createNamespace));
    ({ manifests, objects } = await render());
    service = only(objects, "Service", "moodle-web");
  });

  test("has no field that its definitions lack", async () => {
    await expect(check(manifests, namespace)).resolves.toHaveLength(objects.length);
  });

  test("is a Knative Service, and no Deployment, Service or autoscaler beside it", () => {
    expect(service.apiVersion).toBe("serving.knative.dev/v1");
    const kinds = objects.filter(({ metadata }) => metadata.name === "moodle-web").map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(["NetworkPolicy", "PodDisruptionBudget", "Service"]);
  });

  test("answers at the site's host name, to the world", () => {
    expect(service.metadata).toMatchObject({
      labels: { "moodleplatform.io/public": "true" },
      annotations: { "moodleplatform.io/host": "moodle.example.edu" },
    });
  });

  test("scales from zero, each pod with as many requests as it has workers", () => {
    const { metadata, spec } = service.spec.template;
    expect(metadata.annotations).toMatchObject({
      "autoscaling.knative.dev/min-scale": "0",
      "autoscaling.knative.dev/max-scale": "20",
    });
    const children = containersOf(service.spec).find(({ name }) => name === "php-fpm")?.env[0];
    expect(children).toEqual({ name: "MOODLE_FPM_CHILDREN", value: String(spec.containerConcurrency) });
  });

  // Source: https://github.com/knative/serving/blob/knative-v1.23.0/pkg/apis/serving/fieldmask.go
  test("has no field of a pod that Knative's webhook refuses", () => {
    const { spec } = service.spec.template;
    expect(Object.keys(spec).sort()).toEqual(
      [
        ...["automountServiceAccountToken", "containerConcurrency", "containers", "enableServiceLinks"],
        ...["initContainers", "responseStartTimeoutSeconds", "securityContext", "serviceAccountName"],
        ...["timeoutSeconds", "volumes"],
      ].sort(),
    );
    expect(Object.keys(spec.securityContext)).not.toContain("fsGroupChangePolicy");
    const [nginx, phpFpm] = spec.containers;
    expect(nginx.ports).toEqual([{ name: "http1", containerPort: 8080 }]);
    expect(Object.keys(phpFpm).filter((key) => /probe|ports|lifecycle/i.test(key))).toEqual([]);
    expect(JSON.stringify(spec)).not.toMatch(/lifecycle|resourceFieldRef|"port":/);
  });

  test("is reached by Knative's gateway and activator alone", () => {
    const sources = ["8012", "8013", "9090"].flatMap((port) => [`knative-serving ${port}`, `kourier-system ${port}`]);
    const labels = service.spec.template.metadata.labels;
    expect(reachableBy(objects, labels)).toEqual([...sources, "moodle-test 8080"].sort());
  });

  test("is scraped at ports that Knative lets nobody name", async () => {
    const watched = await render({ monitoring: { namespace: "monitoring", labels: {} } });
    await expect(check(watched.manifests, namespace)).resolves.toHaveLength(watched.objects.length);
    const { podMetricsEndpoints } = only(watched.objects, "PodMonitor", "moodle").spec;
    const addresses = podMetricsEndpoints.map(({ path, port, relabelings }: Resource) => [
      port,
      path,
      relabelings?.map(({ regex, replacement }: Resource) => regex ?? replacement),
    ]);
    expect(addresses).toEqual([
      [undefined, "/metrics/php-fpm", ["web;nginx", "$1:8081"]],
      [undefined, "/metrics", ["web;nginx", "$1:9113"]],
      ["metrics", undefined, undefined],
    ]);
    const { spec } = only(watched.objects, "Service", "moodle-web").spec.template;
    const exporter = spec.containers.find(({ name }: Resource) => name === "exporter");
    expect(Object.keys(exporter).filter((key) => /probe|ports|lifecycle/i.test(key))).toEqual([]);
    const labels = only(watched.objects, "Service", "moodle-web").spec.template.metadata.labels;
    expect(reachableBy(watched.objects, labels)).toEqual(
      expect.arrayContaining(["monitoring 8081", "monitoring 9113"]),
    );
  });

  test("helm test asks the gateway for the site by its name, and none where the gateway only redirects", async () => {
    const { args, env } = only(objects, "Job", "moodle-test").spec.template.spec.containers[0];
    expect(env).toContainEqual({ name: "SERVICE_URL", value: "http://kourier.kourier-system.svc:80" });
    expect(args[0]).toContain("Host: $host");
    const redirecting = await render({ knative: { ...knative, redirectsToHttps: true } });
    expect(
      redirecting.objects.filter(({ metadata }) => metadata.name === "moodle-test" && metadata.annotations),
    ).toEqual([]);
  });

  test("believes what Knative's proxy in the pod and pods of the cluster say of visitors", () => {
    expect(only(objects, "ConfigMap", "moodle-configuration").data.MOODLE_TRUSTED_PROXIES).toBe(
      "127.0.0.1/32 10.20.0.0/16",
    );
  });

  test("has as long for a request, with its upload, as Knative gives it", async () => {
    const { spec } = service.spec.template;
    expect([spec.timeoutSeconds, spec.responseStartTimeoutSeconds]).toEqual([600, 600]);
    const patient = await render({ knative: { ...knative, requestSeconds: 1800 } });
    const { spec: longer } = only(patient.objects, "Service", "moodle-web").spec.template;
    expect([longer.timeoutSeconds, longer.responseStartTimeoutSeconds]).toEqual([1800, 1800]);
  });

  test("an ingress controller sends requests to Knative's gateway, from its namespace", async () => {
    const behind = await render({ route: ports.controllerRoute("traefik") });
    const { metadata, spec } = only(behind.objects, "IngressRoute", "moodle");
    expect(metadata.namespace).toBe(gateway.namespace);
    expect(spec.routes[0].services[0]).toMatchObject({ name: "kourier", port: 80 });
  });

  test("has no workers for scheduled tasks, but a Job each minute that Kubernetes takes", async () => {
    expect(Object.keys(podLabels(objects)).sort()).not.toContain("cron");
    expect(only(objects, "PingSource", "moodle-cron").spec).toMatchObject({
      schedule: "* * * * *",
      sink: { ref: { kind: "JobSink", name: "moodle-cron" } },
    });
    const { job } = only(objects, "JobSink", "moodle-cron").spec;
    const asked = { apiVersion: "batch/v1", kind: "Job", metadata: { name: "tick", namespace }, ...job };
    await expect(check(JSON.stringify(asked))).resolves.toHaveLength(1);
    expect(job.spec.template.spec.containers[0].command).toEqual(["moodle", "cron", "--once"]);
  });
});
