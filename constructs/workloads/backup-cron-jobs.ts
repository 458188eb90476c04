import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, DatabaseEndpoint, ObjectStore, WorkloadIdentity } from "../ports";
import { ExternalSecrets } from "./external-secrets";

export interface BackupCronJobsProps {
  readonly cluster: ClusterAccess;
  /** Identity of the backup: it reads Moodle's bucket and writes the backups'. */
  readonly identity: WorkloadIdentity;
  readonly database: DatabaseEndpoint;
  /** Moodle's bucket. @default all files are on the shared volume */
  readonly objectStore?: ObjectStore;
  /** Claim of Moodle's shared files, in the identity's namespace. */
  readonly filesClaimName: string;
  /** The bucket of the backups. */
  readonly backupStore: ObjectStore;
  /** When a backup is made: five cron fields. */
  readonly schedule: string;
  /** When backups that need not be kept are let go: five cron fields. @default Sundays at 06:30 */
  readonly pruneSchedule?: string;
  /** Time zone of the schedules. @default Etc/UTC */
  readonly timeZone?: string;
  /** Daily backups kept. */
  readonly keepDaily: number;
  /** Weekly backups kept. */
  readonly keepWeekly: number;
  /** Monthly backups kept. */
  readonly keepMonthly: number;
  /** Days during which nobody can delete a backup. */
  readonly lockDays: number;
  /** Reference of the image, by digest or tag. */
  readonly image: string;
  /** Space for the dump of the database, in GiB, on the node's own disk. @default 20 */
  readonly scratchGb?: number;
  /** What must exist first beside cluster, identity and stores: the database's roles, the secret stores, the claim. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** CronJobs that back up a site, database and files together, under an identity of their own, and keep what they must. */
export class BackupCronJobs extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: BackupCronJobsProps) {
    super(scope, id);
    const { cluster, identity, database, objectStore, backupStore } = props;
    const { release } = new ChartRelease(this, "cron-jobs", {
      chart: { local: "backup" },
      namespace: identity.namespace,
      values: {
        image: props.image,
        serviceAccountName: identity.serviceAccountName,
        config: {
          database: {
            engine: database.engine,
            host: database.host,
            port: database.port,
            name: database.databaseName,
          },
          ...(objectStore === undefined ? {} : { objectStore: bucket(objectStore) }),
          repository: bucket(backupStore),
          retention: {
            keepDaily: props.keepDaily,
            keepWeekly: props.keepWeekly,
            keepMonthly: props.keepMonthly,
            lockDays: props.lockDays,
          },
        },
        caCertificates: database.caCertificates,
        databaseSecret: {
          storeName: ExternalSecrets.storeName(database.secrets.backup.store),
          name: database.secrets.backup.name,
        },
        filesClaimName: props.filesClaimName,
        schedules: { snapshot: props.schedule, prune: props.pruneSchedule ?? "30 6 * * 0" },
        timeZone: props.timeZone ?? "Etc/UTC",
        scratchGb: props.scratchGb ?? 20,
        network: { databaseCidrs: database.cidrs, identityEndpoints: cluster.identityEndpoints },
      },
      timeout: 300,
      dependsOn: [
        ...cluster.ready,
        ...identity.ready,
        ...database.ready,
        ...(objectStore?.ready ?? []),
        ...backupStore.ready,
        ...props.dependsOn,
      ],
    });
    this.ready = [release];
  }
}

function bucket({ kind, bucketName, region }: ObjectStore) {
  return { kind, bucket: bucketName, region };
}
