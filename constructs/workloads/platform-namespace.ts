import { NamespaceV1 } from "@cdktf/provider-kubernetes/lib/namespace-v1";
import { NetworkPolicyV1 } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { isGuarded, type Protection } from "../core/protection";
import { KUBERNETES } from "../versions";

export interface PlatformNamespaceProps {
  readonly name: string;
  /**
   * Pod Security level that its pods must meet. `baseline` is for upstream programs that set too little for `restricted`,
   * `privileged` for agents that read the node they run on.
   * @default "restricted"
   */
  readonly podSecurity?: "restricted" | "baseline" | "privileged";
  /**
   * Whether its pods neither send nor receive until a NetworkPolicy allows it. Not where an upstream operator, whose
   * pods have no policies, makes what runs there.
   * @default true
   */
  readonly isolated?: boolean;
  /** Labels beside those of Pod Security. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Deleting a namespace deletes the volume claims in it: `protected` refuses. @default "protected" */
  readonly protection?: Protection;
  /** What must exist first: the cluster's `ready`. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * A namespace whose pods must meet a Pod Security level, and neither send nor receive until a NetworkPolicy of their own
 * chart allows it.
 *
 * The level is that of one Kubernetes version, so that an upgrade of the cluster refuses no pod that ran before.
 * Source: https://kubernetes.io/docs/concepts/security/pod-security-admission/
 */
export class PlatformNamespace extends Construct {
  readonly namespaceName: string;
  /** What resources in the namespace depend on. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: PlatformNamespaceProps) {
    super(scope, id);
    const podSecurity = Object.fromEntries(
      ["enforce", "audit", "warn"].flatMap((mode) => [
        [`pod-security.kubernetes.io/${mode}`, props.podSecurity ?? "restricted"],
        [`pod-security.kubernetes.io/${mode}-version`, `v${KUBERNETES}`],
      ]),
    );
    const namespace = new NamespaceV1(this, "namespace", {
      metadata: { name: props.name, labels: { ...props.labels, ...podSecurity } },
      // Finalizers of what is left in the namespace run during its deletion.
      timeouts: { delete: "15m" },
      lifecycle: { preventDestroy: isGuarded(props.protection) },
      dependsOn: [...props.dependsOn],
    });
    this.namespaceName = props.name;
    if (props.isolated === false) {
      this.ready = [namespace];
      return;
    }
    const policy = new NetworkPolicyV1(this, "default-deny", {
      metadata: { name: "default-deny", namespace: props.name },
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
      dependsOn: [namespace],
    });
    this.ready = [namespace, policy];
  }
}
