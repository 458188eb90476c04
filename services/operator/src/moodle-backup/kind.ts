import { keyOf } from "../api-server/object";
import type { Chart } from "../helm/charts";
import { revisionDigest } from "../helm/charts";
import type { Index } from "../kernel/store";
import { BACKUP, type MoodleBackup } from "../kernel/types";
import type { Desired } from "../release/engine";
import type { Workload } from "../release/readiness";
import type { ReleasedKind, Supplement } from "../release/released-kind";
import { freshnessOf } from "./freshness";

export interface MoodleBackupKindProps {
  readonly chart: Chart;
  readonly cronJobs: Index<Workload>;
}

/** Backups: their release has nothing to wait for or to test, and what its CronJobs do grows old. */
export function moodleBackupKind({ chart, cronJobs }: MoodleBackupKindProps): ReleasedKind<MoodleBackup> {
  return {
    type: BACKUP,
    desired: (backup) => desiredBackup(backup, chart),
    atRest: async (backup) => {
      const { finding, runs, again } = freshnessOf(backup.spec, cronJobs.get(keyOf(backup)), Date.now());
      return { findings: [finding], status: { runs, lastSnapshot: lastSnapshot(runs) }, again };
    },
    onTheWay: lastFreshness,
    forget: () => {},
  };
}

function desiredBackup({ metadata, spec }: MoodleBackup, chart: Chart): Desired {
  return {
    kind: BACKUP.kind,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    generation: metadata.generation ?? 0,
    created: Date.parse(metadata.creationTimestamp ?? ""),
    chart,
    values: spec.values,
    digest: revisionDigest(chart, spec.values),
    // charts/backup has no test of its own: a drill is one.
    rollout: { ...spec.rollout, test: false },
  };
}

function lastFreshness({ status }: MoodleBackup): Supplement<MoodleBackup> {
  const known = status?.conditions?.filter(({ type }) => type === "BackupFresh") ?? [];
  return { findings: known, status: { runs: status?.runs, lastSnapshot: status?.lastSnapshot } };
}

function lastSnapshot(runs: readonly { readonly command: string; readonly lastSuccess?: string }[]) {
  return runs.find(({ command }) => command === "snapshot")?.lastSuccess;
}
