import type { KubeObject } from "../api-server/object";
import type { Resources } from "../api-server/resources";
import { CRON_JOB, JOB, SNAPSHOT_LABEL, type Workload } from "./readiness";

/** Milliseconds between two looks at one. */
export const SNAPSHOT_AGAIN = 5_000;

/** A snapshot that must exist before something else is done. */
export interface SnapshotRequest {
  /** Whose snapshot it is: it goes with its owner. */
  readonly owner: KubeObject;
  readonly cronJob: string;
  /** The same for the same purpose: it is made once, whoever asks how often. */
  readonly job: string;
}

export type SnapshotState =
  | { readonly state: "done" | "running"; readonly message: string }
  | { readonly state: "failed"; readonly message: string };

interface CronJob extends KubeObject {
  readonly spec: {
    readonly jobTemplate: { readonly metadata?: Partial<KubeObject["metadata"]>; readonly spec: unknown };
  };
}

/** Makes the Job from its CronJob where it is not there, and says how far it is. */
export async function ensureSnapshot(resources: Resources, request: SnapshotRequest): Promise<SnapshotState> {
  const { owner, job } = request;
  const { namespace = "" } = owner.metadata;
  const known = await resources.get<Workload>(JOB, namespace, job);
  if (known !== undefined) return stateOf(known);
  const cronJob = await resources.get<CronJob>(CRON_JOB, namespace, request.cronJob);
  if (cronJob === undefined) {
    return { state: "failed", message: `there is no CronJob ${request.cronJob}: correct spec.snapshot.cronJob` };
  }
  await resources.create(JOB, jobOf(cronJob, request));
  return { state: "running", message: `Job ${job} makes a snapshot` };
}

function jobOf({ spec }: CronJob, { owner, job }: SnapshotRequest): KubeObject {
  const { metadata, spec: jobSpec } = spec.jobTemplate;
  const { apiVersion, kind, metadata: of } = owner;
  const reference = { apiVersion, kind, name: of.name, uid: of.uid };
  return {
    apiVersion: JOB.apiVersion,
    kind: JOB.kind,
    metadata: {
      name: job,
      namespace: of.namespace,
      labels: { ...metadata?.labels, [SNAPSHOT_LABEL]: of.name },
      annotations: { ...metadata?.annotations, "cronjob.kubernetes.io/instantiate": "manual" },
      ownerReferences: [reference],
    },
    spec: jobSpec,
  } as KubeObject;
}

function stateOf({ metadata, status }: Workload): SnapshotState {
  const has = (type: string) => status?.conditions?.find((one) => one.type === type && one.status === "True");
  const failed = has("Failed");
  if (failed !== undefined) {
    const remedy = `look at its log, mend the cause, and delete the Job ${metadata.name} to try again`;
    return { state: "failed", message: `${failed.message ?? failed.reason}: ${remedy}` };
  }
  if (has("Complete") !== undefined) return { state: "done", message: `Job ${metadata.name} made a snapshot` };
  return { state: "running", message: `Job ${metadata.name} makes a snapshot` };
}
