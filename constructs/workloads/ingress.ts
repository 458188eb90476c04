import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import { refuse } from "../core/errors";
import type { ClusterAccess, ControllerEntrance, GatewayFrontEnd, SiteRoute, WorkloadIdentity } from "../ports";
import { CHARTS } from "../versions";
import { type AcmeAuthority, CertManager } from "./cert-manager";
import { Contour } from "./contour";
import { EdgeBinding } from "./edge-binding";
import { INGRESS_CONTROLLER_PODS, type IngressControllerPods, READINESS_GATES } from "./ingress-controller";
import { Istio } from "./istio";
import { NginxIngress } from "./nginx-ingress";
import { Traefik } from "./traefik";

/** Where requests enter. The load balancer belongs to Terraform; the cluster only tells it where the pods are. */
export type IngressEdge = AlbIngressEdge | GatewayIngressEdge | NlbIngressEdge | AddressIngressEdge;

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

/** A Network Load Balancer before an ingress controller, which ends TLS. */
export interface NlbIngressEdge {
  readonly kind: "nlb";
  readonly vpcId: string;
  readonly region: string;
  readonly httpTargetGroupArn: string;
  readonly httpsTargetGroupArn: string;
  /** Networks of the visitors, and the subnets of the load balancer, which asks for the pods' health. */
  readonly sourceCidrs: readonly string[];
  /** Identity of the AWS Load Balancer Controller: it registers targets. */
  readonly controllerIdentity: WorkloadIdentity;
}

/** A regional address of Google Cloud for the Service of an ingress controller, which ends TLS. */
export interface AddressIngressEdge {
  readonly kind: "address";
  readonly address: string;
  /** Networks of the visitors. */
  readonly sourceCidrs: readonly string[];
  readonly ready: readonly ITerraformDependable[];
}

/** The ingress controller behind the edge. */
export interface SiteController {
  readonly kind: keyof typeof CONTROLLERS;
  readonly loginRequestsPerMinute: number;
  /** As in `IngressControllerProps`. */
  readonly hasDefinitions?: boolean;
  /** How certificates are had; needed where the edge does not end TLS. */
  readonly acme?: AcmeAuthority;
}

export interface IngressProps {
  readonly cluster: ClusterAccess;
  readonly edge: IngressEdge;
  /** Host name of the site. */
  readonly domain: string;
  /** Networks of the cluster's pods. */
  readonly podCidrs: readonly string[];
  /** @default none, the edge sends requests to the site's own Service, or to `knativeGateway` */
  readonly controller?: SiteController;
  /** Signs the site's certificate by the controller's authority. @default one of its own, where the controller ends TLS */
  readonly certManager?: CertManager;
  /**
   * Knative's gateway, where the site is a Service of Knative's and the edge sends requests there. With `controller` it is
   * that controller's own: one gateway for both.
   * @default the site is no Service of Knative's, or `controller` sends requests there
   */
  readonly knativeGateway?: IngressControllerPods;
  /** Mirror of upstream charts, as in `ChartReleaseProps`. */
  readonly chartRegistry?: string;
  /** What must exist first beside the cluster: the site's namespace, nodes, and Knative where its gateway is the target. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** What joins the load balancer in front of the cluster to the site in it. */
export class Ingress extends Construct {
  /** What the site's release must render. */
  readonly route: SiteRoute;
  /** ClusterIssuer of the site's certificate, where TLS ends in the cluster. */
  readonly issuerName?: string;
  /** What a release with a Service depends on. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: IngressProps) {
    super(scope, id);
    const { edge, controller, knativeGateway, dependsOn } = props;
    if (controller !== undefined) {
      const behind = this.behind(props, controller);
      this.route = behind.route;
      this.issuerName = behind.issuerName;
      this.ready = behind.ready;
      return;
    }
    if (edge.kind === "nlb" || edge.kind === "address") {
      refuse(this.node.path, {
        path: "controller",
        given: undefined,
        allowed: `an ingress controller behind an edge of kind ${edge.kind}, which ends no TLS`,
        remedy: "name one, or choose another edge",
      });
    }
    const front = this.front(props, dependsOn);
    if (knativeGateway === undefined) {
      this.route = edge.route;
      this.ready = front;
      return;
    }
    const entrance = entranceOf(edge);
    this.route = knativeRoute(props, entrance);
    this.ready = [...front, ...this.bind(props, entrance, knativeGateway, [...dependsOn, ...front])];
  }

  /** Labels for the site's namespace where its own pods are behind the edge: new ones are ready once that finds them healthy. */
  static namespaceLabels(edge: IngressEdge): Readonly<Record<string, string>> {
    return edge.kind === "alb" ? READINESS_GATES : {};
  }

