import type { Observation } from "../decide";
import type { Cluster, KubernetesObject } from "../kubernetes/cluster";
import type { Subject } from "../metrics/subject";
import { MODEL_LABEL, type Rollout, type Served, wanted } from "../rollout";
import type { State } from "../state";
import { contains, ID_LABEL, inferenceService, type Mode, StateLost, VERSION_LABEL } from "./mode";

type StandardRollout = Extract<Rollout, { mode: "Standard" }>;

interface Live {
  readonly services: readonly KubernetesObject[];
  readonly route?: KubernetesObject;
}

interface Backend {
  readonly name: string;
  readonly weight?: number;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly observedGeneration?: number;
}

/** An InferenceService for each version that serves, and an HTTPRoute whose weights share the traffic between them. */
export const standard: Mode<Live, StandardRollout> = {
  async read(cluster: Cluster, { model }): Promise<Live> {
    const services = await cluster.list("InferenceService", `${MODEL_LABEL}=${model}`);
    return { services, route: await cluster.get("HTTPRoute", model) };
  },

  adopt({ services, route }, rollout): Served | undefined {
    if (route === undefined) return undefined;
    const serving = backendsOf(route).filter(({ weight = 1 }) => weight > 0);
    const name = serving.length === 1 ? serving[0]?.name : undefined;
    const service = services.find((one) => predictorName(one.metadata.name) === name);
    const id = service?.metadata.labels?.[ID_LABEL];
    if (service === undefined || id === undefined) {
      const remedy = "give all weight to one version, or delete the route for a new beginning";
      throw new StateLost(`HTTPRoute ${rollout.model} shares its traffic`, remedy);
    }
    const next = wanted(rollout);
    if (id === next.id) return next;
    const { labels = {}, annotations = {} } = service.metadata;
    return {
      id,
      version: labels[VERSION_LABEL] ?? "adopted",
      metadata: { labels: {}, annotations: { ...annotations } },
      spec: service.spec as Served["spec"],
    };
  },

  observe(live, rollout, state): Observation {
    const waitingFor = waiting(live, rollout, state);
    return { settled: waitingFor === undefined, waitingFor };
  },

  subject(_, { model, route }, state): Subject | undefined {
    if (state.phase !== "Progressing") return undefined;
    return { metrics: route.metrics, service: predictorName(serviceName(model, state.candidate)), port: PORT };
  },

  objects(_, rollout, state) {
    const { model } = rollout;
    const services = servedBy(state).map((served) => inferenceService(serviceName(model, served), model, served));
    return [...services, httpRoute(rollout, state)];
  },

  obsolete(live, rollout, state) {
    // Only when the route has been seen without them.
    if (state.phase !== "Idle" || routeWaiting(live.route, rollout, state) !== undefined) return [];
    const kept = serviceName(rollout.model, state.stable);
    return live.services
      .filter(({ metadata }) => metadata.name !== kept && metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => ({ kind: "InferenceService", name: metadata.name }));
  },
};

/** Of KServe's Service: constants.CommonDefaultHttpPort. */
const PORT = 80;

/** KServe's name for the Service of an InferenceService: constants.PredictorServiceName. */
const predictorName = (service: string) => `${service}-predictor`;

/** A name for each manifest: `bert-v1-3-0-1f2e3d`. Host names that KServe makes of it and the namespace end at 63. */
const serviceName = (model: string, { version, id }: Served) =>
  `${`${model}-${version.replaceAll(".", "-")}`.slice(0, 36).replace(/-+$/, "")}-${id.slice(0, 6)}`;

function servedBy(state: State): Served[] {
  return "candidate" in state ? [state.stable, state.candidate] : [state.stable];
}

function httpRoute({ model, route }: StandardRollout, state: State) {
  const percent = state.phase === "Progressing" ? state.percent : 0;
  const backend = (served: Served, weight: number) => ({
    group: "",
    kind: "Service",
    name: predictorName(serviceName(model, served)),
    port: PORT,
    weight,
  });
  const backendRefs = [backend(state.stable, 100 - percent)];
  if ("candidate" in state) backendRefs.push(backend(state.candidate, percent));
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: model, labels: { "app.kubernetes.io/managed-by": "model-rollout", [MODEL_LABEL]: model } },
    spec: {
      parentRefs: route.parentRefs,
      ...(route.hostnames.length === 0 ? {} : { hostnames: route.hostnames }),
      rules: [{ backendRefs }],
    },
  };
}

/** What the state still waits for, if anything. */
function waiting({ services, route }: Live, rollout: StandardRollout, state: State): string | undefined {
  const { model } = rollout;
  // Whether the stable version is ready now matters only until it has been once: a new one may be what mends it.
  const needed = state.phase === "Progressing" ? [state.candidate] : state.proven ? [] : [state.stable];
  for (const served of needed) {
    const name = serviceName(model, served);
    const service = services.find(({ metadata }) => metadata.name === name);
    if (!isTrue("Ready", conditionsOf(service?.status))) return `InferenceService ${name} to be ready`;
  }
  return routeWaiting(route, rollout, state);
}

function routeWaiting(route: KubernetesObject | undefined, rollout: StandardRollout, state: State): string | undefined {
  if (route === undefined || !contains(route.spec, httpRoute(rollout, state).spec)) return "the weights to be applied";
  const { parents = [] } = (route.status ?? {}) as { parents?: { conditions?: Condition[] }[] };
  const followed = ({ conditions = [] }: { conditions?: Condition[] }) => {
    const current = conditions.filter(({ observedGeneration }) => observedGeneration === route.metadata.generation);
    return isTrue("Accepted", current) && isTrue("ResolvedRefs", current);
  };
  return parents.length > 0 && parents.every(followed) ? undefined : "the gateway to follow the route";
}

const isTrue = (type: string, conditions: readonly Condition[]) =>
  conditions.some((condition) => condition.type === type && condition.status === "True");

const conditionsOf = (status: unknown) => ((status ?? {}) as { conditions?: Condition[] }).conditions ?? [];

function backendsOf(route: KubernetesObject): Backend[] {
  const { rules = [] } = (route.spec ?? {}) as { rules?: { backendRefs?: Backend[] }[] };
  return rules.flatMap(({ backendRefs = [] }) => backendRefs);
}
