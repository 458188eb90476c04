import { z } from "zod";
import { DRILLS, drillKey, ULID } from "../repository/layout";
import type { Repository, WritableRepository } from "../repository/repository";
import { unseal } from "../repository/signing";
import { putOnce, readText } from "../stores/whole";

const count = z.int().min(0);
const seconds = z.number().min(0);
const instant = z.iso.datetime().transform((text) => new Date(text));

const drillSchema = z.strictObject({
  format: z.literal(1),
  id: z.string().regex(ULID),
  repository: z.uuid(),
  snapshot: z.string().regex(ULID),
  t0: instant,
  /** Only of a partial snapshot: files that it lacks, because Moodle had lost them. */
  missing: count.optional(),
  moodleVersion: z.string(),
  startedAt: instant,
  finishedAt: instant,
  passed: z.boolean(),
  /** What was not as it should be. */
  failures: z.array(z.string()),
  seconds: z.strictObject({ download: seconds, restore: seconds, checks: seconds }),
  /** Files that the restored database refers to. */
  references: count,
  /** Of those, read and compared with their SHA-1. */
  sampled: count,
  program: z.string(),
});

/** `drills/<id>.json`, in its envelope. */
export type DrillResult = z.output<typeof drillSchema>;

export async function writeDrill({ store, signingKey }: WritableRepository, result: DrillResult): Promise<void> {
  await putOnce(store, drillKey(result.id), signingKey.seal("drill", result), { condition: { absent: true } });
}

/** Results that are signed with the repository's key, newest first. */
export async function* readDrills({ store, config }: Repository, signal: AbortSignal): AsyncIterable<DrillResult> {
  const keys: string[] = [];
  for await (const page of store.list(DRILLS, { signal })) keys.push(...page.map(({ key }) => key));
  for (const key of keys.reverse()) {
    const payload = unseal("drill", (await readText(store, key, signal)) ?? "", config.publicKey);
    const { data } = drillSchema.safeParse(payload);
    if (data !== undefined && data.repository === config.id && drillKey(data.id) === key) yield data;
  }
}
