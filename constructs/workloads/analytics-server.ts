import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, SecretRef } from "../ports";
import { type AnalyticsBackend, secretValues } from "./moodle-values";

export interface AnalyticsServerProps {
  readonly cluster: ClusterAccess;
  /** That of the site. */
  readonly namespace: string;
  /** Holds `username` and `password`, with neither colon nor comma in them. */
  readonly secret: SecretRef;
  /** Reference of the image, by digest or tag. */
  readonly image: string;
  /** Processors. @default 1 */
  readonly cpu?: number;
  /** Memory, in GiB: half of one for each of two processes, and what is learnt from. @default 2 */
  readonly memoryGb?: number;
  /** Disk for what was learnt, in GiB. @default 5 */
  readonly capacityGb?: number;
  /** What must exist first beside the cluster: the namespace, its secret stores, the secret, nodes. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** The server of moodlemlbackend, by which the analytics of the site in its namespace learn and predict. */
export class AnalyticsServer extends Construct {
  /** How the site asks it. */
  readonly backend: AnalyticsBackend;
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: AnalyticsServerProps) {
    super(scope, id);
    const { cluster, namespace, secret, image, cpu = 1, memoryGb = 2, capacityGb = 5 } = props;
    const memory = `${Math.round(memoryGb * 1024)}Mi`;
    const { release } = new ChartRelease(this, "server", {
      chart: { local: "analytics" },
      namespace,
      values: {
        image,
        secret: secretValues(secret),
        storageClassName: cluster.volumeClassName,
        capacityGb,
        resources: { requests: { cpu: String(cpu), memory }, limits: { memory } },
      },
      // A node, the image, and TensorFlow into memory.
      timeout: 900,
      dependsOn: [...cluster.ready, ...props.dependsOn],
    });
    this.backend = {
      host: `analytics.${namespace}.svc`,
      port: 5000,
      secret,
      pods: { namespace, podLabels: { "app.kubernetes.io/name": "analytics" }, port: 5000 },
    };
    this.ready = [release];
  }
}
