/** The alert rules of charts/backup, as Prometheus evaluates them. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { describeWithPromtool, firing, ONE, Rules, type Series } from "../support/promtool";

const file = readFileSync(resolve(__dirname, "../../../charts/backup/files/alerts.yaml"), "utf8");
const rules = file.replaceAll(/(SNAPSHOT|VERIFY|DRILL)_HOURS/g, "33");
const prometheus = new Rules(rules, "15m");
/** With `allowPartial`, as the chart writes them. */
const lenient = new Rules(rules.replaceAll("last_complete_snapshot", "last_snapshot"), "15m");

const site = 'namespace="NAMESPACE", job="RELEASE"';
const backup = (name: string, labels = "") => `moodle_backup_${name}{${site}${labels}, pod="metrics"}`;
const HOUR = 3600;

/** Time begins at 0: what took place then is as old as the moment that is looked at. */
const CASES: Readonly<Record<string, { readonly at: string; readonly fires: Series; readonly silent: Series }>> = {
  MoodleBackupTooOld: {
    at: "34h",
    fires: {
      [backup("repository_created_timestamp_seconds")]: "0x200",
      [backup("last_complete_snapshot_timestamp_seconds")]: `${HOUR / 2}x200`,
    },
    silent: {
      [backup("repository_created_timestamp_seconds")]: "0x200",
      [backup("last_complete_snapshot_timestamp_seconds")]: `${2 * HOUR}x200`,
    },
  },
  MoodleBackupPartial: {
    at: "1h",
    fires: { [backup("last_snapshot_missing_files")]: "0 2x20" },
    silent: { [backup("last_snapshot_missing_files")]: "2 0x20" },
  },
  MoodleBackupWithoutCloudSnapshot: {
    at: "1h",
    fires: { [backup("last_snapshot_cloud_snapshot")]: "1 0x20" },
    silent: { [backup("last_snapshot_cloud_snapshot")]: "0 1x20" },
  },
  MoodleBackupUnreadable: {
    at: "1h",
    fires: { [backup("snapshots", ', status="unreadable"')]: "1x20" },
    silent: {
      [backup("snapshots", ', status="unreadable"')]: "0x20",
      [backup("snapshots", ', status="partial"')]: "1x20",
    },
  },
  MoodleBackupVerificationFailed: {
    at: "1h",
    fires: { [backup("last_verification_findings")]: "3x20" },
    silent: { [backup("last_verification_findings")]: "0x20" },
  },
  MoodleBackupVerificationTooOld: {
    at: "34h",
    // Never verified since the repository was made.
    fires: { [backup("repository_created_timestamp_seconds")]: "0x200" },
    silent: {
      [backup("repository_created_timestamp_seconds")]: "0x200",
      [backup("last_verification_timestamp_seconds")]: `${20 * HOUR}x200`,
    },
  },
  MoodleBackupDrillFailed: {
    at: "1h",
    fires: { [backup("last_drill_passed")]: "0x20" },
    silent: { [backup("last_drill_passed")]: "1x20" },
  },
  MoodleBackupDrillTooOld: {
    at: "34h",
    // One that failed does not count.
    fires: {
      [backup("repository_created_timestamp_seconds")]: "0x200",
      [backup("last_drill_timestamp_seconds")]: `${30 * HOUR}x200`,
    },
    silent: {
      [backup("repository_created_timestamp_seconds")]: "0x200",
      [backup("last_passed_drill_timestamp_seconds")]: `${30 * HOUR}x200`,
    },
  },
  MoodleBackupNoRepository: {
    at: "34h",
    fires: { [backup("repository")]: "0x200" },
    silent: { [backup("repository")]: "0x100 1x100" },
  },
  MoodleBackupUnwatched: {
    at: "3h",
    fires: { [`up{${site}, pod="metrics"}`]: "1 1 0x20" },
    silent: { [`up{${site}, pod="metrics"}`]: "0 0 1x20", [`up{${site}, pod="old"}`]: "0x20" },
  },
};

describeWithPromtool("Prometheus, on the rules of charts/backup", () => {
  test("finds every alert tested", () => {
    const [{ rules: all }] = parse(file).groups;
    expect(Object.keys(CASES)).toEqual(all.map(({ alert }: { alert: string }) => alert));
  });

  test.each(Object.entries(CASES))("fires %s when it must", (alert, { at, fires }) => {
    expect(prometheus.evaluate(fires, firing(alert), at, ONE)).toBe("as expected");
  });

  test.each(Object.entries(CASES))("keeps %s silent when it must", (alert, { at, silent }) => {
    expect(prometheus.evaluate(silent, firing(alert), at, [])).toBe("as expected");
  });

  describe("on a site whose snapshots are partial for good", () => {
    const partial = (last: string): Series => ({
      [backup("repository_created_timestamp_seconds")]: "0x200",
      [backup("last_complete_snapshot_timestamp_seconds")]: "0x200",
      [backup("last_snapshot_timestamp_seconds")]: last,
    });
    const fires = firing("MoodleBackupTooOld");

    test("MoodleBackupTooOld fires, unless they count as made", () => {
      const current = partial(`0+${HOUR / 4}x200`);
      expect(prometheus.evaluate(current, fires, "40h", ONE)).toBe("as expected");
      expect(lenient.evaluate(current, fires, "40h", [])).toBe("as expected");
    });

    test("MoodleBackupTooOld fires where they count as made, and no more are", () => {
      expect(lenient.evaluate(partial(`${HOUR / 2}x200`), fires, "34h", ONE)).toBe("as expected");
    });
  });

  test("MoodleBackupNoRepository comes in time, whichever metrics pod tells of it, and stays", () => {
    const told = (pod: string, values: string) => [`moodle_backup_repository{${site}, pod="${pod}"}`, values];
    // 20 hours, half an hour of none, 15 hours, and another.
    const series = Object.fromEntries([
      told("a", "0x79 stale"),
      told("b", "_x82 0x59 stale"),
      told("c", "_x142 0x200"),
    ]);
    const fires = firing("MoodleBackupNoRepository");
    expect(prometheus.evaluate(series, fires, "32h", [])).toBe("as expected");
    expect(prometheus.evaluate(series, fires, "34h", ONE)).toBe("as expected");
    expect(prometheus.evaluate(series, fires, "60h", ONE)).toBe("as expected");
  });

  test("a site without metrics of its own is not taken for another", () => {
    const other = { 'up{namespace="NAMESPACE", job="OTHER", pod="metrics"}': "1x20" };
    expect(prometheus.evaluate(other, firing("MoodleBackupUnwatched"), "3h", ONE)).toBe("as expected");
  });
});
