import type { MoodleScalePolicySpec } from "../../../../services/api/src";
import { boundsAt, UnknownTimeZone } from "../../../../services/operator/src/scale-policy/calendar";
import { withBounds } from "../../../../services/operator/src/scale-policy/effective-values";

type Exam = MoodleScalePolicySpec["exams"][number];

const exam = (changes: Partial<Exam>): Exam => ({
  name: "analysis",
  start: "2027-02-01T09:00",
  end: "2027-02-01T11:00",
  leadMinutes: 30,
  minReplicas: 20,
  ...changes,
});

const policy = (exams: Exam[], timeZone = "Etc/UTC"): MoodleScalePolicySpec => ({
  suspend: false,
  cluster: "moodle",
  minReplicas: 2,
  maxReplicas: 10,
  timeZone,
  exams,
});

const at = (spec: MoodleScalePolicySpec, time: string) => boundsAt(spec, Date.parse(time));

test("the pods of an exam are there before it begins and go when it has ended", () => {
  const spec = policy([exam({})]);
  expect(at(spec, "2027-02-01T08:29:59Z")).toMatchObject({ minReplicas: 2, maxReplicas: 10, exams: [] });
  expect(at(spec, "2027-02-01T08:30:00Z")).toMatchObject({ minReplicas: 20, maxReplicas: 20, exams: ["analysis"] });
  expect(at(spec, "2027-02-01T10:59:59Z")).toMatchObject({ minReplicas: 20 });
  expect(at(spec, "2027-02-01T11:00:00Z")).toEqual({
    minReplicas: 2,
    maxReplicas: 10,
    exams: [],
    nextChange: undefined,
  });
});

test("the next change is known", () => {
  const spec = policy([exam({})]);
  expect(at(spec, "2027-01-01T00:00:00Z").nextChange).toBe(Date.parse("2027-02-01T08:30:00Z"));
  expect(at(spec, "2027-02-01T09:00:00Z").nextChange).toBe(Date.parse("2027-02-01T11:00:00Z"));
});

test("of exams that overlap the highest bounds hold", () => {
  const other = exam({
    name: "statics",
    start: "2027-02-01T10:00",
    end: "2027-02-01T12:00",
    minReplicas: 8,
    maxReplicas: 60,
  });
  expect(at(policy([exam({}), other]), "2027-02-01T10:30:00Z")).toMatchObject({
    minReplicas: 20,
    maxReplicas: 60,
    exams: ["analysis", "statics"],
  });
});

test("times are those on the clocks of the exam's zone, or else of the policy's", () => {
  const vienna = policy([exam({})], "Europe/Vienna");
  expect(at(vienna, "2027-02-01T07:30:00Z").exams).toEqual(["analysis"]);
  const tokyo = policy([exam({ timeZone: "Asia/Tokyo" })], "Europe/Vienna");
  expect(at(tokyo, "2027-01-31T23:30:00Z").exams).toEqual(["analysis"]);
  expect(at(tokyo, "2027-02-01T02:00:00Z").exams).toEqual([]);
});

test("an hour that the clocks skip is moved on by as much", () => {
  // 28 March 2027, 02:00 to 03:00, is not there.
  const spec = policy([exam({ start: "2027-03-28T02:30", end: "2027-03-28T05:00", leadMinutes: 0 })], "Europe/Vienna");
  expect(at(spec, "2027-03-28T01:29:59Z").exams).toEqual([]);
  expect(at(spec, "2027-03-28T01:30:00Z").exams).toEqual(["analysis"]);
});

test("of an hour that the clocks repeat, an exam begins in the first and ends in the second", () => {
  // 31 October 2027, 02:00 to 03:00, is there twice: 00:00Z to 02:00Z.
  const begin = policy([exam({ start: "2027-10-31T02:30", end: "2027-10-31T08:00", leadMinutes: 0 })], "Europe/Vienna");
  expect(at(begin, "2027-10-31T00:30:00Z").exams).toEqual(["analysis"]);
  const end = policy([exam({ start: "2027-10-31T00:00", end: "2027-10-31T02:30", leadMinutes: 0 })], "Europe/Vienna");
  expect(at(end, "2027-10-31T01:29:59Z").exams).toEqual(["analysis"]);
  expect(at(end, "2027-10-31T01:30:00Z").exams).toEqual([]);
});

test("a time zone that nobody knows is refused", () => {
  expect(() => at(policy([exam({ timeZone: "Europe/Wien" })]), "2027-01-01T00:00:00Z")).toThrow(UnknownTimeZone);
});

test("bounds go into the values of the chart, and leave the others as they are", () => {
  const values = {
    image: { repository: "moodle", tag: "1" },
    site: { domain: "a.example.edu", name: "A", adminEmail: "a@example.edu" },
    web: { minReplicas: 2, maxReplicas: 10, drainSeconds: 5 },
    database: { type: "pgsql" as const, host: "d", port: 1, name: "m" },
    files: { storageClassName: "s", capacityGb: 1 },
  };
  expect(withBounds(values, undefined)).toBe(values);
  expect(withBounds(values, { minReplicas: 20, maxReplicas: 40, exams: [] }).web).toEqual({
    minReplicas: 20,
    maxReplicas: 40,
    drainSeconds: 5,
  });
});
