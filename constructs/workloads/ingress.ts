import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, GatewayFrontEnd, SiteRoute, WorkloadIdentity } from "../ports";
import { CHARTS } from "../versions";

/** Where requests enter. The load balancer belongs to Terraform; the cluster only tells it where the pods are. */
export type IngressEdge = AlbIngressEdge | GatewayIngressEdge;

/** An Application Load Balancer, whose target group the AWS Load Balancer Controller fills. */
export interface AlbIngressEdge {
  readonly kind: "alb";
  readonly vpcId: string;
  readonly region: string;
  readonly route: Extract<SiteRoute, { kind: "target-group" }>;
  /** Identity of the controller: it registers targets. */
  readonly controllerIdentity: WorkloadIdentity;
}

/** A global external Application Load Balancer of Google Cloud, as a Gateway. */
export interface GatewayIngressEdge {
  readonly kind: "gateway";
  readonly frontEnd: GatewayFrontEnd;
  readonly route: Extract<SiteRoute, { kind: "http-route" }>;
}

export interface IngressProps {
  readonly cluster: ClusterAccess;
  readonly edge: IngressEdge;
  /** Mirror of upstream charts, as in `ChartReleaseProps`. */
  readonly chartRegistry?: string;
  /** What must exist first beside the cluster: the site's namespace. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** What joins the load balancer in front of the cluster to the site in it. */
export class Ingress extends Construct {
  /** What the site's release must render. */
  readonly route: SiteRoute;
  /** What a release with a Service depends on. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: IngressProps) {
    super(scope, id);
    const { edge } = props;
    const { release } = edge.kind === "alb" ? this.controller(props, edge) : this.gateway(props, edge);
    this.route = edge.route;
    this.ready = [release];
  }

  /** Labels for the site's namespace: its new pods count as ready once the load balancer finds them healthy. */
  static namespaceLabels(edge: IngressEdge): Readonly<Record<string, string>> {
    return edge.kind === "alb" ? { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" } : {};
  }

  private controller({ cluster, chartRegistry, dependsOn }: IngressProps, edge: AlbIngressEdge): ChartRelease {
    return new ChartRelease(this, "controller", {
      chart: CHARTS.awsLoadBalancerController,
      chartRegistry,
      namespace: edge.controllerIdentity.namespace,
      values: controllerValues(cluster, edge),
      timeout: 600,
      dependsOn: [...cluster.ready, ...edge.controllerIdentity.ready, ...dependsOn],
    });
  }

  private gateway({ cluster, dependsOn }: IngressProps, { frontEnd, route }: GatewayIngressEdge): ChartRelease {
    return new ChartRelease(this, "gateway", {
      chart: { local: "gateway" },
      namespace: route.gatewayNamespace,
      values: {
        name: route.gatewayName,
        addressName: frontEnd.addressName,
        certificateMapName: frontEnd.certificateMapName,
        sslPolicyName: frontEnd.sslPolicyName,
      },
      // Uninstalling waits until Google has taken the load balancer apart, which otherwise keeps the network from being deleted.
      timeout: 900,
      dependsOn: [...cluster.ready, ...frontEnd.ready, ...dependsOn],
    });
  }
}

/**
 * The controller for nothing but TargetGroupBindings: it makes no load balancer, no security group and no rule of its
 * own, whatever Ingress, Service or Gateway somebody creates.
 *
 * Helm installs the chart's `crds/` once and never again. Before CHARTS.awsLoadBalancerController is raised, apply
 * the new ones: `helm show crds aws-load-balancer-controller --repo https://aws.github.io/eks-charts --version <new> |
 * kubectl apply --server-side --force-conflicts -f -`.
 */
function controllerValues(cluster: ClusterAccess, edge: AlbIngressEdge) {
  return {
    clusterName: cluster.clusterName,
    region: edge.region,
    vpcId: edge.vpcId,
    replicaCount: 2,
    podDisruptionBudget: { maxUnavailable: 1 },
    serviceAccount: { name: edge.controllerIdentity.serviceAccountName },
    ...cluster.systemNodes,
    resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "256Mi" } },
    securityContext: { capabilities: { drop: ["ALL"] }, seccompProfile: { type: "RuntimeDefault" } },
    // Otherwise every upgrade makes a new certificate, and calls fail until all replicas have loaded it.
    keepTLSSecret: true,
    createIngressClassResource: false,
    disableIngressClassAnnotation: true,
    webhookConfig: { disableIngressValidation: true },
    enableServiceMutatorWebhook: false,
    enableBackendSecurityGroup: false,
    enableShield: false,
    enableWaf: false,
    enableWafv2: false,
    controllerConfig: { featureGates: { EnableServiceController: false, ALBGatewayAPI: false, NLBGatewayAPI: false } },
  };
}
