import fc from "fast-check";
import type { Retention } from "../../../services/backup/src/operations";
import { type Dated, retain } from "../../../services/backup/src/repository/retention";

const DAY = 86_400_000;
const EPOCH = Date.UTC(2024, 11, 20);

const snapshots = (statuses: fc.Arbitrary<Dated["status"]>): fc.Arbitrary<Dated[]> =>
  fc.uniqueArray(fc.integer({ min: 0, max: 800 * 24 * 60 }), { maxLength: 60 }).chain((minutes) =>
    fc.array(statuses, { minLength: minutes.length, maxLength: minutes.length }).map((chosen) =>
      minutes.map((minute, index) => ({
        id: String(minute).padStart(9, "0"),
        t0: new Date(EPOCH + minute * 60_000),
        status: chosen[index] ?? "complete",
      })),
    ),
  );

const count = fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined });
const policy: fc.Arbitrary<Retention> = fc.record({
  keepLast: count,
  keepHourly: count,
  keepDaily: count,
  keepWeekly: count,
  keepMonthly: count,
  keepYearly: count,
});

/** The Monday of a moment's week, in days. */
const monday = (time: Date) => Math.floor((time.getTime() / DAY - 4) / 7);

/** Rule by rule, period by period: what the documentation says, without counting down. */
function model(all: readonly Dated[], retention: Retention): Set<string> {
  const newestFirst = [...all].sort((a, b) => b.t0.getTime() - a.t0.getTime());
  const kept = new Set<string>();
  const rules: [number | undefined, (snapshot: Dated) => string | number][] = [
    [retention.keepLast, ({ id }) => id],
    [retention.keepHourly, ({ t0 }) => Math.floor(t0.getTime() / 3_600_000)],
    [retention.keepDaily, ({ t0 }) => Math.floor(t0.getTime() / DAY)],
    [retention.keepWeekly, ({ t0 }) => monday(t0)],
    [retention.keepMonthly, ({ t0 }) => t0.getUTCFullYear() * 12 + t0.getUTCMonth()],
    [retention.keepYearly, ({ t0 }) => t0.getUTCFullYear()],
  ];
  for (const [limit = 0, periodOf] of rules) {
    const newest = new Map<string | number, string>();
    for (const snapshot of newestFirst)
      if (!newest.has(periodOf(snapshot))) newest.set(periodOf(snapshot), snapshot.id);
    for (const id of [...newest.values()].slice(0, limit)) kept.add(id);
    const oldest = newestFirst.at(-1);
    if (oldest !== undefined && newest.size < limit) kept.add(oldest.id);
  }
  return kept;
}

describe("retention", () => {
  test("keeps what the model keeps", () => {
    fc.assert(
      fc.property(snapshots(fc.constant("complete")), policy, (all, retention) => {
        expect([...retain(all, retention)].sort()).toEqual([...model(all, retention)].sort());
      }),
    );
  });

  test("does not depend on the order in which snapshots are given", () => {
    fc.assert(
      fc.property(snapshots(fc.constantFrom("complete", "partial")), policy, (all, retention) => {
        expect(retain([...all].reverse(), retention)).toEqual(new Set(retain(all, retention)));
      }),
    );
  });

  test("keeps the newest complete snapshot whenever it keeps any", () => {
    fc.assert(
      fc.property(snapshots(fc.constantFrom("complete", "partial")), policy, (all, retention) => {
        const newest = all
          .filter(({ status }) => status === "complete")
          .sort((a, b) => b.t0.getTime() - a.t0.getTime())[0];
        fc.pre(newest !== undefined && Object.values(retention).some((limit) => (limit ?? 0) > 0));
        expect(retain(all, retention)).toContain(newest?.id);
      }),
    );
  });

  test("partial snapshots displace no complete one", () => {
    fc.assert(
      fc.property(snapshots(fc.constantFrom("complete", "partial")), policy, (all, retention) => {
        const complete = all.filter(({ status }) => status === "complete");
        const kept = retain(all, retention);
        for (const id of retain(complete, retention)) expect(kept).toContain(id);
      }),
    );
  });

  test("partial snapshots are kept as they would be if all were complete, and none beside", () => {
    fc.assert(
      fc.property(snapshots(fc.constantFrom("complete", "partial")), policy, (all, retention) => {
        const kept = retain(all, retention);
        const wanted = model(all, retention);
        for (const { id, status } of all) if (status === "partial") expect(kept.has(id)).toBe(wanted.has(id));
      }),
    );
  });

  test("what is kept would be kept again", () => {
    fc.assert(
      fc.property(snapshots(fc.constantFrom("complete", "partial")), policy, (all, retention) => {
        const kept = retain(all, retention);
        const rest = all.filter(({ id }) => kept.has(id));
        expect(retain(rest, retention)).toEqual(kept);
      }),
    );
  });

  describe("of a year of partial snapshots", () => {
    const at = (day: number, status: Dated["status"]): Dated => ({
      id: `${status} ${day}`,
      t0: new Date(Date.UTC(2026, 0, 1, 2, 15) + day * DAY),
      status,
    });
    const year = Array.from({ length: 365 }, (_, day) => at(day, "partial"));
    const retention = { keepDaily: 14, keepMonthly: 12 };

    test("one complete snapshot takes the last of the days and the last of the months, as any other would", () => {
      const before = retain(year, retention);
      const after = retain([...year, at(365, "complete")], retention);
      expect(before.size).toBe(25);
      expect(after).toContain("complete 365");
      expect([...before].filter((id) => !after.has(id)).sort()).toEqual(["partial 30", "partial 351"]);
    });

    test("none outlives the rules when snapshots are complete again", () => {
      const later = Array.from({ length: 800 }, (_, day) => at(365 + day, "complete"));
      expect([...retain([...year, ...later], retention)].filter((id) => id.startsWith("partial"))).toEqual([]);
    });
  });

  test.each([
    ["7d", 8],
    ["1m", 32],
    ["1y", 366],
    ["36h", 2],
    ["1d12h", 2],
  ])("keepWithin %s keeps %i daily snapshots", (keepWithin, expected) => {
    const all = Array.from({ length: 500 }, (_, index): Dated => {
      const t0 = new Date(Date.UTC(2026, 0, 31, 2) - index * DAY + 1000 * (index === 0 ? 0 : 1));
      return { id: String(index), t0, status: "complete" };
    });
    expect(retain(all, { keepWithin }).size).toBe(expected);
  });

  test.each(["", "d", "7", "1d1y", "-1d", "1w"])("refuses keepWithin %j", (keepWithin) => {
    expect(() => retain([], { keepWithin })).toThrow("it must be years, months, days and hours");
  });
});
