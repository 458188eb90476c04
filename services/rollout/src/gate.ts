import type { NoAnswer, Prometheus } from "./metrics/prometheus";
import { queriesFor } from "./metrics/queries";
import type { Subject } from "./metrics/subject";
import type { Policy } from "./rollout";
import type { GateAnswer } from "./state";

/** What Prometheus knows of a candidate's requests; undefined where it has no series. */
export interface Measurement {
  readonly requests: number | undefined;
  readonly errors: number | undefined;
  readonly latencyP95Seconds: number | undefined;
}

/**
 * Asks about the time since `from` and judges. Whatever goes wrong in asking is an answer as well: `unknown`, on which
 * nothing is promoted and nothing rolled back.
 */
export async function askGate(
  prometheus: Prometheus,
  question: { readonly namespace: string; readonly subject: Subject; readonly from: Date; readonly now: Date },
  policy: Policy,
): Promise<GateAnswer> {
  const { namespace, subject, from, now } = question;
  const seconds = Math.max(1, Math.floor((now.getTime() - from.getTime()) / 1000));
  const queries = queriesFor(namespace, subject, seconds);
  const at = now.toISOString();
  try {
    const [requests, errors, latencyP95Seconds] = await Promise.all([
      prometheus.ask(queries.requests, now),
      prometheus.ask(queries.errors, now),
      prometheus.ask(queries.latencyP95, now),
    ]);
    return { at, ...judge({ requests, errors, latencyP95Seconds }, policy) };
  } catch (error) {
    return { at, verdict: "unknown", reason: `Prometheus: ${(error as NoAnswer).message}` };
  }
}

/** Whether the requests were answered as the policy asks. Pure. */
export function judge(measurement: Measurement, policy: Policy): Omit<GateAnswer, "at"> {
  const { requests, errors, latencyP95Seconds } = measurement;
  if (!isNumber(requests)) return { verdict: "unknown", reason: "no requests are counted" };
  if (requests < policy.minimumSamples) {
    const reason = `${round(requests)} requests, ${policy.minimumSamples} are needed`;
    return { verdict: "unknown", reason, requests };
  }
  if (!isNumber(errors)) return { verdict: "unknown", reason: "no errors are counted", requests };
  const errorRate = errors / requests;
  const latency = isNumber(latencyP95Seconds) ? { latencyP95Seconds } : {};
  const seen = { requests, errorRate, ...latency };
  if (errorRate > policy.maximumErrorRate) {
    const reason = `${percent(errorRate)} of ${round(requests)} requests failed, at most ${percent(policy.maximumErrorRate)} may`;
    return { verdict: "breach", reason, ...seen };
  }
  if (!isNumber(latencyP95Seconds)) return { verdict: "unknown", reason: "no durations are counted", ...seen };
  const limit = policy.maximumLatencyP95Seconds;
  if (latencyP95Seconds > limit) {
    const reason = `95th percentile of ${round(requests)} requests is ${round(latencyP95Seconds)} s, at most ${limit} s`;
    return { verdict: "breach", reason, ...seen };
  }
  return { verdict: "good", reason: `${round(requests)} requests within limits`, ...seen };
}

/** Neither missing nor NaN nor infinite. */
const isNumber = (value: number | undefined): value is number => Number.isFinite(value);
const round = (value: number) => Math.round(value * 100) / 100;
const percent = (share: number) => `${round(share * 100)} %`;
