import { NetworkPolicyV1, type NetworkPolicyV1SpecEgress } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

export interface ControllerNetworkProps {
  readonly namespace: string;
  /** Ports of webhooks and of aggregated APIs, which the API server calls. */
  readonly webhookPorts: readonly number[];
  /** Other namespaces that the controller calls, at any port: an address has its Service's, a policy means the pods'. @default none */
  readonly calls?: readonly string[];
  /** What must exist first: the namespace. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * What the pods of a controller may do in a namespace that denies everything: be called by the API server, whose address
 * nobody knows beforehand, call it over HTTPS, and ask for names.
 */
export class ControllerNetwork extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: ControllerNetworkProps) {
    super(scope, id);
    const policy = new NetworkPolicyV1(this, "policy", {
      metadata: { name: "controller", namespace: props.namespace },
      spec: {
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
        ingress: [{ ports: props.webhookPorts.map(tcp) }, { from: [{ podSelector: {} }] }],
        egress: [
          names(),
          { to: [{ podSelector: {} }] },
          { to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } }], ports: [tcp(443)] },
          ...(props.calls ?? []).map((namespace) => ({
            to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }],
          })),
        ],
      },
      dependsOn: [...props.dependsOn],
    });
    this.ready = [policy];
  }
}

/** The cluster's DNS, its cache on the node, and Cloud DNS. */
function names(): NetworkPolicyV1SpecEgress {
  return {
    to: [
      { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } },
      ...["169.254.20.10/32", "169.254.169.254/32"].map((cidr) => ({ ipBlock: { cidr } })),
    ],
    ports: ["UDP", "TCP"].map((protocol) => ({ protocol, port: "53" })),
  };
}

function tcp(port: number) {
  return { protocol: "TCP", port: String(port) };
}
