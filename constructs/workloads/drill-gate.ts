import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, ObjectStore, WorkloadIdentity } from "../ports";
import { bucketValues } from "./backup-cron-jobs";

export interface DrillGateProps {
  readonly cluster: ClusterAccess;
  /** `verify` of the backups' identities. */
  readonly identity: WorkloadIdentity;
  /** The bucket of the backups. */
  readonly backupStore: ObjectStore;
  /** How long ago a drill may have passed, and how old its snapshot may have been then, such as `7d`. */
  readonly within: string;
  /** What is about to be upgraded, such as Moodle's image: the gate asks when it changes. */
  readonly subject: string;
  /** Reference of the backup's image, by digest or tag. */
  readonly image: string;
  /** What must exist first: the backups' release, whose service account it uses. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * Lets an upgrade go on only where a drill has passed lately. Its first release asks nothing: there is nothing to lose
 * yet. What shall be guarded depends on `ready`.
 */
export class DrillGate extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: DrillGateProps) {
    super(scope, id);
    const { cluster, identity, backupStore, within, subject, image } = props;
    const { release } = new ChartRelease(this, "gate", {
      chart: { local: "drill-gate" },
      namespace: identity.namespace,
      values: {
        image,
        serviceAccountName: identity.serviceAccountName,
        config: { repository: bucketValues(backupStore) },
        within,
        subject,
        network: { identityEndpoints: cluster.identityEndpoints },
      },
      timeout: 600,
      dependsOn: [...cluster.ready, ...identity.ready, ...backupStore.ready, ...props.dependsOn],
    });
    this.ready = [release];
  }
}
