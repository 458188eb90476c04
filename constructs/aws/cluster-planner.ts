import { EksAccessEntry } from "@cdktf/provider-aws/lib/eks-access-entry";
import { ClusterRoleBindingV1 } from "@cdktf/provider-kubernetes/lib/cluster-role-binding-v1";
import { ClusterRoleV1 } from "@cdktf/provider-kubernetes/lib/cluster-role-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

export interface ClusterPlannerProps {
  readonly clusterName: string;
  /** ARN of an IAM role that plans and never deploys; of the role itself, not of a session of it. */
  readonly principalArn: string;
  /** The cluster's `access.ready`. */
  readonly dependsOn: readonly ITerraformDependable[];
}

const GROUP = "moodle-platform:planners";

/** What Terraform refreshes in the cluster. Helm's releases are ConfigMaps here, so that no Secret need be read. */
const READABLE = [
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] },
  { apiGroups: [""], resources: ["namespaces", "persistentvolumes"], verbs: ["get"] },
  { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["get"] },
  { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: ["get"] },
  { apiGroups: ["rbac.authorization.k8s.io"], resources: ["clusterroles", "clusterrolebindings"], verbs: ["get"] },
];

/** Lets one principal read of a cluster what a plan has to compare, and no Secret. */
export class ClusterPlanner extends Construct {
  constructor(scope: Construct, id: string, { clusterName, principalArn, dependsOn }: ClusterPlannerProps) {
    super(scope, id);
    new EksAccessEntry(this, "entry", { clusterName, principalArn, type: "STANDARD", kubernetesGroups: [GROUP] });
    const role = new ClusterRoleV1(this, "role", {
      metadata: { name: "moodle-platform-planner" },
      rule: READABLE,
      dependsOn: [...dependsOn],
    });
    new ClusterRoleBindingV1(this, "binding", {
      metadata: { name: role.metadata.name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
      subject: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: GROUP }],
      dependsOn: [...dependsOn],
    });
  }
}
