import { z } from "zod";
import { ULID, VERIFICATIONS, verificationKey } from "../repository/layout";
import type { Repository, WritableRepository } from "../repository/repository";
import { unseal } from "../repository/signing";
import { putOnce, readText } from "../stores/whole";

const count = z.int().min(0);
const instant = z.iso.datetime().transform((text) => new Date(text));

const verificationSchema = z.strictObject({
  format: z.literal(1),
  id: z.string().regex(ULID),
  repository: z.uuid(),
  startedAt: instant,
  finishedAt: instant,
  snapshots: count,
  blobs: count,
  read: z.strictObject({ objects: count, bytes: count }),
  findings: count,
  /** Where the next verification begins to read. */
  nextPrefix: z.string(),
  nextDump: z.string(),
});

/** `verifications/<id>.json`, in its envelope. */
export type Verification = z.output<typeof verificationSchema>;

/** The newest one; nothing where there is none that can be trusted. */
export async function latestVerification(
  { store, config }: Repository,
  signal: AbortSignal,
): Promise<Verification | undefined> {
  let newest: string | undefined;
  for await (const page of store.list(VERIFICATIONS, { signal })) newest = page.at(-1)?.key ?? newest;
  if (newest === undefined) return undefined;
  const payload = unseal("verification", (await readText(store, newest, signal)) ?? "", config.publicKey);
  return verificationSchema.safeParse(payload).data;
}

export async function writeVerification(
  { store, signingKey }: WritableRepository,
  verification: Verification,
): Promise<void> {
  const text = signingKey.seal("verification", verification);
  await putOnce(store, verificationKey(verification.id), text, { condition: { absent: true } });
}
