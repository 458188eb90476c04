import { createHash } from "node:crypto";
import fc from "fast-check";
import { blobKey } from "../../../services/backup/src/repository/layout";
import { openForWriting } from "../../../services/backup/src/repository/repository";
import type { Session } from "../../../services/backup/src/repository/session";
import { dueParts, extendLocks, lockEnd } from "../../../services/backup/src/snapshot/locks";
import { runSnapshot } from "../../../services/backup/src/snapshot/run";
import { SECRET, TestSite } from "./support/site";

const DAY = 86_400_000;
const CREATED = new Date("2026-01-01T00:00:00Z");
/** Prefixes of blobs, the references, and config.json. */
const PARTS = 258;

describe("which locks are due", () => {
  test("none ends before what is promised, and each is extended once in that time", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 }), (lockDays, perDay) => {
        const lockedUntil: Record<string, string> = {};
        const turns = new Map<string, number>();
        let most = 0;
        const runs = 3 * lockDays * perDay;
        for (let run = 0; run <= runs; run++) {
          const now = new Date(CREATED.getTime() + (run * DAY) / perDay);
          const due = dueParts(lockedUntil, CREATED, now, lockDays);
          most = Math.max(most, due.length);
          for (const part of due) {
            lockedUntil[part] = lockEnd(now, lockDays).toISOString();
            turns.set(part, (turns.get(part) ?? 0) + 1);
          }
          for (let part = 0; part < 256; part++) {
            const key = `blobs/${part.toString(16).padStart(2, "0")}/`;
            const until = new Date(lockedUntil[key] ?? lockEnd(CREATED, lockDays)).getTime();
            if (until - now.getTime() < lockDays * DAY) throw new Error(`${key} at ${now.toISOString()}`);
          }
        }
        expect(Math.max(...turns.values())).toBeLessThanOrEqual(4);
        expect(most).toBeLessThanOrEqual(Math.ceil(PARTS / (lockDays * perDay)) + 1);
      }),
      { numRuns: 8 },
    );
  });
});

describe("locks", () => {
  const LOCK_DAYS = 30;
  let site: TestSite;
  let now: Date;

  /** What a snapshot does to the locks of what is there, on that day. */
  async function extendOn(day: number): Promise<number> {
    now = new Date(CREATED.getTime() + day * DAY);
    const session = {
      repository: await openForWriting(site.repository, SECRET),
      lease: { acquiredAt: now, check: async () => {} },
      signal: new AbortController().signal,
    };
    return extendLocks(session as unknown as Session, LOCK_DAYS);
  }

  beforeEach(async () => {
    now = CREATED;
    site = await TestSite.create();
    const { repository } = site;
    Object.assign(repository, { versioned: true, lockDays: LOCK_DAYS, now: () => now });
    for (let file = 0; file < 40; file++) {
      const hash = createHash("sha1").update(String(file)).digest("hex");
      await repository.put(blobKey(hash), Buffer.from("x"), { retainUntil: lockEnd(CREATED, LOCK_DAYS) });
    }
  });

  test("are left alone on the next day, but for those whose turn it is", async () => {
    expect(await extendOn(1)).toBeLessThan(10);
    expect(await extendOn(1)).toBe(0);
  });

  test("near their end, after a long pause, are all extended at once", async () => {
    expect(await extendOn(2 * LOCK_DAYS - 1)).toBeGreaterThanOrEqual(40);
    for (const key of site.repository.keys("blobs/")) {
      expect(await site.repository.retention(key)).toEqual(lockEnd(now, LOCK_DAYS));
    }
  });

  test("are all extended where the record of them is damaged", async () => {
    await extendOn(1);
    await site.repository.put("locks.json", Buffer.from("{"));
    expect(await extendOn(1)).toBeGreaterThanOrEqual(40);
  });

  test("of a bucket that has none are refused, before anything is copied", async () => {
    const other = await TestSite.create(1);
    await expect(runSnapshot({ ...other.options(), lockDays: LOCK_DAYS })).rejects.toThrow(
      "lockDays is 30, but memory://repository has no object lock; use a bucket that has it, or 0 days",
    );
    expect(other.repository.keys("blobs/")).toEqual([]);
  });

  test("are on all that a snapshot writes", async () => {
    const other = await TestSite.create(2);
    other.repository.lockDays = 1;
    const { manifest } = await runSnapshot({ ...other.options(), lockDays: LOCK_DAYS });
    const keys = ["blobs/", "refs/", "dumps/", `snapshots/${manifest.id}`].flatMap((prefix) =>
      other.repository.keys(prefix),
    );
    expect(keys.length).toBeGreaterThan(4);
    for (const key of keys) {
      const end = (await other.repository.retention(key))?.getTime() ?? 0;
      expect({ key, days: Math.round((end - Date.now()) / DAY) }).toEqual({ key, days: 2 * LOCK_DAYS });
    }
  });
});
