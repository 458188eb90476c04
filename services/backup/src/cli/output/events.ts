import { z } from "zod";

const count = z.int().min(0);
const fields = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string()).readonly()]));
/** When the line was written. */
const time = z.iso.datetime();
const phase = z.string();

/**
 * A line of `--json`. Fields are added in later versions and never change their meaning; whoever reads ignores those that
 * it does not know. The last line is the result, whatever happens.
 */
export const eventSchema = z.discriminatedUnion("event", [
  z.strictObject({
    event: z.literal("phase").describe("A phase begins; totals where they are known."),
    time,
    phase,
    objects: count.optional(),
    bytes: count.optional(),
  }),
  z.strictObject({
    event: z.literal("progress").describe("What a phase has done so far; at most one line a second."),
    time,
    phase,
    objects: count,
    bytes: count,
  }),
  z.strictObject({
    event: z.literal("done").describe("A phase is over."),
    time,
    phase,
    objects: count,
    bytes: count,
    milliseconds: z.number().min(0),
  }),
  z.strictObject({
    event: z.literal("warning").describe("The program goes on; somebody should look."),
    time,
    message: z.string(),
    fields: fields.optional(),
  }),
  z.strictObject({
    event: z.literal("note").describe("Something worth knowing."),
    time,
    message: z.string(),
    fields: fields.optional(),
  }),
  z.strictObject({
    event: z.literal("result").describe("How the command ended: the last line."),
    time,
    command: z.string(),
    exitCode: count,
    seconds: z.number().min(0),
    error: z
      .strictObject({ name: z.string(), message: z.string() })
      .optional()
      .describe("Why it failed, where it did not end with a report."),
    report: z.record(z.string(), z.unknown()).optional().describe("What the command says; its own fields."),
  }),
]);

export type Event = z.output<typeof eventSchema>;
export type ResultEvent = Extract<Event, { event: "result" }>;
