import { z } from "zod";
import { servedSchema } from "./rollout";

const time = z.iso.datetime();

const measurement = z.strictObject({
  at: time,
  verdict: z.enum(["good", "breach", "unknown"]),
  reason: z.string(),
  requests: z.number().optional(),
  errorRate: z.number().optional(),
  latencyP95Seconds: z.number().optional(),
});

const base = {
  /** The mode that it was begun in: another one has other objects. */
  mode: z.enum(["Knative", "Standard"]),
  /** When this phase or step was written. */
  since: time,
  /** When it was first seen to be in effect, without a break since. */
  settledAt: time.optional(),
  stable: servedSchema,
  /** Whether `stable` was ever seen to be ready: one that never was has nothing to lose. */
  proven: z.boolean(),
  /** The manifest that was rolled back, and is not tried again. */
  refused: z.strictObject({ id: z.string(), version: z.string(), at: time, reason: z.string() }).optional(),
  /** The last answer of the gate. */
  gate: measurement.optional(),
};

const underWay = {
  ...base,
  candidate: servedSchema,
  revision: z.string().describe("Stable's, in mode Knative.").optional(),
};

/** `state.json` in the ConfigMap `<model>-rollout-state`. InferenceServices and HTTPRoute follow from it. */
export const stateSchema = z.discriminatedUnion("phase", [
  z.strictObject({ phase: z.literal("Idle"), ...base }),
  z.strictObject({
    phase: z.literal("Progressing"),
    ...underWay,
    percent: z.int().min(0).max(100),
    unsettledSince: time.describe("When it was first seen to be in effect no more.").optional(),
  }),
  z.strictObject({ phase: z.literal("Withdrawing"), ...underWay }),
  z.strictObject({
    phase: z.literal("Restoring"),
    ...base,
    withdrawnRevision: z.string().describe("The one that must not be the latest any more."),
    percent: z
      .literal([0, 100])
      .default(0)
      .describe("What the latest ready revision gets: 100 where nothing else can."),
  }),
]);

export type State = z.output<typeof stateSchema>;
export type Phase = State["phase"];
export type Idle = Extract<State, { phase: "Idle" }>;
export type Progressing = Extract<State, { phase: "Progressing" }>;
export type Withdrawing = Extract<State, { phase: "Withdrawing" }>;
export type Restoring = Extract<State, { phase: "Restoring" }>;
export type GateAnswer = z.output<typeof measurement>;
