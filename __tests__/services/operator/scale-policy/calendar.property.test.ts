import fc from "fast-check";
import type { MoodleScalePolicySpec } from "../../../../services/api/src";
import { boundsAt } from "../../../../services/operator/src/scale-policy/calendar";

const ZONES = ["Etc/UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"];

const local = fc
  .date({ min: new Date("2026-01-01T00:00:00Z"), max: new Date("2028-12-31T00:00:00Z"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 16));

const exam = fc
  .record({
    name: fc.stringMatching(/^[a-z]{1,8}$/),
    times: fc.uniqueArray(local, { minLength: 2, maxLength: 2 }),
    timeZone: fc.constantFrom(...ZONES),
    leadMinutes: fc.integer({ min: 0, max: 1440 }),
    minReplicas: fc.integer({ min: 1, max: 500 }),
    more: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  })
  .map(({ times, more, ...rest }) => {
    const [start = "", end = ""] = [...times].sort();
    return { ...rest, start, end, maxReplicas: more === undefined ? undefined : rest.minReplicas + more };
  });

const policy: fc.Arbitrary<MoodleScalePolicySpec> = fc
  .record({ exams: fc.array(exam, { maxLength: 3 }), minReplicas: fc.integer({ min: 1, max: 50 }) })
  .map(({ exams, minReplicas }) => ({
    suspend: false,
    cluster: "moodle",
    minReplicas,
    maxReplicas: minReplicas + 10,
    timeZone: "Europe/Vienna",
    exams,
  }));

const moment = fc.integer({ min: Date.parse("2025-06-01T00:00:00Z"), max: Date.parse("2029-06-01T00:00:00Z") });

test("bounds are never below those outside exams, and a maximum is never below its minimum", () => {
  fc.assert(
    fc.property(policy, moment, (spec, now) => {
      const { minReplicas, maxReplicas } = boundsAt(spec, now);
      expect(minReplicas).toBeGreaterThanOrEqual(spec.minReplicas);
      expect(maxReplicas).toBeGreaterThanOrEqual(Math.max(spec.maxReplicas, minReplicas));
    }),
  );
});

test("nothing changes before the next change", () => {
  fc.assert(
    fc.property(policy, moment, fc.double({ min: 0, max: 0.999, noNaN: true }), (spec, now, share) => {
      const { nextChange, ...bounds } = boundsAt(spec, now);
      if (nextChange === undefined) return;
      expect(nextChange).toBeGreaterThan(now);
      const { nextChange: _, ...later } = boundsAt(spec, now + Math.floor((nextChange - now) * share));
      expect(later).toEqual(bounds);
    }),
  );
});

test("after the last change there is no exam", () => {
  fc.assert(
    fc.property(policy, (spec) => {
      let now = 0;
      for (let next: number | undefined = now; next !== undefined; next = boundsAt(spec, now).nextChange) now = next;
      expect(boundsAt(spec, now)).toMatchObject({ minReplicas: spec.minReplicas, exams: [] });
    }),
  );
});

test("with one more exam, bounds are never lower", () => {
  fc.assert(
    fc.property(policy, exam, moment, (spec, another, now) => {
      const before = boundsAt(spec, now);
      const after = boundsAt({ ...spec, exams: [...spec.exams, another] }, now);
      expect(after.minReplicas).toBeGreaterThanOrEqual(before.minReplicas);
      expect(after.maxReplicas).toBeGreaterThanOrEqual(before.maxReplicas);
    }),
  );
});
