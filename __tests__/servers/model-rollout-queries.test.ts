/** What the gate of a rollout asks, as Prometheus evaluates it. `promtool` is in Debian's package `prometheus`. */
import { type Queries, queriesFor } from "../../services/rollout/src/metrics/queries";
import type { Subject } from "../../services/rollout/src/metrics/subject";
import { describeWithPromtool, Rules, type Series } from "./support/promtool";

/** Ten minutes, which end 20 minutes after the beginning of all series; a sample a minute. */
const SECONDS = 600;
const AT = "20m";

const revision = "bert-predictor-00002";
const pod = (name: string, more = "", of = "x7k2p") =>
  `kn_serving_invocation_duration_seconds_${name}{namespace="models", pod="${revision}-deployment-6f9c-${of}"${more}}`;
const code = (status: number) => `, http_response_status_code="${status}"`;

const prometheus = new Rules("groups: []");
const knative = queriesFor("models", { metrics: "knative", revision }, SECONDS);

/** What a query answers: one number, or nothing. */
function expectAnswer(series: Series, query: string, value: number | undefined): void {
  const expected = value === undefined ? [] : [{ labels: "{}", value }];
  expect(prometheus.evaluate(series, query, AT, expected)).toBe("as expected");
}

const constant = (value: number) => `${value}x40`;

