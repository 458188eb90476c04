/** What a model is, for whoever serves it and whoever calls it. Nothing in here makes a resource. */
import type { Fault } from "../core/errors";
import type { ObjectStore } from "../ports";
import { type ModelRolloutPolicy, rolloutFaults } from "./model-rollout-policy";

/**
 * Server of the model: scikit-learn's for regression and trees, Hugging Face's for language models, Triton for networks
 * in ONNX, TensorRT and the like. All are KServe's own runtimes.
 */
export type Framework = "sklearn" | "huggingface" | "triton";

/**
 * What the number of replicas follows: the share of the requested processors or memory, requests in progress, requests a
 * second, or the share of the GPU that is busy.
 */
export type ScaleMetric = "cpu" | "memory" | "concurrency" | "rps" | "gpu";

/**
 * How a replica comes by its files: `init-container` fetches them from the bucket whenever one starts, `warm-cache` mounts
 * them from a volume, onto which each version is fetched once.
 */
export type Pull = "init-container" | "warm-cache";

/** `standard` is a Deployment, `knative` a Knative Service, which may scale to zero. */
export type DeploymentMode = "standard" | "knative";

export interface InferenceModel {
  /** 1 to 40 lower-case letters, digits and hyphens. Callers ask for it by this name. */
  readonly name: string;
  /** Semantic version with a `v`, such as `v1.3.0`: what `npm run model:publish` has put in the bucket. */
  readonly version: string;
  readonly framework: Framework;
  /** @default "init-container" */
  readonly pull?: Pull;
  /** @default "cpu" */
  readonly device?: "cpu" | "gpu";
  /** GPUs of one replica. @default 1 where the device is a GPU */
  readonly gpus?: number;
  /** KServe does not change that of a model that is served. @default knative for the processor where the cluster has Knative, else standard */
  readonly deploymentMode?: DeploymentMode;
  /** @default 1 */
  readonly minReplicas?: number;
  /** Where it equals `minReplicas`, nothing scales. @default 3, or `minReplicas` where that is more */
  readonly maxReplicas?: number;
  /** @default gpu on a GPU, concurrency on Knative, else cpu */
  readonly scaleMetric?: ScaleMetric;
  /** Of one replica: percent of cpu, memory and gpu, requests of concurrency and rps. @default 70 percent, 10 requests */
  readonly scaleTarget?: number;
  /** Processors of one replica. @default 1 */
  readonly cpu?: number;
  /** Memory of one replica, in GiB. @default 2 */
  readonly memoryGb?: number;
  /** Arguments of the model server beside its own, such as `--max_model_len=4096`. @default none */
  readonly arguments?: readonly string[];
  /** Namespaces whose pods may call it. @default none beside Moodle's, where Moodle uses it */
  readonly callers?: readonly string[];
  /** A share of the traffic at a time for a new version. @default all of it as soon as it is ready */
  readonly rollout?: ModelRolloutPolicy;
}

/** What models stand on. */
export interface InferencePlatform {
  /** Whether the cluster has nodes with GPUs. */
  readonly gpuNodes: boolean;
  /** Whether the cluster has Knative Serving. */
  readonly knative: boolean;
  /** Claim of the cache's volume. @default none */
  readonly cacheClaimName?: string;
  /** URL of the Prometheus that counts requests and reads GPUs, as KEDA reaches it. @default none */
  readonly prometheusAddress?: string;
}

/** A model with every default filled in. */
export type ResolvedModel = Readonly<Required<Omit<InferenceModel, "rollout">>> & Pick<InferenceModel, "rollout">;

export const MODEL_NAME = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/;

/** https://semver.org without build metadata, whose `+` means a space in some URLs. */
export const MODEL_VERSION = /^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9a-z]+([.-][0-9a-z]+)*)?$/;

/** What each kind of server can scale by, the default first. */
const METRICS = {
  gpu: ["gpu", "rps"],
  knative: ["concurrency", "rps", "cpu", "memory"],
  standard: ["cpu", "memory", "rps"],
} as const satisfies Record<string, readonly ScaleMetric[]>;

