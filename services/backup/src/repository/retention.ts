import { BackupError } from "../errors";
import type { Retention } from "../operations";

/** A snapshot as retention sees it. */
export interface Dated {
  readonly id: string;
  readonly t0: Date;
  readonly status: "complete" | "partial";
}

/** The period of a moment, by UTC. Periods of one kind differ in it. */
type Period = (time: Date) => string;

const hour: Period = (time) => time.toISOString().slice(0, 13);
const day: Period = (time) => time.toISOString().slice(0, 10);
const month: Period = (time) => time.toISOString().slice(0, 7);
const year: Period = (time) => time.toISOString().slice(0, 4);

/** ISO 8601 weeks begin on Monday: the day of its Thursday names a week and its year. */
const week: Period = (time) => {
  const weekday = (time.getUTCDay() + 6) % 7;
  return day(new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate() - weekday + 3)));
};

/**
 * Ids of the snapshots that are kept. Complete ones are counted apart, so that many partial ones never displace one. A
 * partial one is judged among all: it goes when it would go if it were complete, no sooner and no later.
 */
export function retain(snapshots: readonly Dated[], retention: Retention): ReadonlySet<string> {
  const complete = snapshots.filter(({ status }) => status === "complete");
  return new Set([...keep(complete, retention), ...keep(snapshots, retention)]);
}

/**
 * As restic's forget: of each period the newest snapshot is kept, for as many periods as asked for that have one; as long
 * as a rule has periods left, the oldest snapshot of all is kept too.
 * https://restic.readthedocs.io/en/stable/060_forget.html#removing-snapshots-according-to-a-policy
 */
function keep(snapshots: readonly Dated[], retention: Retention): string[] {
  const sorted = [...snapshots].sort((a, b) => b.t0.getTime() - a.t0.getTime() || (a.id < b.id ? 1 : -1));
  const rules: { left: number; last?: string; readonly period: Period | undefined }[] = [
    { left: retention.keepLast ?? 0, period: undefined },
    { left: retention.keepHourly ?? 0, period: hour },
    { left: retention.keepDaily ?? 0, period: day },
    { left: retention.keepWeekly ?? 0, period: week },
    { left: retention.keepMonthly ?? 0, period: month },
    { left: retention.keepYearly ?? 0, period: year },
  ];
  const since = retention.keepWithin === undefined ? undefined : before(sorted[0]?.t0, retention.keepWithin);
  const kept: string[] = [];
  sorted.forEach(({ id, t0 }, index) => {
    let isKept = since !== undefined && t0 > since;
    for (const rule of rules) {
      const period = rule.period === undefined ? id : rule.period(t0);
      if (rule.left === 0 || (period === rule.last && index !== sorted.length - 1)) continue;
      rule.left--;
      rule.last = period;
      isKept = true;
    }
    if (isKept) kept.push(id);
  });
  return kept;
}

/** The moment that lies a duration such as `1y5m7d2h` before another. */
function before(time: Date | undefined, duration: string): Date | undefined {
  const match = /^(?=\d)(?:(\d+)y)?(?:(\d+)m)?(?:(\d+)d)?(?:(\d+)h)?$/.exec(duration);
  if (match === null) {
    throw new BackupError(
      `keepWithin is ${JSON.stringify(duration)}; it must be years, months, days and hours, such as 1y5m7d2h`,
    );
  }
  if (time === undefined) return undefined;
  const [years = 0, months = 0, days = 0, hours = 0] = match.slice(1).map((digits) => Number(digits ?? 0));
  const result = new Date(time);
  result.setUTCFullYear(result.getUTCFullYear() - years, result.getUTCMonth() - months, result.getUTCDate() - days);
  result.setUTCHours(result.getUTCHours() - hours);
  return result;
}
