/** The alert rules of charts/moodle-operator on conditions, as Prometheus evaluates them. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describeWithPromtool, firing, ONE, Rules, type Series } from "./support/promtool";

const prometheus = new Rules(
  readFileSync(resolve(__dirname, "../../charts/moodle-operator/files/alerts.yaml"), "utf8"),
);

const condition = (kind: string, type: string, status: string, pod: string) =>
  `moodle_operator_condition{job="RELEASE", kind="${kind}", namespace="sites", name="one", condition="${type}", status="${status}", pod="${pod}"}`;

/** For each alert the kind, the condition and its status, and for how many minutes it must be so. */
const CASES: readonly (readonly [string, string, string, string, number])[] = [
  ["MoodleOperatorStalled", "MoodleCluster", "Stalled", "True", 5],
  ["MoodleOperatorNotReady", "MoodleCluster", "Ready", "False", 60],
  ["MoodleOperatorCredentialsRefused", "MoodleCluster", "CredentialsCurrent", "Unknown", 30],
  ["MoodleOperatorDrifted", "MoodleCluster", "Drifted", "True", 60],
  ["MoodleOperatorBackupTooOld", "MoodleBackup", "BackupFresh", "False", 15],
];
const long = CASES.filter(([, , , , minutes]) => minutes >= 30);

describeWithPromtool("Prometheus, on the rules of charts/moodle-operator", () => {
  test.each(CASES)("fires %s of %s %s=%s after %d minutes, and not before", (alert, kind, type, status, minutes) => {
    const series = { [condition(kind, type, status, "a")]: `1x${minutes + 10}` };
    expect(prometheus.evaluate(series, firing(alert), `${minutes - 1}m`, [])).toBe("as expected");
    expect(prometheus.evaluate(series, firing(alert), `${minutes + 2}m`, ONE)).toBe("as expected");
  });

  test.each(long)(
    "fires %s of %s %s=%s in time, once, whoever leads meanwhile",
    (alert, kind, type, status, minutes) => {
      const half = minutes / 2;
      const series: Series = {
        [condition(kind, type, status, "a")]: `1x${half - 1} stale`,
        [condition(kind, type, status, "b")]: `_x${half + 2} 1x${minutes}`,
      };
      expect(prometheus.evaluate(series, firing(alert), `${minutes + 2}m`, ONE)).toBe("as expected");
    },
  );

  test.each(long)(
    "keeps %s of %s %s=%s silent where it is so for a minute in five",
    (alert, kind, type, status, minutes) => {
      const good = status === "True" ? "False" : "True";
      const cycles = (pattern: string) =>
        Array(minutes / 5 + 2)
          .fill(pattern)
          .join(" ");
      const series: Series = {
        [condition(kind, type, status, "a")]: cycles("1 stale _x3"),
        [condition(kind, type, good, "a")]: cycles("stale 1x3"),
      };
      expect(prometheus.evaluate(series, firing(alert), `${minutes + 2}m`, [])).toBe("as expected");
    },
  );

  test.each(long)("keeps %s of %s %s=%s silent once it is over", (alert, kind, type, status, minutes) => {
    const series = { [condition(kind, type, status, "a")]: `1x${minutes - 10} stale` };
    expect(prometheus.evaluate(series, firing(alert), `${minutes + 5}m`, [])).toBe("as expected");
  });
});