export function resolveModel(model: InferenceModel, { knative }: Pick<InferencePlatform, "knative">): ResolvedModel {
  const { device = "cpu", minReplicas = 1 } = model;
  const deploymentMode = model.deploymentMode ?? (device === "cpu" && knative ? "knative" : "standard");
  const scaleMetric = model.scaleMetric ?? metricsOf(device, deploymentMode)[0] ?? "cpu";
  return {
    name: model.name,
    version: model.version,
    framework: model.framework,
    pull: model.pull ?? "init-container",
    device,
    gpus: model.gpus ?? (device === "gpu" ? 1 : 0),
    deploymentMode,
    minReplicas,
    maxReplicas: model.maxReplicas ?? Math.max(3, minReplicas),
    scaleMetric,
    scaleTarget: model.scaleTarget ?? (isPercentage(scaleMetric) ? 70 : 10),
    cpu: model.cpu ?? 1,
    memoryGb: model.memoryGb ?? 2,
    arguments: model.arguments ?? [],
    callers: model.callers ?? [],
    rollout: model.rollout,
  };
}

/** Whether KEDA must scale it: it reads from Prometheus what Kubernetes' own autoscaler cannot know. */
export function needsKeda(model: ResolvedModel): boolean {
  return (
    model.deploymentMode === "standard" &&
    model.minReplicas < model.maxReplicas &&
    (model.scaleMetric === "rps" || model.scaleMetric === "gpu")
  );
}

/** Claim of a ModelCache's volume. */
export const MODEL_CACHE_CLAIM = "models";

/** Whether it is served from the cache. */
export function isCached({ pull }: Pick<InferenceModel, "pull">): boolean {
  return pull === "warm-cache";
}

/** It ends in a slash: KServe fetches whatever begins with it, and `v1.3.0` is also how `v1.3.0-rc.1` begins. */
export function modelUri(store: ObjectStore, { name, version }: InferenceModel): string {
  return `${prefix(store)}models/${name}/${version}/`;
}

/** The list of a version's files, with their checksums. */
export function manifestUri(store: ObjectStore, { name, version }: InferenceModel): string {
  return `${prefix(store)}manifests/${name}/${version}.json`;
}

function prefix({ kind, bucketName, keyPrefix = "" }: ObjectStore): string {
  return `${kind === "s3" ? "s3" : "gs"}://${bucketName}/${keyPrefix}`;
}

/** What cannot work, with paths such as `models.0.version`. */
export function modelFaults(models: readonly InferenceModel[], platform: InferencePlatform): Fault[] {
  const names = models.map(({ name }) => name);
  return models.flatMap((model, index) =>
    [
      ...identityFaults(model, names.indexOf(model.name) < index),
      ...placementFaults(model, platform),
      ...replicaFaults(resolveModel(model, platform)),
      ...metricFaults(resolveModel(model, platform), platform),
      ...(model.rollout === undefined
        ? []
        : rolloutFaults(model.rollout, {
            deploymentMode: resolveModel(model, platform).deploymentMode,
            hasPrometheus:
              platform.prometheusAddress !== undefined && namespaceAt(platform.prometheusAddress) !== undefined,
          })),
    ].map((fault) => ({ ...fault, path: `models.${index}.${fault.path}` })),
  );
}

function identityFaults({ name, version }: InferenceModel, isDuplicate: boolean): Fault[] {
  const faults: Fault[] = [];
  if (!MODEL_NAME.test(name)) {
    const allowed = "1 to 40 lower-case letters, digits and hyphens, a letter first and no hyphen last";
    faults.push({ path: "name", given: name, allowed, remedy: "choose another name" });
  }
  if (isDuplicate) {
    const allowed = "a name that no other model has";
    faults.push({ path: "name", given: name, allowed, remedy: "rename one of the two, or remove it" });
  }
  if (!MODEL_VERSION.test(version)) {
    const allowed = "a semantic version such as v1.3.0 or v2.0.0-rc.1, never a name that moves";
    faults.push({ path: "version", given: version, allowed, remedy: "name the version that was published" });
  }
  return faults;
}

