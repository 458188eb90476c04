import { GROUP } from "@moodle-platform/api";
import type { KubeObject, ResourceType } from "../api-server/object";

export const DEPLOYMENT: ResourceType = { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments" };
export const STATEFUL_SET: ResourceType = { apiVersion: "apps/v1", kind: "StatefulSet", plural: "statefulsets" };
export const JOB: ResourceType = { apiVersion: "batch/v1", kind: "Job", plural: "jobs" };
export const CRON_JOB: ResourceType = { apiVersion: "batch/v1", kind: "CronJob", plural: "cronjobs" };
export const KNATIVE_SERVICE: ResourceType = {
  apiVersion: "serving.knative.dev/v1",
  kind: "Service",
  plural: "services",
};

/** Label of what charts make, with the release's name. */
export const INSTANCE_LABEL = "app.kubernetes.io/instance";

/** Annotation of a Job that the operator made for a release: it says nothing of the release's own state. */
export const SNAPSHOT_LABEL = `${GROUP}/snapshot-of`;

interface Container {
  readonly name: string;
  readonly image: string;
}

/** An object that makes pods, trimmed to what readiness is read from. */
export interface Workload extends KubeObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: { readonly spec?: { readonly containers?: readonly Container[] } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly readyReplicas?: number;
    readonly active?: number;
    readonly ready?: number;
    readonly failed?: number;
    readonly succeeded?: number;
    readonly lastScheduleTime?: string;
    readonly lastSuccessfulTime?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

export interface Readiness {
  readonly state: "ready" | "progressing" | "failed";
  readonly message: string;
}

/** What of a workload is kept in memory. */
export function trimWorkload({ apiVersion, kind, metadata, spec, status }: Workload): Workload {
  const { name, namespace, uid, resourceVersion, generation, labels, creationTimestamp } = metadata;
  const containers = spec?.template?.spec?.containers?.map(({ name, image }) => ({ name, image }));
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, uid, resourceVersion, generation, labels, creationTimestamp },
    spec: { replicas: spec?.replicas, ...(containers && { template: { spec: { containers } } }) },
    status,
  };
}

/** Whether all objects of a release are as they should be: the worst of them decides. */
export function readinessOf(workloads: readonly Workload[]): Readiness {
  const states = workloads.map((workload) => ({ workload, ...stateOf(workload) }));
  for (const state of ["failed", "progressing"] as const) {
    const found = states.filter((one) => one.state === state);
    if (found.length > 0) {
      const message = found.map(({ workload, message: why }) => `${workload.kind} ${workload.metadata.name}: ${why}`);
      return { state, message: message.join("; ") };
    }
  }
  return { state: "ready", message: "all objects are ready" };
}

const READY: Readiness = { state: "ready", message: "ready" };

function stateOf(workload: Workload): Readiness {
  switch (workload.kind) {
    case "Deployment":
      return deployment(workload);
    case "StatefulSet":
      return replicas(workload, workload.status?.readyReplicas);
    case "Job":
      return job(workload);
    case "Service":
      return knativeService(workload);
    default:
      return READY;
  }
}

function deployment(workload: Workload): Readiness {
  const progressing = workload.status?.conditions?.find(({ type }) => type === "Progressing");
  const state = replicas(workload, workload.status?.availableReplicas);
  // Slow nodes are no failure: the time of the whole rollout decides.
  if (state.state === "progressing" && progressing?.reason === "ProgressDeadlineExceeded") {
    return { ...state, message: `${state.message}, and no progress any more` };
  }
  return state;
}

function replicas({ metadata, spec, status }: Workload, available = 0): Readiness {
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    return { state: "progressing", message: "its controller has not seen it" };
  }
  const wanted = spec?.replicas ?? 1;
  const { updatedReplicas = 0, replicas: total = 0 } = status ?? {};
  if (updatedReplicas < wanted)
    return { state: "progressing", message: `${updatedReplicas} of ${wanted} pods are new` };
  if (total > updatedReplicas) return { state: "progressing", message: `${total - updatedReplicas} old pods are left` };
  if (available < wanted) return { state: "progressing", message: `${available} of ${wanted} pods are available` };
  return READY;
}

function job({ status }: Workload): Readiness {
  const has = (type: string) => status?.conditions?.find((one) => one.type === type && one.status === "True");
  const failed = has("Failed");
  if (failed !== undefined) return { state: "failed", message: failed.message ?? failed.reason ?? "failed" };
  if (has("Complete") !== undefined) return READY;
  return { state: "progressing", message: `not complete, ${status?.failed ?? 0} failed pods` };
}

function knativeService({ metadata, status }: Workload): Readiness {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0) || ready === undefined) {
    return { state: "progressing", message: "its controller has not seen it" };
  }
  if (ready.status === "True") return READY;
  return { state: "progressing", message: ready.message ?? ready.reason ?? "not ready" };
}

/** Whether a site that is in place serves: one pod of each Deployment is enough, others may come and go. */
export function availabilityOf(workloads: readonly Workload[]): {
  readonly isAvailable: boolean;
  readonly message: string;
} {
  const down = workloads.filter(isDown).map(({ kind, metadata }) => `${kind} ${metadata.name} has no pod that serves`);
  return { isAvailable: down.length === 0, message: down.join("; ") };
}

function isDown({ kind, spec, status }: Workload): boolean {
  if (kind === "Deployment") return (spec?.replicas ?? 1) > 0 && (status?.availableReplicas ?? 0) === 0;
  if (kind !== "Service") return false;
  return status?.conditions?.find(({ type }) => type === "Ready")?.status === "False";
}
