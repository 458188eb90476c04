import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess } from "../ports";
import { CHARTS } from "../versions";
import { ControllerNetwork } from "./controller-network";

export interface KedaProps {
  readonly cluster: ClusterAccess;
  /** @default keda */
  readonly namespace?: string;
  /** Namespace of Prometheus, where it is in the cluster. @default none */
  readonly prometheusNamespace?: string;
  /** Mirror of upstream charts, as in `ChartReleaseProps`. */
  readonly chartRegistry?: string;
  /** What must exist first beside the cluster: the namespace. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * KEDA, which scales Deployments by what Prometheus knows. A cluster has one: its API service for external metrics
 * belongs to the cluster as a whole.
 */
export class Keda extends Construct {
  /** What a release with a ScaledObject depends on. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: KedaProps) {
    super(scope, id);
    const { cluster, namespace = "keda", prometheusNamespace, dependsOn } = props;
    const network = new ControllerNetwork(this, "network", {
      namespace,
      webhookPorts: [6443, 9443],
      calls: prometheusNamespace === undefined ? [] : [prometheusNamespace],
      dependsOn,
    });
    const { release } = new ChartRelease(this, "keda", {
      chart: CHARTS.keda,
      chartRegistry: props.chartRegistry,
      namespace,
      values: values(cluster),
      timeout: 600,
      dependsOn: [...cluster.ready, ...dependsOn, ...network.ready],
    });
    this.ready = [release];
  }
}

function values({ systemNodes }: ClusterAccess) {
  const twice = { replicaCount: 2 };
  const budget = { minAvailable: 1 };
  return {
    crds: { additionalAnnotations: { "helm.sh/resource-policy": "keep" } },
    image: { pullPolicy: "IfNotPresent" },
    // By which the platform's Prometheus knows who may ask it.
    podLabels: { keda: { "moodleplatform.io/prometheus-client": "true" } },
    operator: twice,
    metricsServer: twice,
    webhooks: twice,
    podDisruptionBudget: { operator: budget, metricServer: budget, webhooks: budget },
    resources: Object.fromEntries(
      ["operator", "metricServer", "webhooks"].map((name) => [
        name,
        { requests: { cpu: "50m", memory: "128Mi" }, limits: { cpu: "1", memory: "512Mi" } },
      ]),
    ),
    ...systemNodes,
  };
}
