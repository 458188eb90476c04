import { NamespaceV1 } from "@cdktf/provider-kubernetes/lib/namespace-v1";
import { NetworkPolicyV1 } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { Protection } from "../core/protection";
import { KUBERNETES } from "../versions";

export interface PlatformNamespaceProps {
  readonly name: string;
  /** Labels beside those of Pod Security. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Deleting a namespace deletes the volume claims in it: `protected` refuses. @default "protected" */
  readonly protection?: Protection;
  /** What must exist first: the cluster's `ready`. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * A namespace whose pods must meet Pod Security's `restricted` level, and whose pods neither send nor receive until a
 * NetworkPolicy of their own chart allows it.
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
        [`pod-security.kubernetes.io/${mode}`, "restricted"],
        [`pod-security.kubernetes.io/${mode}-version`, `v${KUBERNETES}`],
      ]),
    );
    const namespace = new NamespaceV1(this, "namespace", {
      metadata: { name: props.name, labels: { ...props.labels, ...podSecurity } },
      // Finalizers of what is left in the namespace run during its deletion.
      timeouts: { delete: "15m" },
      lifecycle: { preventDestroy: props.protection !== "disposable" },
      dependsOn: [...props.dependsOn],
    });
    const policy = new NetworkPolicyV1(this, "default-deny", {
      metadata: { name: "default-deny", namespace: props.name },
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
      dependsOn: [namespace],
    });
    this.namespaceName = props.name;
    this.ready = [namespace, policy];
  }
}
