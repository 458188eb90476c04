import { ProjectIamMember } from "@cdktf/provider-google/lib/project-iam-member";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { WorkloadIdentity } from "../ports";

/** A role on the whole project, for what cannot be granted on a resource. */
export interface ProjectRole {
  readonly role: string;
  /** CEL expression that narrows it: https://cloud.google.com/iam/docs/conditions-overview */
  readonly condition?: { readonly title: string; readonly expression: string };
}

export interface GoogleWorkloadIdentityProps {
  readonly project: string;
  readonly projectNumber: string;
  /** `GkeCluster.workloadPool`, so that grants wait for the pool to exist. */
  readonly workloadPool: string;
  readonly namespace: string;
  readonly serviceAccountName: string;
  /** @default none; grant on resources to `member` */
  readonly projectRoles?: readonly ProjectRole[];
}

/**
 * The identity of a Kubernetes service account in IAM, without a Google service account between them: roles are granted
 * to `member` itself. https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
 */
export class GoogleWorkloadIdentity extends Construct implements WorkloadIdentity {
  readonly namespace: string;
  readonly serviceAccountName: string;
  /** The member of IAM bindings; whatever names it depends on the cluster. */
  readonly member: string;

  private readonly grants: ITerraformDependable[];

  constructor(scope: Construct, id: string, props: GoogleWorkloadIdentityProps) {
    super(scope, id);
    this.namespace = props.namespace;
    this.serviceAccountName = props.serviceAccountName;
    this.member = [
      `principal://iam.googleapis.com/projects/${props.projectNumber}/locations/global`,
      `workloadIdentityPools/${props.workloadPool}`,
      `subject/ns/${props.namespace}/sa/${props.serviceAccountName}`,
    ].join("/");

    this.grants = (props.projectRoles ?? []).map(
      ({ role, condition }) =>
        new ProjectIamMember(this, role.replaceAll(/[^a-zA-Z0-9]+/g, "-"), {
          project: props.project,
          role,
          member: this.member,
          condition,
        }),
    );
  }

  get ready(): readonly ITerraformDependable[] {
    return this.grants;
  }

  /** Adds grants that other constructs make to `member`, on a bucket or a secret. */
  waitFor(...grants: readonly ITerraformDependable[]): void {
    this.grants.push(...grants);
  }
}
