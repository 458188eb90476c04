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
  serviceOf,
} from "./ingress-controller";

/**
 * Istio as a gateway: its definitions, its control plane and one ingress gateway, `istio-ingressgateway` in `istio-system`.
 * No pod gets a sidecar.
 */
export class Istio extends Construct {
  readonly className = "istio";
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: IngressControllerProps) {
    super(scope, id);
    const { cluster, entrance, chartRegistry } = props;
    const pods = INGRESS_CONTROLLER_PODS.istio;
    const namespace = new IngressControllerNamespace(this, "namespace", {
      pods,
      entrance,
      webhookPorts: [WEBHOOK_PORT],
      // Knative's Services in the cluster, and its own question whether a gateway knows them.
      clusterPorts: [pods.httpPort, pods.httpsPort, LOCAL_GATEWAY_PORT],
      dependsOn: cluster.ready,
    });
    const base = new ChartRelease(this, "base", {
      chart: CHARTS.istioBase,
      releaseName: "istio-base",
      chartRegistry,
      namespace: pods.namespace,
      values: { defaultRevision: "default" },
      timeout: 300,
      dependsOn: [...cluster.ready, ...namespace.ready, ...props.dependsOn],
    });
    const istiod = new ChartRelease(this, "istiod", {
      chart: CHARTS.istiod,
      chartRegistry,
      namespace: pods.namespace,
      values: istiodValues(),
      timeout: 600,
      dependsOn: [base.release],
    });
    const gateway = new ChartRelease(this, "gateway", {
      chart: CHARTS.istioGateway,
      releaseName: pods.serviceName,
      chartRegistry,
      namespace: pods.namespace,
      values: gatewayValues(props),
      timeout: 600,
      // Its pods are completed by istiod's webhook.
      dependsOn: [istiod.release],
    });
    this.ready = [base.release, istiod.release, gateway.release];
  }
}

/** Of istiod: https://istio.io/latest/docs/ops/deployment/application-requirements/#ports-used-by-istio */
const WEBHOOK_PORT = 15017;

/** Of the gateway, for Knative's Services in the cluster: `knative-local-gateway` in Knative's own manifests. */
const LOCAL_GATEWAY_PORT = 8081;

function istiodValues() {
  return {
    autoscaleMin: 2,
    autoscaleMax: 5,
    resources: { requests: { cpu: "100m", memory: "512Mi" }, limits: { memory: "1Gi" } },
    seccompProfile: { type: "RuntimeDefault" },
  };
}

function gatewayValues({ entrance }: IngressControllerProps) {
  const { min, max, cpuPercent } = CONTROLLER_REPLICAS;
  return {
    service: serviceOf(entrance),
    autoscaling: {
      enabled: true,
      minReplicas: min,
      maxReplicas: max,
      targetCPUUtilizationPercentage: cpuPercent,
    },
    podDisruptionBudget: { maxUnavailable: 1 },
    resources: { requests: { cpu: "200m", memory: "192Mi" }, limits: { memory: "1Gi" } },
    // The chart's own, and what Pod Security restricted wants beside.
    securityContext: {
      sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
      seccompProfile: { type: "RuntimeDefault" },
    },
    // By itself it takes 5 seconds, whatever is under way.
    env: { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: "true", MINIMUM_DRAIN_DURATION: `${CONTROLLER_DRAIN.accept}s` },
    terminationGracePeriodSeconds: CONTROLLER_DRAIN.all,
  };
}
