import { z } from "zod";

const text = z.string().min(1);
const keep = z.int().min(1).max(50).default(7).describe("How many of them are kept.");

/** The instance of which the cloud makes a snapshot of its own beside each snapshot of the program. */
export const cloudSnapshotsSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("rds"),
    identifier: text.describe("Identifier of the RDS instance."),
    region: text.describe("Its region."),
    keep,
  }),
  z.strictObject({
    kind: z.literal("rds-cluster"),
    identifier: text.describe("Identifier of the RDS cluster."),
    region: text.describe("Its region."),
    keep,
  }),
  z.strictObject({
    kind: z.literal("cloud-sql"),
    project: text.describe("Project of the Cloud SQL instance."),
    instance: text.describe("Its name."),
    keep,
  }),
]);

export type CloudSnapshotsConfiguration = z.output<typeof cloudSnapshotsSchema>;
