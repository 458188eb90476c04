import fc from "fast-check";
import { longestPauseHours } from "../../../constructs/workloads/cron-pause";

test.each([
  ["15 2 * * *", 24],
  ["0 * * * *", 1],
  ["*/15 * * * *", 0.25],
  ["5/20 * * * *", 20 / 60],
  ["0 1-5,9 * * *", 16],
  ["30 6 * * 0", 7 * 24],
  ["0 3 * * 1-5", 3 * 24],
  ["0 3 * * 2,6", 4 * 24],
  ["0 0 1 * *", 31 * 24],
  ["0 0 31 * *", 61 * 24],
  ["0 0 1 1 *", 366 * 24],
  ["0 0 29 2 *", 1461 * 24],
  ["0 0 */2 * *", 2 * 24],
])("%s pauses for %d hours at most", (schedule, hours) => {
  expect(longestPauseHours(schedule)).toBeCloseTo(hours, 6);
});

test("restricted days of month and of week are two ways to match", () => {
  expect(longestPauseHours("0 0 1 * 0")).toBe(7 * 24);
  expect(longestPauseHours("0 0 */1 * 0")).toBe(7 * 24);
});

test("a schedule that never runs pauses for ever", () => {
  expect(longestPauseHours("0 0 30 2 *")).toBe(Number.POSITIVE_INFINITY);
});

test("more runs never make the longest pause longer", () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(numbers, fc.integer({ min: 0, max: 23 }), (hours, another) => {
      const pause = longestPauseHours(`0 ${hours.join(",")} * * *`);
      expect(longestPauseHours(`0 ${[...hours, another].join(",")} * * *`)).toBeLessThanOrEqual(pause);
    }),
    { numRuns: 30 },
  );
});
