import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
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

/** Traefik, for its own resources and for Ingresses of the class `traefik`. */
export class Traefik extends Construct {
  readonly className = "traefik";
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: IngressControllerProps) {
    super(scope, id);
    const { cluster, entrance } = props;
    const pods = INGRESS_CONTROLLER_PODS.traefik;
    const namespace = new IngressControllerNamespace(this, "namespace", { pods, entrance, dependsOn: cluster.ready });
    const { release } = new ChartRelease(this, "controller", {
      chart: CHARTS.traefik,
      chartRegistry: props.chartRegistry,
      namespace: pods.namespace,
      values: traefikValues(props),
      timeout: 600,
      dependsOn: [...cluster.ready, ...namespace.ready, ...props.dependsOn],
    });
    this.ready = [release];
  }
}

/**
 * Helm installs the chart's `crds/` once and never again. Before CHARTS.traefik is raised, apply the new ones:
 * `helm show crds traefik --repo https://traefik.github.io/charts --version <new> | kubectl apply --server-side -f -`.
 */
function traefikValues({ entrance }: IngressControllerProps) {
  const { min, max, cpuPercent } = CONTROLLER_REPLICAS;
  const entryPoint = {
    forwardedHeaders: { trustedIPs: entrance?.proxyCidrs ?? [] },
    transport: {
      respondingTimeouts: {
        // The whole of an upload: by default a slow one is cut off after a minute.
        readTimeout: "30m",
        idleTimeout: keepAliveBehind(entrance),
      },
      lifeCycle: {
        requestAcceptGraceTimeout: `${CONTROLLER_DRAIN.accept}s`,
        graceTimeOut: `${CONTROLLER_DRAIN.answer}s`,
      },
    },
  };
  return {
    // No replicas: they are the autoscaler's.
    deployment: { replicas: null, terminationGracePeriodSeconds: CONTROLLER_DRAIN.all },
    autoscaling: {
      enabled: true,
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: cpuPercent } },
        },
      ],
    },
    podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { "app.kubernetes.io/name": "traefik" } },
      },
    ],
    resources: { requests: { cpu: "200m", memory: "128Mi" }, limits: { memory: "512Mi" } },
    ingressClass: { isDefaultClass: false },
    providers: { kubernetesIngress: { publishedService: { enabled: false } } },
    ports: { web: entryPoint, websecure: entryPoint },
    global: { checkNewVersion: false },
    service: { spec: serviceOf(entrance) },
  };
}