function placementFaults(model: InferenceModel, { gpuNodes, knative, cacheClaimName }: InferencePlatform): Fault[] {
  const { device = "cpu", framework, deploymentMode, gpus = 0 } = model;
  const faults: Fault[] = [];
  if (isCached(model) && cacheClaimName === undefined) {
    const allowed = "init-container where there is no cache";
    faults.push({ path: "pull", given: "warm-cache", allowed, remedy: "give cacheClaimName, or leave pull out" });
  }
  if (device === "gpu" && !gpuNodes) {
    const remedy = "set cluster.gpu, or device to cpu";
    faults.push({ path: "device", given: device, allowed: "cpu where the cluster has no pool of GPU nodes", remedy });
  }
  if (device === "gpu" && framework === "sklearn") {
    const allowed = "cpu for sklearn, whose server uses no GPU";
    faults.push({ path: "device", given: device, allowed, remedy: "set device to cpu, or choose another framework" });
  }
  if (device === "cpu" && gpus > 0) {
    faults.push({ path: "gpus", given: gpus, allowed: "0 where the device is cpu", remedy: "set device to gpu" });
  }
  if (deploymentMode === "knative" && device === "gpu") {
    const allowed = "standard on a GPU: Knative would start a new revision beside the old one, on a second GPU";
    faults.push({ path: "deploymentMode", given: deploymentMode, allowed, remedy: "leave deploymentMode out" });
  } else if (deploymentMode === "knative" && !knative) {
    const allowed = "standard where the cluster has no Knative";
    const remedy = "turn Knative on, or leave deploymentMode out";
    faults.push({ path: "deploymentMode", given: deploymentMode, allowed, remedy });
  }
  return faults;
}

function replicaFaults({ minReplicas, maxReplicas, deploymentMode, scaleMetric }: ResolvedModel): Fault[] {
  const faults: Fault[] = [];
  if (maxReplicas < Math.max(minReplicas, 1)) {
    const allowed = `minReplicas (${minReplicas}) or more, and not 0`;
    faults.push({ path: "maxReplicas", given: maxReplicas, allowed, remedy: "raise maxReplicas or lower minReplicas" });
  }
  if (minReplicas === 0 && deploymentMode === "standard") {
    const allowed = "1 or more in mode standard: nothing there would start a replica when a request comes";
    faults.push({ path: "minReplicas", given: 0, allowed, remedy: "raise minReplicas, or serve it on Knative" });
  } else if (minReplicas === 0 && (scaleMetric === "cpu" || scaleMetric === "memory")) {
    const allowed = `1 or more with scaleMetric ${scaleMetric}: no replica at all uses none`;
    faults.push({
      path: "minReplicas",
      given: 0,
      allowed,
      remedy: "raise minReplicas, or scale by concurrency or rps",
    });
  }
  return faults;
}

function metricFaults(model: ResolvedModel, { prometheusAddress }: InferencePlatform): Fault[] {
  const { device, deploymentMode, scaleMetric, scaleTarget } = model;
  const metrics: readonly string[] = metricsOf(device, deploymentMode);
  if (!metrics.includes(scaleMetric)) {
    const allowed = `${metrics.join(", ")} ${device === "gpu" ? "on a GPU" : `on the processor in mode ${deploymentMode}`}`;
    return [{ path: "scaleMetric", given: scaleMetric, allowed, remedy: "choose one of these" }];
  }
  const faults: Fault[] = [];
  const most = isPercentage(scaleMetric) ? 100 : 100_000;
  if (!Number.isInteger(scaleTarget) || scaleTarget < 1 || scaleTarget > most) {
    const allowed = `a whole number from 1 to ${most} for ${scaleMetric}`;
    faults.push({ path: "scaleTarget", given: scaleTarget, allowed, remedy: "change the value" });
  }
  if (needsKeda(model) && prometheusAddress === undefined) {
    const allowed = `with a Prometheus to read ${scaleMetric} from, where minReplicas and maxReplicas differ`;
    const remedy = "give prometheusAddress, choose another metric, or let maxReplicas equal minReplicas";
    faults.push({ path: "scaleMetric", given: scaleMetric, allowed, remedy });
  }
  return faults;
}

function metricsOf(device: "cpu" | "gpu", mode: DeploymentMode): readonly ScaleMetric[] {
  return METRICS[device === "gpu" ? "gpu" : mode];
}

function isPercentage(metric: ScaleMetric): boolean {
  return metric === "cpu" || metric === "memory" || metric === "gpu";
}

/** Namespace of a Service in the cluster, by its address; nothing where the address is elsewhere. */
export function namespaceAt(address: string): string | undefined {
  return /^[a-z0-9-]+\.([a-z0-9-]+)(\.svc(\.[a-z0-9.-]+)?)?$/.exec(new URL(address).hostname)?.[1];
}
