import { NetworkPolicyV1, type NetworkPolicyV1SpecIngress } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { ClusterAccess, ControllerEntrance, IngressControllerRoute } from "../ports";
import { PlatformNamespace } from "./platform-namespace";

export interface IngressControllerProps {
  readonly cluster: ClusterAccess;
  /** @default none, it serves the cluster alone */
  readonly entrance?: ControllerEntrance;
  /** Mirror of upstream charts, as in `ChartReleaseProps`. */
  readonly chartRegistry?: string;
  /** Whether another release has brought its definitions along: Contour's, where Knative has Contours too. @default false */
  readonly hasDefinitions?: boolean;
  /** Whether cert-manager runs in the cluster, and sites ask it for certificates. @default false */
  readonly withCertManager?: boolean;
  /** What must exist first beside the cluster: nodes, and cert-manager where it is used. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** The pods of an ingress controller, as a load balancer must know them before they exist. */
export interface IngressControllerPods {
  readonly namespace: string;
  /** Service of the pods; its ports are 80 and 443. */
  readonly serviceName: string;
  /** Ports of the pods. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Where a pod says that it can answer. */
  readonly healthPort: number;
  readonly healthPath: string;
}

/** Sources: the charts of `CHARTS`, at their pinned versions. */
export const INGRESS_CONTROLLER_PODS: Readonly<Record<IngressControllerRoute["kind"], IngressControllerPods>> = {
  traefik: {
    namespace: "traefik",
    serviceName: "traefik",
    httpPort: 8000,
    httpsPort: 8443,
    healthPort: 8080,
    healthPath: "/ping",
  },
  nginx: {
    namespace: "nginx-ingress",
    serviceName: "nginx-ingress-controller",
    httpPort: 80,
    httpsPort: 443,
    healthPort: 8081,
    healthPath: "/nginx-ready",
  },
  contour: {
    namespace: "contour",
    serviceName: "contour-envoy",
    httpPort: 8080,
    httpsPort: 8443,
    healthPort: 8002,
    healthPath: "/ready",
  },
  istio: {
    namespace: "istio-system",
    serviceName: "istio-ingressgateway",
    httpPort: 80,
    httpsPort: 443,
    healthPort: 15021,
    healthPath: "/healthz/ready",
  },
};

/**
 * Labels of a namespace by which the AWS Load Balancer Controller holds new pods back until their target group finds them
 * healthy. Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
 */
export const READINESS_GATES = { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" } as const;

/** Where cert-manager runs, which asks whether the answer to a challenge is there before the authority does. */
export const CERT_MANAGER_NAMESPACE = "cert-manager";

export interface IngressControllerNamespaceProps {
  readonly pods: IngressControllerPods;
  readonly entrance?: ControllerEntrance;
  /** Ports of webhooks, which the API server calls. @default none */
  readonly webhookPorts?: readonly number[];
  /** Ports that every pod of the cluster may reach. @default none */
  readonly clusterPorts?: readonly number[];
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * The namespace of an ingress controller. Whoever may use the site may reach its ports of HTTP and HTTPS, the load
 * balancer its health; it may reach what it routes to, and the API server.
 */
export class IngressControllerNamespace extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: IngressControllerNamespaceProps) {
    super(scope, id);
    const { pods, entrance, webhookPorts = [], clusterPorts = [] } = props;
    const namespace = new PlatformNamespace(this, "namespace", {
      name: pods.namespace,
      labels: entrance?.kind === "target-groups" ? READINESS_GATES : {},
      // It holds nothing that is not made anew.
      protection: "disposable",
      dependsOn: props.dependsOn,
    });
    const ports = [pods.httpPort, pods.httpsPort, pods.healthPort];
    const policy = new NetworkPolicyV1(this, "policy", {
      metadata: { name: "ingress-controller", namespace: pods.namespace },
      spec: {
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          ...(entrance === undefined
            ? []
            : [{ from: entrance.sourceCidrs.map((cidr) => ({ ipBlock: { cidr } })), ports: tcp(ports) }]),
          // In the cluster an address leads straight to the pods.
          ...(entrance?.kind === "address"
            ? [{ from: [namespaceNamed(CERT_MANAGER_NAMESPACE)], ports: tcp([pods.httpPort, pods.httpsPort]) }]
            : []),
          // Its own programs: a control plane and its proxies.
          { from: [{ podSelector: {} }] },
          // Calls of webhooks come from the API server, which has no address that is known here.
          ...(webhookPorts.length === 0 ? [] : [{ ports: tcp(webhookPorts) }]),
          ...(clusterPorts.length === 0 ? [] : [{ from: [{ namespaceSelector: {} }], ports: tcp(clusterPorts) }]),
        ],
        // What it routes to is as free as the sites of the cluster are many; they say who may reach them.
        egress: [{}],
      },
      dependsOn: [...namespace.ready],
    });
    this.ready = [...namespace.ready, policy];
  }
}

function namespaceNamed(name: string) {
  return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } };
}

function tcp(ports: readonly number[]): NetworkPolicyV1SpecIngress["ports"] {
  return ports.map((port) => ({ protocol: "TCP", port: String(port) }));
}

/** The Service of a controller: behind target groups or a Gateway a plain one, else one that takes the address. */
export function serviceOf(entrance?: ControllerEntrance) {
  if (entrance?.kind !== "address") return { type: "ClusterIP" } as const;
  return {
    type: "LoadBalancer",
    loadBalancerIP: entrance.address,
    loadBalancerSourceRanges: entrance.sourceCidrs,
    // The address of the visitor stays, and only nodes with a pod are asked.
    externalTrafficPolicy: "Local",
  } as const;
}

/**
 * Seconds in which a pod goes: load balancers send it requests until they have heard of it, and then what it answers may
 * take minutes.
 */
export const CONTROLLER_DRAIN = { accept: 30, answer: 300, all: 340 } as const;

/**
 * How long a controller keeps connections behind a load balancer that reads requests: longer than that one does, which must
 * close them. `undefined` where it is as the controller has it.
 */
export function keepAliveBehind(entrance?: ControllerEntrance): string | undefined {
  return entrance !== undefined && entrance.proxyCidrs.length > 0 ? "620s" : undefined;
}

/** How many pods: for two zones at all times, and more when an exam begins. */
export const CONTROLLER_REPLICAS = { min: 2, max: 10, cpuPercent: 70 } as const;
