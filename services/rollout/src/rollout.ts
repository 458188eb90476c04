import { createHash } from "node:crypto";
import { z } from "zod";

/** Label of what belongs to a model, with the model's name. */
export const MODEL_LABEL = "moodleplatform.io/model";

const text = z.string().min(1);
const texts = z.record(z.string(), z.string());

/**
 * When a candidate gets its next share of the traffic, and when it loses all of it. Lengths of time are in seconds; the
 * program runs every minute, so shorter ones mean "in the next run".
 */
export const policySchema = z.strictObject({
  steps: z
    .array(z.int().min(1).max(100))
    .refine((steps) => steps.at(-1) === 100 && steps.every((step, index) => step > (steps[index - 1] ?? 0)), {
      error: "percentages that rise to 100",
    })
    .describe("Shares of the traffic, in percent, one after the other."),
  holdSeconds: z.int().min(0).describe("How long each share is kept at least."),
  maximumErrorRate: z.number().min(0).max(1).describe("Share of requests that may be answered with a 5xx."),
  maximumLatencyP95Seconds: z.number().positive().describe("95th percentile of a request's duration."),
  minimumSamples: z.int().min(1).describe("Requests without which nothing is decided."),
  deadlineSeconds: z
    .int()
    .min(1)
    .describe("How long a candidate may take to become ready, and a step to take effect, or to be so again."),
});

/** The policy of a rollout. */
export type Policy = z.output<typeof policySchema>;

const manifest = {
  metadata: z
    .strictObject({ labels: texts.default({}), annotations: texts.default({}) })
    .default({ labels: {}, annotations: {} })
    .describe("Labels and annotations of the InferenceService."),
  spec: z
    .looseObject({ predictor: z.looseObject({ canaryTrafficPercent: z.never().optional() }) })
    .describe("Specification of the InferenceService, without `canaryTrafficPercent`."),
};

/** Where requests are counted in mode Standard: in the gateway, by whose metrics. */
export const GATEWAY_METRICS = ["istio", "contour", "traefik"] as const;

const route = z.strictObject({
  parentRefs: z
    .array(z.looseObject({ name: text }))
    .min(1)
    .describe("Gateways of the HTTPRoute."),
  hostnames: z.array(text).default([]).describe("Host names of the HTTPRoute."),
  metrics: z.enum(GATEWAY_METRICS).describe("The gateway's implementation, whose metrics count the requests."),
});

const common = {
  model: z
    .string()
    .regex(/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/, "1 to 40 lower-case letters, digits and hyphens, a letter first")
    .describe("Name of the model."),
  version: z
    .string()
    .regex(/^v\d+\.\d+\.\d+(-[0-9a-z.-]+)?$/, "a semantic version such as v1.3.0 or v2.0.0-rc.1")
    .describe("Version of the model, for people and for names."),
  policy: policySchema,
  ...manifest,
};

/** What `rollout.json` in the ConfigMap `<model>-rollout` holds: the version that is wanted, and how it gets there. */
export const rolloutSchema = z
  .discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("Knative"), ...common }),
    z.strictObject({ mode: z.literal("Standard"), ...common, route }),
  ])
  .superRefine((rollout, context) => {
    const { maximumLatencyP95Seconds } = rollout.policy;
    const largest = LARGEST_BUCKET_SECONDS[rollout.mode === "Knative" ? "knative" : rollout.route.metrics];
    if (maximumLatencyP95Seconds < largest) return;
    context.addIssue({
      code: "custom",
      path: ["policy", "maximumLatencyP95Seconds"],
      message: `less than ${largest}, the largest bucket of the histogram: beyond it a percentile is not known`,
      input: maximumLatencyP95Seconds,
    });
  });

/** What a model's ConfigMap asks for. */
export type Rollout = z.output<typeof rolloutSchema>;

/**
 * Largest finite bucket of each histogram of durations, in seconds, as its program has it by default:
 * knative/serving pkg/queue/request_metric.go, traefik pkg/observability/types/metrics.go, Envoy
 * config.metrics.v3.StatsConfig for Istio and Contour.
 */
export const LARGEST_BUCKET_SECONDS = { knative: 10, istio: 3600, contour: 3600, traefik: 5 } as const;

export const servedSchema = z.strictObject({
  /** Of everything in it: what differs in anything has another one. */
  id: text,
  version: text,
  ...manifest,
});

/** An InferenceService's manifest, and what tells it from every other. */
export type Served = z.output<typeof servedSchema>;

/** The manifest that a rollout asks for. */
export function wanted({ version, metadata, spec }: Rollout): Served {
  const hash = createHash("sha256").update(canonical({ version, metadata, spec })).digest("hex");
  return { id: hash.slice(0, 10), version, metadata, spec };
}

/** JSON with sorted keys: Helm does not promise an order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`).join(",")}}`;
}
