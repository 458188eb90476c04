import type { Observation } from "../decide";
import type { Cluster, KubernetesObject } from "../kubernetes/cluster";
import type { Subject } from "../metrics/subject";
import { type Rollout, type Served, wanted } from "../rollout";
import type { State } from "../state";
import { contains, ID_LABEL, inferenceService, type Mode, StateLost, VERSION_LABEL } from "./mode";

type KnativeRollout = Extract<Rollout, { mode: "Knative" }>;

interface Live {
  readonly service?: KubernetesObject;
}

/** As much of `status.components.predictor` as is looked at. */
interface PredictorStatus {
  readonly latestCreatedRevision?: string;
  readonly latestReadyRevision?: string;
  readonly latestRolledoutRevision?: string;
  /** Whether the newest revision has failed: `PredictorConfigurationReady`, which says nothing of what else is routed to. */
  readonly hasFailed: boolean;
  readonly traffic?: readonly {
    readonly revisionName?: string;
    readonly latestRevision?: boolean;
    readonly percent?: number;
  }[];
}

/**
 * One InferenceService, whose revisions share the traffic. `status.observedGeneration` is the Knative Service's, so that a
 * step is in effect can be told from revisions and traffic alone. DESIGN.md has the rules.
 */
export const knative: Mode<Live, KnativeRollout> = {
  async read(cluster: Cluster, { model }): Promise<Live> {
    return { service: await cluster.get("InferenceService", model) };
  },

  adopt({ service }, rollout): Served | undefined {
    if (service === undefined) return undefined;
    const { canaryTrafficPercent, ...predictor } = predictorOf(service);
    if (canaryTrafficPercent !== undefined) {
      const remedy = "remove canaryTrafficPercent once the latest revision is the right one";
      throw new StateLost(`InferenceService ${rollout.model} shares its traffic`, remedy);
    }
    const next = wanted(rollout);
    const { labels = {}, annotations = {} } = service.metadata;
    const id = labels[ID_LABEL];
    if (id === next.id || (id === undefined && contains(service.spec, next.spec))) return next;
    const mode = annotations["serving.kserve.io/deploymentMode"];
    return {
      id: id ?? "adopted",
      version: labels[VERSION_LABEL] ?? "adopted",
      metadata: { labels: {}, annotations: mode === undefined ? {} : { "serving.kserve.io/deploymentMode": mode } },
      spec: { ...(service.spec as object), predictor },
    };
  },

  observe({ service }, _, state): Observation {
    const status = statusOf(service);
    const waitingFor = waiting(service, status, state);
    return {
      settled: waitingFor === undefined,
      waitingFor,
      latestCreatedRevision: status.latestCreatedRevision,
      stuck: stuck(status),
    };
  },

  subject({ service }, _, state): Subject | undefined {
    const { latestCreatedRevision: revision } = statusOf(service);
    const isCandidates = state.phase === "Progressing" && revision !== undefined && revision !== state.revision;
    return isCandidates ? { metrics: "knative", revision } : undefined;
  },

  objects({ service }, { model }, state) {
    switch (state.phase) {
      case "Idle": {
        const idle = inferenceService(model, model, state.stable);
        if (service === undefined || predictorOf(service).canaryTrafficPercent === undefined) return [idle];
        // What somebody else has set goes only after it was taken from them; 100 means the same as none.
        return [inferenceService(model, model, state.stable, 100), idle];
      }
      case "Progressing":
        return [inferenceService(model, model, state.candidate, state.percent)];
      case "Withdrawing":
        return [inferenceService(model, model, state.candidate, 0)];
      case "Restoring":
        return [inferenceService(model, model, state.stable, state.percent)];
    }
  },

  obsolete: () => [],
};

/** What the state still waits for, if anything. */
function waiting(service: KubernetesObject | undefined, status: PredictorStatus, state: State): string | undefined {
  if (service === undefined) return "the InferenceService";
  const { latestCreatedRevision: created, latestReadyRevision: ready, traffic = [] } = status;
  const served = state.phase === "Idle" || state.phase === "Restoring" ? state.stable : state.candidate;
  const percent = percentOf(state);
  if (service.metadata.labels?.[ID_LABEL] !== served.id) return "the manifest to be applied";
  if (predictorOf(service).canaryTrafficPercent !== percent) return "the percentage to be applied";
  const latest = traffic.find(({ latestRevision }) => latestRevision === true);
  if ((latest?.percent ?? 0) !== (percent ?? 100)) return `${percent ?? 100} percent for the latest revision`;
  switch (state.phase) {
    case "Idle":
      break;
    case "Progressing":
      if (created === state.revision) return "a revision of the candidate";
      break;
    case "Withdrawing":
      if (created === state.revision) return "a revision of the candidate";
      // At 100 percent KServe first splits the traffic between the candidate and itself, and only then goes back.
      return traffic.some(({ revisionName, percent: share = 0 }) => revisionName === created && share > 0)
        ? "the candidate to lose its traffic"
        : undefined;
    case "Restoring":
      if (created === state.withdrawnRevision) return "a revision of the stable version";
      break;
  }
  if (created === undefined || ready !== created) return `revision ${created ?? "?"} to be ready`;
  if (latest?.revisionName !== created) return `revision ${created} to get its traffic`;
  // Knative goes on to call it the latest ready one.
  if (state.phase === "Progressing" && status.hasFailed) return `revision ${created} to be ready again`;
  if (state.phase === "Idle" && status.latestRolledoutRevision !== created)
    return `revision ${created} to be rolled out`;
  return undefined;
}

/**
 * Knative changes nothing of a route as long as a revision in it is not ready, and the latest ready one stays what it is
 * until a newer one is ready: no share can be taken from a revision that was ready once and has failed.
 * https://github.com/knative/serving/blob/knative-v1.23.0/pkg/reconciler/route/traffic/traffic.go
 */
function stuck({ latestCreatedRevision: created, ...status }: PredictorStatus): Observation["stuck"] {
  if (!status.hasFailed || created === undefined || status.latestReadyRevision !== created) return undefined;
  return status.latestRolledoutRevision === created ? "all" : "share";
}

function percentOf(state: State): number | undefined {
  switch (state.phase) {
    case "Idle":
      return undefined;
    case "Withdrawing":
      return 0;
    default:
      return state.percent;
  }
}

function predictorOf(service: KubernetesObject): Record<string, unknown> & { canaryTrafficPercent?: number } {
  return (service.spec as { predictor?: Record<string, unknown> } | undefined)?.predictor ?? {};
}

function statusOf(service: KubernetesObject | undefined): PredictorStatus {
  const { components, conditions = [] } = (service?.status ?? {}) as {
    components?: { predictor?: Omit<PredictorStatus, "hasFailed"> };
    conditions?: { type: string; status: string }[];
  };
  const hasFailed = conditions.some(({ type, status }) => type === "PredictorConfigurationReady" && status === "False");
  return { ...components?.predictor, hasFailed };
}
