import type { Observation } from "../decide";
import type { Cluster, Kind, OwnerReference } from "../kubernetes/cluster";
import type { Subject } from "../metrics/subject";
import { MODEL_LABEL, type Rollout, type Served } from "../rollout";
import type { State } from "../state";

/** What one way of serving means in Kubernetes objects. `Live` is what it reads of them. */
export interface Mode<Live, R extends Rollout = Rollout> {
  read(cluster: Cluster, rollout: R): Promise<Live>;
  /** What is served already although there is no state. Throws `StateLost` where that cannot be told. */
  adopt(live: Live, rollout: R): Served | undefined;
  observe(live: Live, rollout: R, state: State): Observation;
  /** Whose requests decide about a candidate. */
  subject(live: Live, rollout: R, state: State): Subject | undefined;
  /** The objects that follow from the state, in the order in which they are applied. */
  objects(live: Live, rollout: R, state: State): Record<string, unknown>[];
  /** What is no longer part of the state, and can go. */
  obsolete(live: Live, rollout: R, state: State): { kind: Kind; name: string }[];
}

/** The state is gone in the middle of a rollout: which version is the good one, only a person knows. */
export class StateLost extends Error {
  override readonly name = "StateLost";

  constructor(what: string, remedy: string) {
    super(`${what}, but the rollout's state is gone: ${remedy}`);
  }
}

export const ID_LABEL = "moodleplatform.io/rollout-id";
export const VERSION_LABEL = "moodleplatform.io/model-version";

/**
 * The InferenceService of a version. KServe copies labels to the revision's template, so that each manifest makes a
 * revision, and returning to an earlier one makes another.
 */
export function inferenceService(name: string, model: string, served: Served, percent?: number) {
  const { metadata, spec } = served;
  const predictor = percent === undefined ? spec.predictor : { ...spec.predictor, canaryTrafficPercent: percent };
  return {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: {
      name,
      annotations: metadata.annotations,
      labels: {
        ...metadata.labels,
        "app.kubernetes.io/managed-by": "model-rollout",
        [MODEL_LABEL]: model,
        [VERSION_LABEL]: served.version,
        [ID_LABEL]: served.id,
      },
    },
    spec: { ...spec, predictor },
  };
}

/** With the model's ConfigMap as owner: what the rollout made is gone when that is. */
export function owned(object: Record<string, unknown>, owner: OwnerReference): Record<string, unknown> {
  return { ...object, metadata: { ...(object.metadata as object), ownerReferences: [owner] } };
}

/** Whether everything in `part` is in `whole` as well: an API server adds defaults to what it is given. */
export function contains(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) && whole.length === part.length && part.every((entry, at) => contains(whole[at], entry))
    );
  }
  if (typeof part !== "object" || part === null) return whole === part;
  if (typeof whole !== "object" || whole === null) return false;
  return Object.entries(part).every(([key, value]) => contains((whole as Record<string, unknown>)[key], value));
}
