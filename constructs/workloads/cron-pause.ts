/** Days that are looked at: two cycles of leap years, so that every rule that ever holds, holds in them. */
const DAYS = 8 * 366;
const DAY = 24 * 60;

interface Day {
  readonly dayOfMonth: number;
  readonly month: number;
  readonly dayOfWeek: number;
}

/** The days, made once: every schedule is held against the same. */
let calendar: readonly Day[] | undefined;

interface Field {
  readonly values: ReadonlySet<number>;
  /** Begins with an asterisk: then it does not restrict which days match. */
  readonly isAny: boolean;
}

/**
 * Hours of the longest pause between two runs of a schedule of five cron fields in figures, without regard to daylight
 * saving. A schedule that never runs has an endless one.
 *
 * A day matches where day of month and day of week both do; where both are restricted, one is enough
 * (https://pkg.go.dev/github.com/robfig/cron/v3#hdr-CRON_Expression_Format, which Kubernetes uses).
 */
export function longestPauseHours(schedule: string): number {
  const [minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = ""] = schedule.split(" ");
  const minutes = field(minute, 0, 59).values;
  const times = [...field(hour, 0, 23).values]
    .flatMap((h) => [...minutes].map((m) => h * 60 + m))
    .sort((a, b) => a - b);
  const matches = dayMatcher(field(dayOfMonth, 1, 31), field(month, 1, 12), field(dayOfWeek, 0, 6));
  calendar ??= Array.from({ length: DAYS }, (_, day) => new Date(Date.UTC(2024, 0, 1 + day))).map((date) => ({
    dayOfMonth: date.getUTCDate(),
    month: date.getUTCMonth() + 1,
    dayOfWeek: date.getUTCDay(),
  }));
  const days = calendar.flatMap((day, index) => (matches(day) ? [index] : []));

  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined || days.length < 2) return Number.POSITIVE_INFINITY;
  const withinDay = longestStep(times);
  const betweenDays = longestStep(days) * DAY - (last - first);
  return Math.max(withinDay, betweenDays) / 60;
}

function longestStep(sorted: readonly number[]): number {
  return sorted.reduce((longest, value, index) => Math.max(longest, value - (sorted[index - 1] ?? value)), 0);
}

function dayMatcher(dayOfMonth: Field, month: Field, dayOfWeek: Field): (day: Day) => boolean {
  return (day) => {
    if (!month.values.has(day.month)) return false;
    const ofMonth = dayOfMonth.values.has(day.dayOfMonth);
    const ofWeek = dayOfWeek.values.has(day.dayOfWeek);
    return dayOfMonth.isAny || dayOfWeek.isAny ? ofMonth && ofWeek : ofMonth || ofWeek;
  };
}

/** An asterisk, a figure, a range, each with or without a step, and lists of these. */
function field(text: string, lowest: number, highest: number): Field {
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", step] = part.split("/");
    const [from, to] = range === "*" ? [lowest, highest] : range.split("-").map(Number);
    const end = to ?? (step === undefined ? from : highest);
    for (let value = from ?? Number.NaN; value <= (end ?? Number.NaN); value += Number(step ?? 1)) {
      if (value >= lowest && value <= highest) values.add(value);
    }
  }
  return { values, isAny: text.startsWith("*") };
}
