/** The site that the tests of `charts/moodle` release, as MoodleWeb gives it to the chart. */
import { parse, parseAllDocuments, stringify } from "yaml";
import { MoodleWeb, type MoodleWebProps } from "../../../constructs/workloads/moodle-web";
import * as ports from "../../support/ports";
import { type Resource, Template } from "../../support/template";
import { chartFolder, helm } from "./testbed";

export const CHART = chartFolder("moodle");

export function site(namespace: string, props: Partial<MoodleWebProps> = {}): MoodleWebProps {
  return {
    name: namespace,
    cluster: ports.cluster,
    identity: ports.identity(namespace),
    database: ports.database("postgresql"),
    redis: { sessions: ports.redis("sessions"), cache: ports.redis("cache") },
    objectStore: ports.s3,
    files: ports.efs,
    route: ports.targetGroup,
    domain: "moodle.example.edu",
    siteName: 'Example "University": Größe & $more',
    adminEmail: "admin@example.edu",
    administratorSecret: ports.secret("administrator"),
    image: "registry.example.edu/moodle:0.1.0",
    web: { minReplicas: 2, maxReplicas: 4, cpu: 2, memoryMb: 3072 },
    dependsOn: [],
    ...props,
  };
}

/** What the construct gives the chart and the cluster. */
export function synthesize(props: MoodleWebProps) {
  const template = Template.from((scope) => new MoodleWeb(scope, "moodle", props));
  const { name, values } = template.only("helm_release", { name: props.releaseName ?? "moodle" });
  const { metadata, spec } = template.only("kubernetes_persistent_volume_v1");
  const [{ access_modes, capacity, storage_class_name, mount_options, persistent_volume_source }] = spec;
  const { driver, volume_handle, volume_attributes } = persistent_volume_source.csi;
  return {
    release: name as string,
    values: parse(values.join("\n")) as Resource,
    volume: JSON.stringify({
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata,
      spec: {
        accessModes: access_modes,
        capacity,
        persistentVolumeReclaimPolicy: spec[0].persistent_volume_reclaim_policy,
        storageClassName: storage_class_name,
        mountOptions: mount_options,
        csi: { driver, volumeHandle: volume_handle, volumeAttributes: volume_attributes },
      },
    }),
  };
}

/** The chart's manifests, as text. */
export const template = (release: string, values: unknown, namespace = "sites") =>
  helm(["template", release, CHART, "--namespace", namespace, "--kube-version", "1.35.0", "--values", "-"], {
    input: stringify(values),
  });

/** The objects that the chart makes of a site. */
export async function render(props: MoodleWebProps): Promise<Resource[]> {
  const { release, values } = synthesize(props);
  return objectsOf(await template(release, values, props.identity.namespace));
}

export function objectsOf(manifests: string): Resource[] {
  return parseAllDocuments(manifests).flatMap((document) => document.toJS() ?? []);
}

/** The containers of what makes pods, those that run first included; none of anything else. */
export function containersOf(spec: Resource | undefined): Resource[] {
  const { initContainers = [], containers = [] } = spec?.template?.spec ?? {};
  return [...initContainers, ...containers];
}

export function only(objects: readonly Resource[], kind: string, name: string): Resource {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

/** Every choice that a site has, made. */
export const everything = {
  web: {
    ...{ minReplicas: 2, maxReplicas: 4, cpu: 2, memoryMb: 3072 },
    autoscaling: { busyWorkersPercent: 70, prometheusAddress: "http://prometheus.monitoring:9090" },
  },
  adhoc: { replicas: 3, memoryMb: 1024 },
  mail: {
    ...{ host: "smtp.example.edu", port: 587, security: "starttls", noReplyAddress: "no-reply@example.edu" },
    secret: ports.secret("smtp"),
  },
  antivirus: true,
  monitoring: { namespace: "monitoring", labels: { release: "prometheus" } },
} as const satisfies Partial<MoodleWebProps>;
