import type { Measurement } from "../../../../services/rollout/src/gate";
import type { Prometheus } from "../../../../services/rollout/src/metrics/prometheus";

/** Answers the three questions, whatever they say exactly: the queries themselves are put to the real one elsewhere. */
export class FakePrometheus implements Prometheus {
  readonly asked: string[] = [];
  answer: Measurement | Error = { requests: undefined, errors: 0, latencyP95Seconds: undefined };

  async ask(query: string): Promise<number | undefined> {
    this.asked.push(query);
    if (this.answer instanceof Error) throw this.answer;
    if (query.includes("histogram_quantile")) return this.answer.latencyP95Seconds;
    return query.includes("vector(0)") ? this.answer.errors : this.answer.requests;
  }
}

export const GOOD: Measurement = { requests: 500, errors: 1, latencyP95Seconds: 0.2 };
export const FAILING: Measurement = { requests: 500, errors: 50, latencyP95Seconds: 0.2 };
export const SLOW: Measurement = { requests: 500, errors: 0, latencyP95Seconds: 3 };
export const SILENT: Measurement = { requests: undefined, errors: 0, latencyP95Seconds: undefined };
export const NAN: Measurement = { requests: Number.NaN, errors: 0, latencyP95Seconds: Number.NaN };
export const FEW: Measurement = { requests: 7, errors: 7, latencyP95Seconds: 9 };
