import { z } from "zod";
import { PREFIXES } from "../blobs/listing";
import { forEachConcurrent, itemsOf } from "../concurrency";
import { BackupError } from "../errors";
import { BLOBS, CONFIG_KEY, LOCKS_KEY, REFERENCES } from "../repository/layout";
import type { Session } from "../repository/session";
import { readObject } from "../stores/whole";
import { CONCURRENCY } from "./blobs";

/** `locks.json`: until when everything below a prefix is locked at least, apart from what was written since. */
const locksSchema = z.strictObject({
  format: z.literal(1),
  lockedUntil: z.record(z.string(), z.iso.datetime()),
});

const DAY = 24 * 3600 * 1000;

/** What snapshots share, in parts that are extended one at a time. */
const PARTS: readonly string[] = [...PREFIXES.map((prefix) => `${BLOBS}${prefix}/`), REFERENCES, CONFIG_KEY];

/** End of the lock of what is written now: twice as far as is promised, so that it need not be extended every day. */
export function lockEnd(now: Date, lockDays: number): Date {
  return new Date(now.getTime() + 2 * lockDays * DAY);
}

/** Fails where the bucket cannot keep what the configuration promises. */
export async function checkLock({ repository }: Session, lockDays: number): Promise<void> {
  if (lockDays === 0) return;
  const { lock } = await repository.store.bucketState();
  if (lock === undefined) {
    throw new BackupError(
      `lockDays is ${lockDays}, but ${repository.store.name} has no object lock; use a bucket that has it, or 0 days`,
    );
  }
}

/**
 * Parts whose lock ends too soon. What has never been extended was locked when it was written; its first turn comes at a
 * time of its own within the first `lockDays`, so that the turns stay spread.
 */
export function dueParts(
  lockedUntil: Readonly<Record<string, string>>,
  createdAt: Date,
  now: Date,
  lockDays: number,
): readonly string[] {
  return PARTS.filter((part, index) => {
    const until = lockedUntil[part];
    const due =
      until === undefined
        ? createdAt.getTime() + (lockDays * DAY * (index + 1)) / PARTS.length
        : new Date(until).getTime() - lockDays * DAY;
    return due <= now.getTime();
  });
}

/** Extends what is due, and gives the number of calls that took. */
export async function extendLocks(session: Session, lockDays: number, concurrency = CONCURRENCY): Promise<number> {
  if (lockDays === 0) return 0;
  const { repository, lease, signal } = session;
  const { store, config } = repository;
  const object = await readObject(store, LOCKS_KEY, { signal });
  const parsed = locksSchema.safeParse(object === undefined ? undefined : parse(object.content.toString("utf8")));
  // A record that cannot be read costs calls, not safety: everything is extended once more.
  const lockedUntil: Record<string, string> = parsed.success ? parsed.data.lockedUntil : {};
  const until = lockEnd(lease.acquiredAt, lockDays);
  const createdAt = object === undefined || parsed.success ? new Date(config.createdAt) : new Date(0);
  const due = dueParts(lockedUntil, createdAt, lease.acquiredAt, lockDays);
  let calls = 0;
  for (const part of due) {
    await forEachConcurrent(itemsOf(store.list(part, { signal })), concurrency, async ({ key, lastModified }) => {
      signal.throwIfAborted();
      if (lastModified >= lease.acquiredAt) return;
      await store.extendRetention(key, until);
      calls++;
    });
    lockedUntil[part] = until.toISOString();
  }
  if (due.length > 0) {
    await lease.check();
    await store.put(LOCKS_KEY, Buffer.from(`${JSON.stringify({ format: 1, lockedUntil }, undefined, 1)}\n`));
  }
  return calls;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
