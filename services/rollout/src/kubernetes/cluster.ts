/** As much of a Kubernetes object as the rollout looks at. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly OwnerReference[];
    readonly deletionTimestamp?: string;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
  readonly status?: unknown;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** The kinds that the rollout reads or writes, as the API server's paths name them. */
export const RESOURCES = {
  ConfigMap: { apiVersion: "v1", plural: "configmaps" },
  InferenceService: { apiVersion: "serving.kserve.io/v1beta1", plural: "inferenceservices" },
  HTTPRoute: { apiVersion: "gateway.networking.k8s.io/v1", plural: "httproutes" },
  CronJob: { apiVersion: "batch/v1", plural: "cronjobs" },
  Event: { apiVersion: "events.k8s.io/v1", plural: "events" },
} as const;

export type Kind = keyof typeof RESOURCES;

/** One namespace of a cluster. Whatever is asked of it may fail, and is then asked again by the next run. */
export interface Cluster {
  readonly namespace: string;
  get(kind: Kind, name: string): Promise<KubernetesObject | undefined>;
  /** Those that have the label. */
  list(kind: Kind, label: string): Promise<KubernetesObject[]>;
  /** Fails where there is one of that name. */
  create(object: Record<string, unknown>): Promise<void>;
  /** Fails where `resourceVersion` is not the newest. */
  replace(object: Record<string, unknown>): Promise<void>;
  /** Server-side apply: of the object's fields, the rollout owns these and no others. */
  apply(object: Record<string, unknown>): Promise<void>;
  /** Does nothing where there is none. */
  delete(kind: Kind, name: string): Promise<void>;
}

/** An answer of the API server that is not a success. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}
