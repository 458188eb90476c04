import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import { refuse } from "../core/errors";
import type {
  CloudSnapshotSource,
  ClusterAccess,
  DatabaseEndpoint,
  ObjectStore,
  PrometheusOperator,
  SecretRef,
  WorkloadIdentity,
} from "../ports";
import { longestPauseHours } from "./cron-pause";
import { secretValues } from "./moodle-values";

export interface BackupCronJobsProps {
  readonly cluster: ClusterAccess;
  /** All in Moodle's namespace. */
  readonly identities: BackupIdentities;
  readonly database: DatabaseEndpoint;
  /** Moodle's bucket. @default all files are on the shared volume */
  readonly objectStore?: ObjectStore;
  /** Claim of Moodle's shared files, in the identities' namespace. */
  readonly filesClaimName: string;
  /** The bucket of the backups. */
  readonly backupStore: ObjectStore;
  /** The bucket from which restores come, such as another environment's. @default `backupStore` */
  readonly restoreStore?: ObjectStore;
  /** Holds `signingSecret`, a random text: the repository's key is made of it. */
  readonly signingSecret: SecretRef;
  /** When each command runs: five cron fields. */
  readonly schedules?: Partial<BackupSchedules>;
  /** Time zone of the schedules. @default Etc/UTC */
  readonly timeZone?: string;
  /** Which snapshots are kept. */
  readonly retention: BackupRetention;
  /** Days during which nobody can delete a snapshot. */
  readonly lockDays: number;
  /** Share of all files that a verification reads, going on where the last one ended. @default 5% */
  readonly readDataSubset?: string;
  /** Whether a snapshot that lacks files which Moodle has lost counts as made, by its Job and by the alerts. @default false */
  readonly allowPartial?: boolean;
  /** Snapshots that the cloud makes of the database beside each of the program's, and how many it keeps. @default none */
  readonly cloudSnapshots?: CloudSnapshotSource & { readonly keep: number };
  /** Reference of the image, by digest or tag. */
  readonly image: string;
  /** Space for the dump of the database, in GiB. @default 20 */
  readonly scratchGb?: number;
  /** Space for a drill: the dump, and the database that is restored from it, in GiB. @default 100 */
  readonly drillGb?: number;
  /** What watches the backups: metrics are served, and alert rules come with them. @default nothing */
  readonly monitoring?: PrometheusOperator;
  /** What must exist first beside cluster, identities and stores: the database's roles, the secret stores. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** One for each kind of work: none may do what is another's. */
export interface BackupIdentities {
  /** Reads Moodle's bucket, writes the backups'. */
  readonly snapshot: WorkloadIdentity;
  /** Reads the backups, writes `drills/` and `verifications/` there. */
  readonly verify: WorkloadIdentity;
  /** Reads and deletes backups. */
  readonly prune: WorkloadIdentity;
  /** Reads the backups, writes Moodle's bucket. */
  readonly restore: WorkloadIdentity;
}

export interface BackupSchedules {
  /** @default daily at 02:15 */
  readonly snapshot: string;
  /** @default Sundays at 08:00 */
  readonly verify: string;
  /** @default daily at 06:30 */
  readonly prune: string;
  /** @default Saturdays at 08:00 */
  readonly drill: string;
}

/** Restic's words: https://restic.readthedocs.io/en/stable/060_forget.html */
export interface BackupRetention {
  readonly keepLast?: number;
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
  /** All of this time before the newest, such as `1y5m7d2h`. */
  readonly keepWithin?: string;
}

const SCHEDULES: BackupSchedules = {
  snapshot: "15 2 * * *",
  verify: "0 8 * * 0",
  prune: "30 6 * * *",
  drill: "0 8 * * 6",
};

/**
 * CronJobs that back up a site, database and files together, prove that it can be restored, and let old backups go; and
 * one that never runs by itself, from which a person makes a restore.
 *
 * @throws ConfigurationError for a schedule that never runs
 */
export class BackupCronJobs extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: BackupCronJobsProps) {
    super(scope, id);
    const { cluster, identities, database, objectStore, backupStore, monitoring } = props;
    const schedules = { ...SCHEDULES, ...props.schedules };
    const maxAgeHours = this.maxAgeHours(schedules);
    const { release } = new ChartRelease(this, "cron-jobs", {
      chart: { local: "backup" },
      namespace: identities.snapshot.namespace,
      values: {
        image: props.image,
        serviceAccounts: Object.fromEntries(
          Object.entries(identities).map(([use, { serviceAccountName }]) => [use, { name: serviceAccountName }]),
        ),
        config: {
          repository: bucketValues(backupStore),
          database: {
            engine: database.engine,
            host: database.host,
            port: database.port,
            name: database.databaseName,
          },
          files: objectStore === undefined ? {} : { objectStore: bucketValues(objectStore) },
          retention: { ...props.retention },
          lockDays: props.lockDays,
          readDataSubset: props.readDataSubset ?? "5%",
          cloudSnapshots: props.cloudSnapshots,
        },
        caCertificates: database.caCertificates,
        databaseSecret: secretValues(database.secrets.backup),
        restoreSecret: secretValues(database.secrets.application),
        restoreRepository: props.restoreStore && bucketValues(props.restoreStore),
        signingSecret: secretValues(props.signingSecret),
        filesClaimName: props.filesClaimName,
        allowPartial: props.allowPartial ?? false,
        schedules,
        timeZone: props.timeZone ?? "Etc/UTC",
        scratch: { storageClassName: cluster.volumeClassName, sizeGb: props.scratchGb ?? 20 },
        drill: { sizeGb: props.drillGb ?? 100 },
        monitoring: monitoring && { ...monitoring, maxAgeHours },
        network: { databaseCidrs: database.cidrs, identityEndpoints: cluster.identityEndpoints },
      },
      timeout: 600,
      dependsOn: [
        ...cluster.ready,
        ...Object.values(identities).flatMap(({ ready }: WorkloadIdentity) => ready),
        ...database.ready,
        ...(objectStore?.ready ?? []),
        ...backupStore.ready,
        ...props.dependsOn,
      ],
    });
    this.ready = [release];
  }

  /** A quarter more than the longest pause between two runs, and three hours for the run itself. */
  private maxAgeHours({ prune: _, ...schedules }: BackupSchedules) {
    const entries = Object.entries(schedules).map(([use, schedule]) => {
      const pause = longestPauseHours(schedule);
      if (!Number.isFinite(pause)) {
        refuse(this.node.path, {
          path: `schedules.${use}`,
          given: schedule,
          allowed: "five cron fields that match some day",
          remedy: "correct the schedule",
        });
      }
      return [use, Math.ceil(pause * 1.25 + 3)];
    });
    return Object.fromEntries(entries);
  }
}

/** A bucket in the words of the program's configuration. */
export function bucketValues({ kind, bucketName, region, keyPrefix }: ObjectStore) {
  return { kind, bucket: bucketName, region, prefix: keyPrefix };
}
