import { keyOf } from "../api-server/object";
import type { CredentialWatch } from "../credentials/watch";
import type { DriftCheck } from "../drift/check";
import { type DriftSchedule, driftFinding, lastDriftFinding } from "../drift/watch";
import type { Chart } from "../helm/charts";
import type { Helm } from "../helm/helm";
import type { Finding } from "../kernel/conditions";
import { CLUSTER, type MoodleBackup, type MoodleCluster } from "../kernel/types";
import type { View } from "../release/engine";
import { availabilityOf } from "../release/readiness";
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
  readonly credentials: CredentialWatch;
  /** The backups of a site. */
  readonly backups: (key: string) => readonly MoodleBackup[];
}

/** A site: its release follows a scale policy, is compared with the cluster, and goes after a snapshot. */
export function moodleClusterKind(props: MoodleClusterKindProps): ReleasedKind<MoodleCluster> {
  const { credentials } = props;
  const desired = (cluster: MoodleCluster) =>
    desiredRelease(cluster, props.chart, props.bounds(keyOf(cluster)), credentials.loginsOf(cluster));
  return {
    type: CLUSTER,
    desired,
    snapshotBefore: upgradeSnapshot,
    lastSnapshot,
    atRest: async (cluster, view) => {
      const { findings, again } = await checkDrift(props, cluster, view);
      // A check may have found another login meanwhile: what rests is then not what is wanted.
      if (view.records[0]?.digest === desired(cluster).digest) credentials.settled(cluster);
      if (!availabilityOf(view.workloads).isAvailable) credentials.suspect(cluster);
      return { ...supplement(props, cluster, findings), again };
    },
    onTheWay: (cluster) => {
      credentials.suspect(cluster);
      return supplement(props, cluster, lastDriftFinding(cluster));
    },
    forget: (key) => {
      props.driftSchedule.forget(key);
      credentials.forget(key);
    },
  };
}

function supplement(
  props: MoodleClusterKindProps,
  cluster: MoodleCluster,
  drift: readonly Finding[],
): Supplement<MoodleCluster> {
  const logins = props.credentials.loginsOf(cluster);
  return {
    findings: [...drift, ...props.credentials.findings(cluster), ...backupFindings(props, cluster)],
    status: { logins: logins.length === 0 ? undefined : [...logins] },
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
