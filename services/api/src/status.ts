import { z } from "zod";
import { count, listByKey } from "./fields";

/** As Kubernetes has them: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md */
export const condition = z.object({
  type: z.string().max(316),
  status: z.enum(["True", "False", "Unknown"]),
  observedGeneration: z.int().min(0).optional().describe("Generation of the specification that was looked at."),
  lastTransitionTime: z.string().describe("When the status last changed."),
  reason: z.string().max(1024).describe("Why, in one word."),
  message: z.string().max(32768).describe("Why, for people."),
});

export type Condition = z.infer<typeof condition>;

export const conditions = listByKey(
  z.array(condition).max(16).describe("What is true of the resource now. docs/operator.md says what to do on each."),
  "type",
);

const failure = z.object({
  digest: z.string().describe("Digest of chart and values that failed."),
  generation: z.int().describe("Generation of the specification they came from."),
  revision: z.int().describe("Revision of the last failure; 0 where Helm made none."),
  count: count(1, 100).describe("Failures so far."),
  message: z.string().max(4096).describe("What failed last."),
  time: z.string().describe("When."),
  tested: z.boolean().optional().describe("Whether the revision was ready, and failed its test."),
  begun: z
    .boolean()
    .optional()
    .describe("Whether the install Job of another image than the verified one has begun: there is no way back."),
});

/** What the operator knows of a Helm release. */
export const releaseStatus = z
  .object({
    revision: z.int().optional().describe("Newest revision."),
    status: z.string().optional().describe("Its status, in Helm's words."),
    digest: z.string().optional().describe("Digest of chart and values that the specification asks for."),
    chart: z.string().optional().describe("Name and version of the chart."),
    verified: z
      .object({
        revision: z.int().describe("Its number; 0 where none is good to go back to."),
        digest: z.string().optional().describe("Its digest, where the operator made it."),
        image: z.string().optional().describe("Image of the site at that revision, where it is known."),
      })
      .optional()
      .describe(
        "The last revision that became ready and passed its test, or was in place before the resource: to it, failures roll back.",
      ),
    failure: failure.optional().describe("Failures of what the specification asks for."),
    history: listByKey(
      z.array(
        z.object({
          revision: z.int(),
          status: z.string(),
          digest: z.string().optional(),
          made: z.string().optional().describe("When it was made."),
        }),
      ),
      "revision",
    )
      .max(10)
      .optional()
      .describe("The newest revisions, newest first."),
  })
  .describe("The Helm release.");

export type ReleaseStatus = z.infer<typeof releaseStatus>;
