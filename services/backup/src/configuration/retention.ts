import { z } from "zod";

const keep = z.int().min(0).max(10_000);

/** Which snapshots are kept: restic's words (https://restic.readthedocs.io/en/stable/060_forget.html). */
export const retentionSchema = z.strictObject({
  keepLast: keep.optional().describe("The last n snapshots."),
  keepHourly: keep.optional().describe("The last of each hour, for the last n hours that have one."),
  keepDaily: keep.optional().describe("The last of each day, for the last n days that have one."),
  keepWeekly: keep.optional().describe("The last of each week, for the last n weeks that have one."),
  keepMonthly: keep.optional().describe("The last of each month, for the last n months that have one."),
  keepYearly: keep.optional().describe("The last of each year, for the last n years that have one."),
  keepWithin: z
    .string()
    .regex(/^(?=.)([0-9]+y)?([0-9]+m)?([0-9]+d)?([0-9]+h)?$/, "years, months, days and hours, such as 1y5m7d2h")
    .optional()
    .describe("All snapshots of this time before the newest."),
});

export type RetentionConfiguration = z.output<typeof retentionSchema>;

/** Whether the rules keep nothing at all: then nothing is pruned rather than everything. */
export function keepsNothing(retention: RetentionConfiguration): boolean {
  return Object.values(retention).every((value) => value === undefined || value === 0);
}
