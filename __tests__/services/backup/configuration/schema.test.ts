import fc from "fast-check";
import { secondsOf } from "../../../../services/backup/src/configuration/duration";
import { keepsNothing, retentionSchema } from "../../../../services/backup/src/configuration/retention";
import { shareOf } from "../../../../services/backup/src/configuration/schema";

test.each([
  ["90s", 90],
  ["15m", 900],
  ["7d", 604_800],
  ["1d12h", 129_600],
  ["2w", 1_209_600],
])("%s is %d seconds", (text, seconds) => expect(secondsOf(text)).toBe(seconds));

test.each(["", "7", "7 d", "-7d", "7y", "1.5h"])("%j is no duration", (text) =>
  expect(secondsOf(text)).toBeUndefined(),
);

test("a duration is the sum of its parts", () => {
  fc.assert(
    fc.property(fc.nat(999), fc.nat(999), fc.nat(999), (days, hours, seconds) => {
      expect(secondsOf(`${days}d${hours}h${seconds}s`)).toBe(days * 86_400 + hours * 3600 + seconds);
    }),
  );
});

test.each([
  ["5%", 0.05],
  ["2.5%", 0.025],
  ["100%", 1],
  ["0%", 0],
])("%s is a share of %d", (text, share) => expect(shareOf(text)).toBeCloseTo(share));

test.each(["5", "101%", "-1%", "%", "1e1%"])("%j is no share", (text) => expect(shareOf(text)).toBeUndefined());

test.each(["1y5m7d2h", "30d", "1y2h"])("restic's %s is a time to keep within", (keepWithin) => {
  expect(retentionSchema.safeParse({ keepWithin }).success).toBe(true);
});

test.each(["", "7", "2h1d", "1w", "7D"])("%j is none", (keepWithin) => {
  expect(retentionSchema.safeParse({ keepWithin }).success).toBe(false);
});

test("rules that keep nothing are told from rules that keep something", () => {
  expect(keepsNothing({})).toBe(true);
  expect(keepsNothing({ keepLast: 0, keepDaily: 0 })).toBe(true);
  expect(keepsNothing({ keepLast: 0, keepYearly: 1 })).toBe(false);
  expect(keepsNothing({ keepWithin: "1d" })).toBe(false);
});
