import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ControllerEntrance } from "../ports";
import { CHARTS } from "../versions";
import {
  CONTROLLER_DRAIN,
  CONTROLLER_REPLICAS,
  INGRESS_CONTROLLER_PODS,
  IngressControllerNamespace,
  type IngressControllerProps,
  keepAliveBehind,
  serviceOf,
} from "./ingress-controller";

/** Contour with its Envoys, for HTTPProxies and for Ingresses of the class `contour`. */
export class Contour extends Construct {
  readonly className = "contour";
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: IngressControllerProps) {
    super(scope, id);
    const { cluster, entrance } = props;
    const pods = INGRESS_CONTROLLER_PODS.contour;
    const namespace = new IngressControllerNamespace(this, "namespace", { pods, entrance, dependsOn: cluster.ready });
    const { release } = new ChartRelease(this, "controller", {
      chart: CHARTS.contour,
      chartRegistry: props.chartRegistry,
      namespace: pods.namespace,
      values: contourValues({
        className: this.className,
        entrance,
        ownsDefinitions: props.hasDefinitions !== true,
      }),
      timeout: 600,
      dependsOn: [...cluster.ready, ...namespace.ready, ...props.dependsOn],
    });
    this.ready = [release];
  }
}

export interface ContourValues {
  /** Class of the resources that it reads: each Contour of a cluster has one of its own. */
  readonly className: string;
  /** @default none, it serves the cluster alone */
  readonly entrance?: ControllerEntrance;
  /** Whether it brings the definitions along, as one Contour of a cluster must. */
  readonly ownsDefinitions: boolean;
}

/** The values of Contour's chart. */
export function contourValues({ className, entrance, ownsDefinitions }: ContourValues) {
  const { min, max, cpuPercent } = CONTROLLER_REPLICAS;
  // NetworkPolicies are those of the namespace: the chart's own would admit everybody.
  const networkPolicy = { enabled: false };
  const keepAlive = keepAliveBehind(entrance);
  return {
    configInline: keepAlive && { timeouts: { "connection-idle-timeout": keepAlive } },
    contour: {
      replicaCount: 2,
      pdb: { create: true, maxUnavailable: 1 },
      ingressClass: { name: className, create: true, default: false },
      manageCRDs: ownsDefinitions,
      resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "384Mi" } },
      certgen: { networkPolicy },
      networkPolicy,
    },
    envoy: {
      kind: "deployment",
      autoscaling: { enabled: true, minReplicas: min, maxReplicas: max, targetCPU: cpuPercent },
      pdb: { create: true, maxUnavailable: 1 },
      podAntiAffinityPreset: "soft",
      resources: { requests: { cpu: "200m", memory: "192Mi" }, limits: { memory: "768Mi" } },
      // The group of root, which the chart gives volumes to, is not needed: Envoy's are in memory.
      podSecurityContext: { fsGroup: 1001 },
      service: serviceOf(entrance),
      terminationGracePeriodSeconds: CONTROLLER_DRAIN.all,
      networkPolicy,
    },
  };
}
