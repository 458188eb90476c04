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

/** F5's NGINX Ingress Controller, for its own resources and for Ingresses of the class `nginx`. */
export class NginxIngress extends Construct {
  readonly className = "nginx";
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: IngressControllerProps) {
    super(scope, id);
    const { cluster, entrance } = props;
    const pods = INGRESS_CONTROLLER_PODS.nginx;
    const namespace = new IngressControllerNamespace(this, "namespace", { pods, entrance, dependsOn: cluster.ready });
    const { release } = new ChartRelease(this, "controller", {
      chart: CHARTS.nginxIngress,
      chartRegistry: props.chartRegistry,
      namespace: pods.namespace,
      values: nginxValues(props),
      timeout: 600,
      dependsOn: [...cluster.ready, ...namespace.ready, ...props.dependsOn],
    });
    this.ready = [release];
  }
}

/**
 * Helm installs the chart's `crds/` once and never again. Before CHARTS.nginxIngress is raised, apply the new ones:
 * `helm show crds oci://ghcr.io/nginx/charts/nginx-ingress --version <new> | kubectl apply --server-side -f -`.
 */
function nginxValues({ entrance, withCertManager }: IngressControllerProps) {
  const { min, max, cpuPercent } = CONTROLLER_REPLICAS;
  const proxyCidrs = entrance?.proxyCidrs ?? [];
  return {
    controller: {
      autoscaling: {
        enabled: true,
        minReplicas: min,
        maxReplicas: max,
        targetCPUUtilizationPercentage: cpuPercent,
        targetMemoryUtilizationPercentage: 90,
      },
      podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
      resources: { requests: { cpu: "200m", memory: "256Mi" }, limits: { memory: "768Mi" } },
      readOnlyRootFilesystem: true,
      // Told to end, it accepts nothing more and answers what it has accepted.
      lifecycle: { preStop: { sleep: { seconds: CONTROLLER_DRAIN.accept } } },
      terminationGracePeriodSeconds: CONTROLLER_DRAIN.all,
      ingressClass: { name: "nginx", create: true, setAsDefaultIngress: false },
      // It asks for certificates of its own hosts, and answers what an ACME authority asks over HTTP.
      enableCertManager: withCertManager ?? false,
      enableSnippets: false,
      // Without a network load balancer of its own there is no address to report.
      reportIngressStatus: { enable: false },
      telemetryReporting: { enable: false },
      service: serviceOf(entrance),
      config: {
        entries: {
          "server-tokens": "off",
          "ssl-protocols": "TLSv1.2 TLSv1.3",
          "keepalive-timeout": keepAliveBehind(entrance),
          ...(proxyCidrs.length > 0
            ? {
                "set-real-ip-from": proxyCidrs.join(","),
                "real-ip-header": "X-Forwarded-For",
                "real-ip-recursive": "True",
              }
            : {}),
        },
      },
    },
  };
}