describeWithPromtool("the gate's queries", () => {
  test("requests of all answers and pods of the revision count, and of no other", () => {
    const series = {
      [pod("count", code(200))]: "0+10x40",
      [pod("count", code(500))]: "0+1x40",
      [pod("count", code(200), "9q4mz")]: "0+5x40",
      [pod("count", code(200)).replace("00002", "00001")]: "0+100x40",
      [pod("count", code(200)).replace("models", "others")]: "0+100x40",
    };
    expectAnswer(series, knative.requests, 160);
    expectAnswer(series, knative.errors, 10);
  });

  test("no 5xx at all is 0 errors, and no series at all is no requests", () => {
    expectAnswer({ [pod("count", code(200))]: "0+10x40" }, knative.errors, 0);
    expectAnswer({}, knative.errors, 0);
    expectAnswer({}, knative.requests, undefined);
    expectAnswer({}, knative.latencyP95, undefined);
  });

  test("a revision without a request in the window has 0 requests, and a percentile that is NaN", () => {
    const series = { [pod("count", code(200))]: constant(50), [pod("bucket", ', le="+Inf"')]: constant(50) };
    expectAnswer(series, knative.requests, 0);
    // Nothing else differs from itself.
    expectAnswer(series, `(${knative.latencyP95}) != bool (${knative.latencyP95})`, 1);
  });

  test("a counter that begins anew loses nothing", () => {
    // 140 by the 14th minute; the pod restarts; 60 in the six minutes after it. 10 to 20 is the window.
    const series = { [pod("count", code(200))]: "0+10x14 10+10x25" };
    expectAnswer(series, knative.requests, 100);
  });

  test("the first errors of a revision count, which increase alone does not see", () => {
    // A burst between two scrapes: the series appears with 30, and stays there.
    const series = { [pod("count", code(200))]: "0+10x40", [pod("count", code(503))]: "_x14 30x25" };
    expectAnswer(series, knative.errors, 30);
    const [, increase] = /sum\(.* or (increase\(.*?\)) or/.exec(knative.errors) ?? [];
    expectAnswer(series, `sum(${increase})`, 0);
  });

  test("a series with a single sample counts", () => {
    expectAnswer({ [pod("count", code(200))]: "_x19 7" }, knative.requests, 7);
  });

  test("what was counted before the window does not count again", () => {
    const series = { [pod("count", code(500))]: constant(1000), [pod("count", code(200))]: "0+10x40" };
    expectAnswer(series, knative.errors, 0);
  });

  test("a pod that is gone by now still counts", () => {
    const series = { [pod("count", code(500))]: "_x11 0+10x3 stale" };
    // Half an interval is added to where it ends.
    expectAnswer(series, knative.errors, 35);
  });

  test("the percentile is that of all pods together, and of new series as well", () => {
    const buckets = (of: string, fast: string, all: string) => ({
      [pod("bucket", ', le="0.5"', of)]: fast,
      [pod("bucket", ', le="1"', of)]: all,
      [pod("bucket", ', le="+Inf"', of)]: all,
    });
    // 900 of 1000 within 0.5 s: the 95th percentile is halfway between 0.5 and 1.
    const series = { ...buckets("a", "0+90x40", "0+90x40"), ...buckets("b", "_x15 0x25", "_x15 100x25") };
    expectAnswer(series, knative.latencyP95, 0.75);
  });

  test.each<[string, Subject, Series]>([
    [
      "Istio's gateway",
      { metrics: "istio", service: "bert-v1-predictor", port: 80 },
      istio('reporter="source", destination_service_name="bert-v1-predictor", destination_service_namespace="models"'),
    ],
    [
      "Contour's Envoy",
      { metrics: "contour", service: "bert-v1-predictor", port: 80 },
      contour('envoy_cluster_name="models_bert-v1-predictor_80"'),
    ],
    [
      "Traefik",
      { metrics: "traefik", service: "bert-v1-predictor", port: 80 },
      traefik("httproute-models-bert-gw-gateways-main-ep-web-0-svc-models-bert-v1-predictor-1@kubernetesgateway"),
    ],
  ])("%s: requests, errors and seconds", (_, subject, series) => {
    const queries: Queries = queriesFor("models", subject, SECONDS);
    expectAnswer(series, queries.requests, 100);
    expectAnswer(series, queries.errors, 10);
    expectAnswer(series, queries.latencyP95, 0.975);
  });
});

/** Nine requests a minute that are answered, one that is not; all of them between 0.5 and 1 s. */
function istio(labels: string): Series {
  const { requests, durations } = {
    requests: "istio_requests_total",
    durations: "istio_request_duration_milliseconds",
  };
  return {
    [`${requests}{${labels}, response_code="200"}`]: "0+9x40",
    [`${requests}{${labels}, response_code="503"}`]: "0+1x40",
    [`${requests}{${labels.replace("source", "destination")}, response_code="503"}`]: "0+1x40",
    [`${durations}_bucket{${labels}, le="500"}`]: constant(0),
    [`${durations}_bucket{${labels}, le="1000"}`]: "0+10x40",
    [`${durations}_bucket{${labels}, le="+Inf"}`]: "0+10x40",
  };
}

function contour(labels: string): Series {
  return {
    [`envoy_cluster_upstream_rq_xx{${labels}, envoy_response_code_class="2"}`]: "0+9x40",
    [`envoy_cluster_upstream_rq_xx{${labels}, envoy_response_code_class="5"}`]: "0+1x40",
    [`envoy_cluster_upstream_rq_time_bucket{${labels}, le="500"}`]: constant(0),
    [`envoy_cluster_upstream_rq_time_bucket{${labels}, le="1000"}`]: "0+10x40",
    [`envoy_cluster_upstream_rq_time_bucket{${labels}, le="+Inf"}`]: "0+10x40",
  };
}

function traefik(service: string): Series {
  const durations = "traefik_service_request_duration_seconds_bucket";
  return {
    [`traefik_service_requests_total{service="${service}", code="200"}`]: "0+9x40",
    [`traefik_service_requests_total{service="${service}", code="500"}`]: "0+1x40",
    [`traefik_service_requests_total{service="${service.replace("-v1-", "-v2-")}", code="500"}`]: "0+1x40",
    [`${durations}{service="${service}", le="0.5"}`]: constant(0),
    [`${durations}{service="${service}", le="1"}`]: "0+10x40",
    [`${durations}{service="${service}", le="+Inf"}`]: "0+10x40",
  };
}
