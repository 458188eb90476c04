import { NetworkPolicyV1 } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ControllerNetwork } from "./controller-network";

export interface KnativeNetworkProps {
  /** Namespaces of the operator, and of Eventing where it is installed. */
  readonly controllerNamespaces: readonly string[];
  /** Namespace of Knative Serving. */
  readonly servingNamespace: string;
  /** Namespaces of the gateways that carry requests. */
  readonly gatewayNamespaces: readonly string[];
  /** What must exist first: the namespaces. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Of each webhook, and of the activator for HTTP/1 and HTTP/2, which are those of the proxy in every pod as well. */
const WEBHOOK = 8443;
const REQUESTS = [8012, 8013];
/** Figures of the proxy in every pod, which the autoscaler asks for. */
const FIGURES = 9090;
/** From where Kourier's gateway has its configuration. */
const KOURIER_CONTROL = 18000;

/**
 * What Knative's pods may do in namespaces that deny everything. Ports are those of the manifests that the operator
 * installs: https://github.com/knative/operator/tree/knative-v1.23.0/cmd/operator/kodata
 */
export class KnativeNetwork extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: KnativeNetworkProps) {
    super(scope, id);
    const { servingNamespace, dependsOn } = props;
    const gateways = [...new Set(props.gatewayNamespaces)].map((name) => ({
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
    }));
    const controllers = [...props.controllerNamespaces, servingNamespace].flatMap(
      (namespace) =>
        new ControllerNetwork(this, namespace, { namespace, webhookPorts: [WEBHOOK], dependsOn: [...dependsOn] }).ready,
    );
    const requests = new NetworkPolicyV1(this, "requests", {
      metadata: { name: "requests", namespace: servingNamespace },
      spec: {
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
        ingress: [{ from: gateways, ports: [...REQUESTS, KOURIER_CONTROL].map(tcp) }],
        egress: [
          // Pods of Services, which are in any namespace.
          { to: [{ namespaceSelector: {} }], ports: [...REQUESTS, FIGURES].map(tcp) },
          // Whether a gateway knows a route yet, each of them is asked at ports of its own.
          { to: gateways },
        ],
      },
      dependsOn: [...dependsOn],
    });
    this.ready = [...controllers, requests];
  }
}

function tcp(port: number) {
  return { protocol: "TCP", port: String(port) };
}
