import { LoggingProjectBucketConfig } from "@cdktf/provider-google/lib/logging-project-bucket-config";
import { LoggingProjectExclusion } from "@cdktf/provider-google/lib/logging-project-exclusion";
import { LoggingProjectSink } from "@cdktf/provider-google/lib/logging-project-sink";
import { Construct } from "constructs";

export interface ContainerLogBucketProps {
  /** The bucket is `<name>-containers`, a name that stays taken for seven days after it is deleted. */
  readonly name: string;
  readonly project: string;
  readonly region: string;
  readonly clusterName: string;
  /** Days. */
  readonly retentionDays: number;
}

/**
 * Where GKE's logs of containers are kept: a bucket of their own, in the cluster's region and for as long as one wants.
 * They are left out of the project's default bucket, which would keep, and charge, them once more.
 *
 * Source: https://cloud.google.com/logging/docs/routing/overview
 */
export class ContainerLogBucket extends Construct {
  constructor(scope: Construct, id: string, props: ContainerLogBucketProps) {
    super(scope, id);
    const { project, region, clusterName, retentionDays } = props;
    const name = `${props.name}-containers`;
    const filter = `resource.type="k8s_container" AND resource.labels.cluster_name="${clusterName}"`;
    const bucket = new LoggingProjectBucketConfig(this, "bucket", {
      project,
      location: region,
      bucketId: name,
      retentionDays,
      description: `Containers of ${clusterName}`,
    });
    const sink = new LoggingProjectSink(this, "sink", {
      project,
      name,
      description: `Containers of ${clusterName}`,
      destination: `logging.googleapis.com/${bucket.id}`,
      filter,
      uniqueWriterIdentity: true,
    });
    new LoggingProjectExclusion(this, "exclusion", {
      project,
      name,
      description: `Containers of ${clusterName} are in the bucket ${name}`,
      filter,
      // Nothing is left out before there is another place for it.
      dependsOn: [sink],
    });
  }
}