  /** What the cluster needs for the load balancer to find pods. */
  private front(props: IngressProps, dependsOn: readonly ITerraformDependable[]): readonly ITerraformDependable[] {
    const { edge } = props;
    switch (edge.kind) {
      case "alb":
      case "nlb":
        return [this.loadBalancerController(props, edge, dependsOn).release];
      case "gateway":
        return [this.gateway(props, edge, dependsOn).release];
      case "address":
        return edge.ready;
    }
  }

  private behind(props: IngressProps, controller: SiteController): Pick<Ingress, "route" | "issuerName" | "ready"> {
    const { cluster, edge, domain, chartRegistry, dependsOn } = props;
    const { kind, acme } = controller;
    const pods = INGRESS_CONTROLLER_PODS[kind];
    const entrance = entranceOf(edge);
    const certManager =
      acme &&
      (props.certManager ?? new CertManager(this, "cert-manager", { acme, cluster, domain, chartRegistry, dependsOn }));
    // A Gateway is in the controller's namespace; what fills target groups must answer before it has a pod.
    const isGateway = edge.kind === "gateway";
    const before = isGateway ? [] : this.front(props, dependsOn);
    const { className, ready } = new CONTROLLERS[kind](this, kind, {
      cluster,
      entrance,
      chartRegistry,
      hasDefinitions: controller.hasDefinitions,
      withCertManager: certManager !== undefined,
      dependsOn: [...dependsOn, ...before, ...(certManager?.ready ?? [])],
    });
    const front = isGateway ? this.front(props, ready) : before;
    const route: SiteRoute =
      props.knativeGateway === undefined
        ? {
            kind,
            className,
            controllerNamespace: pods.namespace,
            podCidrs: props.podCidrs,
            edgeCidrs: entrance.proxyCidrs,
            certificate: certManager && {
              issuerName: certManager.issuerName,
              challenge: acme?.solver.kind === "http" ? "http-01" : "dns-01",
            },
            loginRequestsPerMinute: controller.loginRequestsPerMinute,
          }
        : knativeRoute(props, entrance);
    const binding = this.bind(props, entrance, pods, [...ready, ...front]);
    return { route, issuerName: certManager?.issuerName, ready: [...front, ...ready, ...binding] };
  }

  /** Nothing binds an address: the controller's own Service takes it. */
  private bind(
    { domain }: IngressProps,
    entrance: ControllerEntrance,
    pods: IngressControllerPods,
    dependsOn: readonly ITerraformDependable[],
  ): readonly ITerraformDependable[] {
    if (entrance.kind === "address") return [];
    return new EdgeBinding(this, "binding", { entrance, ...pods, domain, dependsOn }).ready;
  }

  private loadBalancerController(
    { cluster, chartRegistry }: IngressProps,
    edge: AlbIngressEdge | NlbIngressEdge,
    dependsOn: readonly ITerraformDependable[],
  ): ChartRelease {
    return new ChartRelease(this, "controller", {
      chart: CHARTS.awsLoadBalancerController,
      chartRegistry,
      namespace: edge.controllerIdentity.namespace,
      values: loadBalancerControllerValues(cluster, edge),
      timeout: 600,
      dependsOn: [...cluster.ready, ...edge.controllerIdentity.ready, ...dependsOn],
    });
  }

  private gateway(
    { cluster }: IngressProps,
    { frontEnd, route }: GatewayIngressEdge,
    dependsOn: readonly ITerraformDependable[],
  ): ChartRelease {
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

const CONTROLLERS = { nginx: NginxIngress, traefik: Traefik, contour: Contour, istio: Istio } as const;

function knativeRoute({ podCidrs }: IngressProps, { proxyCidrs }: ControllerEntrance): SiteRoute {
  return { kind: "knative", proxyCidrs: [...podCidrs, ...proxyCidrs] };
}

/** The edge as what is behind it sees it. */
export function entranceOf(edge: IngressEdge): ControllerEntrance {
  switch (edge.kind) {
    case "alb": {
      const { targetGroupArn, proxyCidrs } = edge.route;
      const cidrs = { sourceCidrs: proxyCidrs, proxyCidrs };
      return { kind: "target-groups", httpTargetGroupArn: targetGroupArn, ...cidrs };
    }
    case "nlb": {
      const { httpTargetGroupArn, httpsTargetGroupArn, sourceCidrs } = edge;
      return { kind: "target-groups", httpTargetGroupArn, httpsTargetGroupArn, sourceCidrs, proxyCidrs: [] };
    }
    case "gateway": {
      const { gatewayName, sectionName, proxyCidrs, gke } = edge.route;
      const { securityPolicyName } = gke ?? {};
      return { kind: "gateway", gatewayName, sectionName, securityPolicyName, sourceCidrs: proxyCidrs, proxyCidrs };
    }
    case "address":
      return { kind: "address", address: edge.address, sourceCidrs: edge.sourceCidrs, proxyCidrs: [] };
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
function loadBalancerControllerValues(cluster: ClusterAccess, edge: AlbIngressEdge | NlbIngressEdge) {
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
