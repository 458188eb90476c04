import type { Subject } from "./subject";

/** The three questions about one subject. Each answers with one number, or with nothing where there is no series. */
export interface Queries {
  /** How many requests there were. */
  readonly requests: string;
  /** How many of them were answered with a 5xx: 0 where no series has any. */
  readonly errors: string;
  /** 95th percentile of their duration, in seconds. */
  readonly latencyP95: string;
}

/** Where requests and durations are counted. */
interface Series {
  readonly requests: string;
  readonly durations: string;
  readonly labels: readonly string[];
  /** Of those that were answered with a 5xx. */
  readonly error: string;
  /** What a duration of 1 is, in seconds. */
  readonly unit: 1 | 0.001;
}

/** Names are those of the programs: DESIGN.md has the source of each. */
function series(namespace: string, subject: Subject): Series {
  switch (subject.metrics) {
    case "knative":
      return {
        requests: "kn_serving_invocation_duration_seconds_count",
        durations: "kn_serving_invocation_duration_seconds_bucket",
        labels: [`namespace="${namespace}"`, `pod=~"${subject.revision}-deployment-.+"`],
        error: 'http_response_status_code=~"5.."',
        unit: 1,
      };
    case "istio":
      return {
        requests: "istio_requests_total",
        durations: "istio_request_duration_milliseconds_bucket",
        labels: [
          'reporter="source"',
          `destination_service_namespace="${namespace}"`,
          `destination_service_name="${subject.service}"`,
        ],
        error: 'response_code=~"5.."',
        unit: 0.001,
      };
    case "contour":
      return {
        requests: "envoy_cluster_upstream_rq_xx",
        durations: "envoy_cluster_upstream_rq_time_bucket",
        labels: [`envoy_cluster_name="${namespace}_${subject.service}_${subject.port}"`],
        error: 'envoy_response_code_class="5"',
        unit: 0.001,
      };
    case "traefik":
      return {
        requests: "traefik_service_requests_total",
        durations: "traefik_service_request_duration_seconds_bucket",
        labels: [`service=~".+-svc-${namespace}-${subject.service}-[0-9]+@kubernetesgateway"`],
        error: 'code=~"5.."',
        unit: 1,
      };
  }
}

/** What to ask Prometheus about the last `seconds`. */
export function queriesFor(namespace: string, subject: Subject, seconds: number): Queries {
  const { requests, durations, labels, error, unit } = series(namespace, subject);
  const select = (metric: string, more: readonly string[] = []) => `${metric}{${[...labels, ...more].join(", ")}}`;
  const quantile = `histogram_quantile(0.95, sum by (le) (${grown(select(durations), seconds)}))`;
  return {
    requests: `sum(${grown(select(requests), seconds)})`,
    errors: `sum(${grown(select(requests, [error]), seconds)}) or vector(0)`,
    latencyP95: unit === 1 ? quantile : `${quantile} * ${unit}`,
  };
}

/**
 * By how much each counter has grown. `increase` begins with a series' first sample, and so does not see what that holds
 * already: of a series that is new in the window, the first value is added. A series with a single sample has no increase.
 */
function grown(selector: string, seconds: number): string {
  const increase = `increase(${selector}[${seconds}s])`;
  const first = `(min_over_time(${selector}[${seconds}s]) unless ${selector} offset ${seconds}s)`;
  return `(${increase} + ${first}) or ${increase} or ${first}`;
}
