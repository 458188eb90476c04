import { ulid } from "ulid";
import { z } from "zod";
import type { Progress } from "../progress";
import { PLANS, planKey, ULID } from "../repository/layout";
import type { Session } from "../repository/session";
import { unseal } from "../repository/signing";
import { putOnce, readText } from "../stores/whole";

const planSchema = z.strictObject({
  format: z.literal(1),
  id: z.string().regex(ULID),
  repository: z.uuid(),
  /** Snapshots that retention did not keep. */
  snapshots: z.array(z.string().regex(ULID)),
});

/** What a prune has marked: snapshots, and whatever no other needed at that moment. */
export interface Plan {
  readonly key: string;
  /** By the store's clock. */
  readonly writtenAt: Date;
  readonly snapshots: ReadonlySet<string>;
}

/**
 * Plans that are older than the grace, oldest first. One that is not this repository's own is passed over. The grace
 * begins anew when a run loses its lease: should it be suspended just before it seals, what it relies on stays.
 */
export async function ripePlans(session: Session, graceHours: number, progress: Progress): Promise<Plan[]> {
  const { repository, lease, signal } = session;
  const plans: Plan[] = [];
  for await (const page of repository.store.list(PLANS, { signal })) {
    for (const { key, lastModified } of page) {
      const since = Math.max(lastModified.getTime(), lease.takenOverAt?.getTime() ?? 0);
      if (lease.acquiredAt.getTime() - since < graceHours * 3_600_000) continue;
      const text = await readText(repository.store, key, signal);
      const parsed = planSchema.safeParse(unseal("plan", text ?? "", repository.config.publicKey));
      if (parsed.success && parsed.data.repository === repository.config.id) {
        plans.push({ key, writtenAt: lastModified, snapshots: new Set(parsed.data.snapshots) });
      } else progress({ kind: "warning", message: `${key} is no plan of this repository and is passed over` });
    }
  }
  return plans;
}

export async function writePlan({ repository, lease }: Session, snapshots: readonly string[]): Promise<void> {
  const id = ulid(lease.acquiredAt.getTime());
  const text = repository.signingKey.seal("plan", { format: 1, id, repository: repository.config.id, snapshots });
  await lease.check();
  await putOnce(repository.store, planKey(id), text, { condition: { absent: true } });
}
