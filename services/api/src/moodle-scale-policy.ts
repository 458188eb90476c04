import { z } from "zod";
import { checked, count, listByKey, releaseName, text } from "./fields";
import type { ResourceDefinition } from "./resource";
import { conditions } from "./status";

const localTime = z
  .string()
  .max(16)
  .regex(/^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]$/);

const timeZone = text(64).regex(/^[A-Za-z]+([/_+-][A-Za-z0-9_+-]+)*$/);

const BOUNDS = {
  rule: "!has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
  message: "maxReplicas must be minReplicas or more: raise the one or lower the other",
};

const exam = checked(
  z.strictObject({
    name: text(63).describe("Name of the exam, for events and the status."),
    start: localTime.describe("When it begins, on the clocks of its time zone, such as `2027-02-01T09:00`."),
    end: localTime.describe("When it ends, on the same clocks."),
    timeZone: timeZone.optional().describe("Its time zone, by the name in the IANA database. Default: the policy's."),
    leadMinutes: count(0, 1440)
      .default(30)
      .describe("Minutes before the start at which the pods are asked for: nodes and images take their time."),
    minReplicas: count(1, 500).describe("Web pods that are there from then until the end."),
    maxReplicas: count(1, 500).optional().describe("Highest number of web pods meanwhile. Default: the policy's."),
  }),
  BOUNDS,
  { rule: "self.start < self.end", message: "an exam must end after it begins: correct start or end" },
);

const spec = checked(
  z.strictObject({
    suspend: z.boolean().default(false).describe("Whether the policy has no effect, as if it did not exist."),
    cluster: checked(releaseName, {
      rule: "self == oldSelf",
      message: "a MoodleScalePolicy stays with its site: make another one for another site",
    }).describe("The MoodleCluster of this namespace that it scales."),
    minReplicas: count(0, 500).describe(
      "Fewest web pods outside exams; 0 with Knative, which starts one for a request.",
    ),
    maxReplicas: count(1, 500).describe("Most web pods outside exams."),
    timeZone: timeZone.default("Etc/UTC").describe("Time zone of exams that name none."),
    exams: listByKey(z.array(exam).max(200).default([]), "name").describe(
      "The exam calendar. Where exams overlap, the highest of their bounds hold. A time that the clocks skip in spring is moved on by as much; of one that they repeat in autumn a start is the first and an end the second.",
    ),
  }),
  BOUNDS,
);

const status = z.object({
  observedGeneration: z.int().optional().describe("Generation of the specification that was looked at."),
  conditions: conditions.optional(),
  minReplicas: z.int().optional().describe("Fewest web pods now."),
  maxReplicas: z.int().optional().describe("Most web pods now."),
  exams: z.array(z.string()).max(200).optional().describe("Exams that are in effect now, lead time included."),
  nextChange: z.string().optional().describe("When the bounds change next."),
});

export type MoodleScalePolicySpec = z.infer<typeof spec>;
export type MoodleScalePolicyStatus = z.infer<typeof status>;

/** How far a site scales, and when. */
export const MOODLE_SCALE_POLICY = {
  kind: "MoodleScalePolicy",
  plural: "moodlescalepolicies",
  singular: "moodlescalepolicy",
  shortNames: ["mscale"],
  description:
    "How far a site scales, and when: bounds of its autoscaler, be it an HPA, KEDA or Knative, with an exam calendar.",
  spec,
  status,
  rules: [],
  columns: [
    { name: "Cluster", type: "string", jsonPath: ".spec.cluster" },
    { name: "Min", type: "integer", jsonPath: ".status.minReplicas" },
    { name: "Max", type: "integer", jsonPath: ".status.maxReplicas" },
    { name: "Exams", type: "string", jsonPath: ".status.exams" },
    { name: "Next change", type: "string", jsonPath: ".status.nextChange" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
} as const satisfies ResourceDefinition;
