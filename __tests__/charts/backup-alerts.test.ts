/** Alerts and dashboard of charts/backup: they ask for metrics that the program serves, and each has its guide. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { exposeState } from "../../services/backup/src/cli/metrics/exposition";
import { drill, manifest } from "../services/backup/cli/fake-world";
import type { Resource } from "../support/template";
import { metricsIn, selectorsIn } from "./promql";

const root = join(__dirname, "../..");
const rules: Resource[] = parse(readFileSync(join(root, "charts/backup/files/alerts.yaml"), "utf8")).groups.flatMap(
  (group: Resource) => group.rules,
);
const { panels }: Resource = JSON.parse(readFileSync(join(root, "charts/backup/files/dashboard.json"), "utf8"));
const queries = [
  ...rules.map(({ alert, expr }) => [alert, expr]),
  ...panels.flatMap(({ title, targets }: Resource) => targets.map(({ expr }: Resource) => [title, expr])),
] as [string, string][];
const guide = readFileSync(join(root, "docs/backup.md"), "utf8");

const time = new Date("2026-08-21T00:00:00Z");
const state = {
  repository: { format: 1, id: manifest.repository, createdAt: time.toISOString(), publicKey: "" },
  snapshots: [manifest],
  verification: {
    format: 1,
    id: manifest.id,
    repository: manifest.repository,
    startedAt: time,
    finishedAt: time,
    snapshots: 1,
    blobs: 1,
    read: { objects: 0, bytes: 0 },
    findings: 0,
    nextPrefix: "",
    nextDump: "",
  },
  drill,
  passedDrill: drill,
} as const;
const served = exposeState(state, { cloudSnapshots: true });

test.each(queries)("%s asks for metrics that the program serves", (_, expr) => {
  const names = metricsIn(expr.replaceAll(/[A-Z]+_HOURS/g, "1"));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names.filter((one) => one !== "up")) expect(served).toMatch(new RegExp(`^${name}[ {]`, "m"));
});

test("where partial snapshots count, MoodleBackupTooOld asks for a metric that the program serves", () => {
  expect(served).toMatch(/^moodle_backup_last_snapshot_timestamp_seconds /m);
});

test.each(queries)("%s looks at this site alone", (_, expr) => {
  for (const selector of selectorsIn(expr)) {
    expect(selector).toMatch(/^\{namespace=["']NAMESPACE["'], job=["']RELEASE["'][,}]/);
  }
});

test.each(rules.map((rule) => [rule.alert, rule]))(
  "%s says how bad it is, what is wrong and what to do",
  (alert, rule) => {
    expect(["critical", "warning"]).toContain(rule.labels.severity);
    expect(rule.annotations.summary).toMatch(/RELEASE in NAMESPACE.*\.$/);
    expect(rule.annotations.description).toMatch(/\.$/);
    expect(rule.annotations.runbook).toBe(`docs/backup.md#${alert.toLowerCase()}`);
  },
);

test("the guide has every alert, in their order, and none that is gone", () => {
  const described = Array.from(guide.matchAll(/^### (MoodleBackup\w+)$/gm), ([, name]) => name);
  expect(described).toEqual(rules.map(({ alert }) => alert));
});
