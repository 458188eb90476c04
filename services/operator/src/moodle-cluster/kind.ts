import { keyOf } from "../api-server/object";
import type { DriftCheck } from "../drift/check";
import { type DriftSchedule, driftFinding, lastDriftFinding } from "../drift/watch";
import type { Chart } from "../helm/charts";
import type { Helm } from "../helm/helm";
import type { Finding } from "../kernel/conditions";
import { CLUSTER, type MoodleBackup, type MoodleCluster } from "../kernel/types";
import type { View } from "../release/engine";
import type { ReleasedKind, Supplement } from "../release/released-kind";
import type { Bounds } from "../scale-policy/calendar";
import { desiredRelease } from "./desired";
import { lastSnapshot, upgradeSnapshot } from "./snapshots";

export interface MoodleClusterKindProps {
  readonly chart: Chart;
  readonly helm: Helm;
  readonly drift: DriftCheck;
  readonly driftSchedule: DriftSchedule;
  /** Bounds that a policy sets for a site now. */
  readonly bounds: (key: string) => Bounds | undefined;
  /** The backups of a site. */
  readonly backups: (key: string) => readonly MoodleBackup[];
}

/** A site: its release follows a scale policy, is compared with the cluster, and goes after a snapshot. */
export function moodleClusterKind(props: MoodleClusterKindProps): ReleasedKind<MoodleCluster> {
  return {
    type: CLUSTER,
    desired: (cluster) => desiredRelease(cluster, props.chart, props.bounds(keyOf(cluster))),
    snapshotBefore: upgradeSnapshot,
    lastSnapshot,
    atRest: async (cluster, view) => {
      const { findings, again } = await checkDrift(props, cluster, view);
      return { findings: [...findings, ...backupFindings(props, cluster)], again };
    },
    onTheWay: (cluster) => ({ findings: [...lastDriftFinding(cluster), ...backupFindings(props, cluster)] }),
    forget: (key) => props.driftSchedule.forget(key),
  };
}

async function checkDrift(
  { helm, drift, driftSchedule }: MoodleClusterKindProps,
  cluster: MoodleCluster,
  { records, workloads }: View,
): Promise<Supplement<MoodleCluster>> {
  const mode = cluster.spec.drift;
  if (mode === "off") return { findings: [] };
  const key = keyOf(cluster);
  const revision = records[0]?.revision ?? 0;
  const pause = driftSchedule.due(key, revision, workloads, Date.now());
  if (pause > 0) return { findings: lastDriftFinding(cluster), again: pause };
  const { namespace = "", name } = cluster.metadata;
  const found = await drift.differences(await helm.manifest({ namespace, name }), namespace);
  const isRepaired = mode === "enforce" && found.length > 0;
  if (isRepaired) await drift.repair(found);
  driftSchedule.compared(key, revision, workloads, Date.now());
  const again = driftSchedule.due(key, revision, workloads, Date.now());
  return { findings: [driftFinding(found, isRepaired)], again };
}

/** As the first of its MoodleBackups says; none where the site has none. */
function backupFindings({ backups }: MoodleClusterKindProps, cluster: MoodleCluster): Finding[] {
  const conditions = backups(keyOf(cluster)).flatMap(({ status }) => status?.conditions ?? []);
  return conditions.filter(({ type }) => type === "BackupFresh").slice(0, 1);
}
