import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, PrometheusOperator } from "../ports";

export interface ModelRolloutProps {
  readonly cluster: ClusterAccess;
  /** The models' namespace. */
  readonly namespace: string;
  /** Models that have a rollout, by name: their ConfigMaps `<model>-rollout` are in the namespace. */
  readonly models: readonly string[];
  /** The Prometheus that counts the models' requests. */
  readonly prometheus: PrometheusServer;
  /** Reference of the image, by digest or tag. */
  readonly image: string;
  /** What watches the rollouts: metrics are served, and alert rules come with them. @default nothing */
  readonly monitoring?: PrometheusOperator;
  /** Minutes after which an alert tells that a step does not come to an end. @default 360 */
  readonly stuckMinutes?: number;
  /** What must exist first: KServe, and the release of the models' ConfigMaps, which is destroyed after this one. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** A Prometheus in the cluster, as pods reach it. */
export interface PrometheusServer {
  /** `http://` or `https://` address, with the path under which its API is, if any. */
  readonly url: string;
  /** Namespace of its pods, for the NetworkPolicy. */
  readonly namespace: string;
}

/**
 * Rolls new versions of models out: a CronJob that moves a share of the traffic at a time, as long as Prometheus says that
 * the new version answers as its policy asks. It alone owns the InferenceServices of these models, and takes them with it
 * when it is destroyed.
 */
export class ModelRollout extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: ModelRolloutProps) {
    super(scope, id);
    const { cluster, namespace, models, prometheus, image, monitoring } = props;
    const { release } = new ChartRelease(this, "rollout", {
      chart: { local: "model-rollout" },
      namespace,
      values: {
        image,
        models,
        prometheus: { url: prometheus.url, namespace: prometheus.namespace },
        monitoring: monitoring && { ...monitoring, stuckMinutes: props.stuckMinutes ?? 360 },
      },
      // Long enough for the Job that takes the models down with it: it waits for KServe.
      timeout: 600,
      dependsOn: [...cluster.ready, ...props.dependsOn],
    });
    this.ready = [release];
  }
}
