import { z } from "zod";

/** Prometheus gave no usable answer. Nothing follows from that but that one must wait. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** Answers an instant query with one number: NaN is one, and undefined means that no series matches. */
export interface Prometheus {
  ask(query: string, at: Date): Promise<number | undefined>;
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview */
const answerSchema = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    warnings: z.array(z.string()).optional(),
    data: z.object({
      resultType: z.literal("vector"),
      result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })).max(1),
    }),
  }),
  z.object({ status: z.literal("error"), errorType: z.string(), error: z.string() }),
]);

export interface PrometheusServerOptions {
  /** `http://` or `https://` address, with the path under which its API is, if any. */
  readonly url: string;
  /** Milliseconds without an answer after which a question fails. @default 15000 */
  readonly timeout?: number;
}

/** The HTTP API of Prometheus, or of whatever speaks it. */
export class PrometheusServer implements Prometheus {
  constructor(private readonly options: PrometheusServerOptions) {}

  async ask(query: string, at: Date): Promise<number | undefined> {
    const answer = answerSchema.safeParse(await this.post(query, at));
    if (!answer.success) throw new NoAnswer(`not an answer of Prometheus: ${z.prettifyError(answer.error)}`);
    if (answer.data.status === "error") throw new NoAnswer(`${answer.data.errorType}: ${answer.data.error}`);
    // A store behind it did not answer: what is missing may be the errors.
    const { warnings = [], data } = answer.data;
    if (warnings.length > 0) throw new NoAnswer(`a partial answer: ${warnings.join("; ")}`);
    return toNumber(data.result[0]?.value[1]);
  }

  private async post(query: string, at: Date): Promise<unknown> {
    const { url, timeout = 15_000 } = this.options;
    try {
      const response = await fetch(`${url.replace(/\/$/, "")}/api/v1/query`, {
        method: "POST",
        body: new URLSearchParams({ query, time: (at.getTime() / 1000).toFixed(3) }),
        signal: AbortSignal.timeout(timeout),
      });
      return await response.json();
    } catch (error) {
      const { message, cause } = error as Error;
      throw new NoAnswer(cause instanceof Error ? `${message}: ${cause.message}` : message);
    }
  }
}

/** Prometheus writes `NaN`, `+Inf` and `-Inf` as texts: https://prometheus.io/docs/prometheus/latest/querying/api/ */
function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text.replace(/^([+-]?)Inf$/, "$1Infinity"));
}
