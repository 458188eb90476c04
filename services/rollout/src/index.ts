/** The rollout as a library: one run for one model, in whatever process watches the models. */
export type { Cluster, Kind, KubernetesObject } from "./kubernetes/cluster";
export { Log } from "./log";
export { NoAnswer, type Prometheus, PrometheusServer } from "./metrics/prometheus";
export { reconcile, type Surroundings } from "./reconcile";
export { type Policy, policySchema, type Rollout, rolloutSchema } from "./rollout";
export type { Phase, State } from "./state";
export { policyName, ROLLOUT_LABEL, stateName } from "./store";
