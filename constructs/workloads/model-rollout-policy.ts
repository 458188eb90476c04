/** When a new version of a model gets more of the traffic, for whoever serves it. Nothing in here makes a resource. */
import type { Fault } from "../core/errors";

export interface ModelRolloutPolicy {
  /** Shares of the traffic, in percent, rising to 100. @default 10, 25, 50, 100 */
  readonly steps?: readonly number[];
  /** Minutes that each share is kept at least. @default 10 */
  readonly holdMinutes?: number;
  /** Share of the requests that may be answered with a 5xx, from 0 to 1. @default 0.01 */
  readonly maximumErrorRate?: number;
  /** 95th percentile of a request's duration, in seconds. */
  readonly maximumLatencyP95Seconds: number;
  /** Requests without which nothing is decided. @default 100 */
  readonly minimumSamples?: number;
  /** Minutes that a version may take to become ready, then or again, and a share to take effect. @default 60 */
  readonly deadlineMinutes?: number;
  /** Shares the traffic of a model that is not a Knative Service. @default none, as Knative does it by itself */
  readonly gateway?: ModelRolloutGateway;
}

/** A Gateway of the Gateway API, which routes to a model's versions by weight and counts their requests. */
export interface ModelRolloutGateway {
  readonly name: string;
  readonly namespace: string;
  /** Host name under which the gateway answers for the model: callers ask for it. */
  readonly hostname: string;
  /** What runs the gateway, and whose metrics count the requests. */
  readonly implementation: "istio" | "contour" | "traefik";
}

/**
 * Largest finite bucket of the histogram in which each of them counts durations, in seconds: beyond it no percentile is known.
 * https://github.com/knative/serving/blob/knative-v1.23.0/pkg/queue/request_metric.go,
 * https://github.com/traefik/traefik/blob/v3.7.9/pkg/observability/types/metrics.go, and Envoy's own for the others.
 */
const LARGEST_BUCKET_SECONDS = { knative: 10, istio: 3600, contour: 3600, traefik: 5 } as const;

/** What cannot work, with paths such as `rollout.steps`. */
export function rolloutFaults(
  policy: ModelRolloutPolicy,
  { deploymentMode, hasPrometheus }: { deploymentMode: "knative" | "standard"; hasPrometheus: boolean },
): Fault[] {
  const { steps, maximumLatencyP95Seconds: latency, gateway } = policy;
  const faults: Fault[] = [];
  const refuse = (path: string, given: unknown, allowed: string, remedy: string) =>
    faults.push({ path: `rollout.${path}`, given, allowed, remedy });
  if (steps !== undefined && !riseTo100(steps)) {
    refuse("steps", steps, "whole percentages from 1 that rise to 100", "correct the steps");
  }
  if (!hasPrometheus) {
    refuse("maximumLatencyP95Seconds", latency, "with a Prometheus that counts requests", "turn monitoring on");
  }
  if (deploymentMode === "standard" && gateway === undefined) {
    const allowed = "a gateway of the Gateway API in mode standard: KServe itself splits no traffic there";
    refuse("gateway", undefined, allowed, "name the gateway, leave rollout out, or serve the model on Knative");
  } else if (deploymentMode === "knative" && gateway !== undefined) {
    refuse("gateway", gateway.name, "nothing in mode knative, which splits the traffic itself", "leave gateway out");
  }
  const largest = LARGEST_BUCKET_SECONDS[gateway?.implementation ?? "knative"];
  if (!(latency > 0 && latency < largest)) {
    const allowed = `more than 0 and less than ${largest} seconds: the histogram of ${gateway?.implementation ?? "Knative"} ends there`;
    refuse("maximumLatencyP95Seconds", latency, allowed, "lower the limit");
  }
  return faults;
}

/** `policy` of `rollout.json`, in the words of services/rollout. */
export function rolloutPolicyValues(policy: ModelRolloutPolicy) {
  return {
    steps: [...(policy.steps ?? [10, 25, 50, 100])],
    holdSeconds: Math.round((policy.holdMinutes ?? 10) * 60),
    maximumErrorRate: policy.maximumErrorRate ?? 0.01,
    maximumLatencyP95Seconds: policy.maximumLatencyP95Seconds,
    minimumSamples: policy.minimumSamples ?? 100,
    deadlineSeconds: Math.round((policy.deadlineMinutes ?? 60) * 60),
  };
}

/** `route` of `rollout.json`, in mode Standard. */
export function rolloutRouteValues({ name, namespace, hostname, implementation }: ModelRolloutGateway) {
  return { parentRefs: [{ name, namespace }], hostnames: [hostname], metrics: implementation };
}

function riseTo100(steps: readonly number[]): boolean {
  const rises = steps.every((step, index) => Number.isInteger(step) && step > (steps[index - 1] ?? 0));
  return rises && steps.at(-1) === 100;
}
