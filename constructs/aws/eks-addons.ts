import { EksAddon } from "@cdktf/provider-aws/lib/eks-addon";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { PodIdentityRole } from "./pod-identity-role";

/** What one add-on needs beside its name. */
interface Addon {
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** Service account and the policies that AWS names for it in the add-on's documentation. */
  readonly identity?: { readonly serviceAccountName: string; readonly managedPolicies: readonly string[] };
}

const TOLERATE_SYSTEM_NODES = { tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }] };

/**
 * What nodes need to become ready.
 * Source of the policy: https://docs.aws.amazon.com/eks/latest/userguide/managing-vpc-cni.html
 */
export const NETWORK_ADDONS = {
  "vpc-cni": {
    configuration: { enableNetworkPolicy: "true" },
    identity: { serviceAccountName: "aws-node", managedPolicies: ["AmazonEKS_CNI_Policy"] },
  },
  "kube-proxy": {},
  "eks-pod-identity-agent": {},
} as const satisfies Record<string, Addon>;

/** Cluster DNS: no program of the cluster works without it. */
export const DNS_ADDONS = { coredns: {} } as const satisfies Record<string, Addon>;

/**
 * What programs need. The add-ons that are not listed with a toleration have it by their own defaults.
 * Source of the policies: https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html and efs-csi.html
 */
export const SERVICE_ADDONS = {
  "aws-ebs-csi-driver": {
    identity: { serviceAccountName: "ebs-csi-controller-sa", managedPolicies: ["AmazonEBSCSIDriverPolicyV2"] },
  },
  "aws-efs-csi-driver": {
    identity: {
      serviceAccountName: "efs-csi-controller-sa",
      managedPolicies: ["service-role/AmazonEFSCSIDriverPolicy"],
    },
  },
  "metrics-server": { configuration: TOLERATE_SYSTEM_NODES },
  "snapshot-controller": { configuration: TOLERATE_SYSTEM_NODES },
  "eks-node-monitoring-agent": {},
} as const satisfies Record<string, Addon>;

export interface EksAddonsProps {
  /** First part of the roles' names. */
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly clusterName: string;
  readonly addons: Readonly<Record<string, Addon>>;
  /** Versions by add-on. @default EKS's default for the Kubernetes version, kept from the add-on's creation on */
  readonly versions: Readonly<Record<string, string>>;
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Some of the add-ons that EKS maintains, each with a role of its own where it calls AWS. */
export class EksAddons extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: EksAddonsProps) {
    super(scope, id);
    this.ready = Object.entries(props.addons).map(([addonName, addon]) => {
      const role = this.role(addonName, addon, props);
      return new EksAddon(this, addonName, {
        clusterName: props.clusterName,
        addonName,
        addonVersion: props.versions[addonName],
        configurationValues: addon.configuration && JSON.stringify(addon.configuration),
        podIdentityAssociation:
          role && addon.identity
            ? [{ roleArn: role.roleArn, serviceAccount: addon.identity.serviceAccountName }]
            : undefined,
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
        dependsOn: [...props.dependsOn, ...(role?.ready ?? [])],
      });
    });
  }

  private role(addonName: string, { identity }: Addon, props: EksAddonsProps): PodIdentityRole | undefined {
    if (identity === undefined) return undefined;
    return new PodIdentityRole(this, `${addonName}-role`, {
      name: props.name,
      account: props.account,
      region: props.region,
      clusterName: props.clusterName,
      namespace: "kube-system",
      ...identity,
    });
  }
}
