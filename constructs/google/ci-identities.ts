import { IamWorkloadIdentityPool } from "@cdktf/provider-google/lib/iam-workload-identity-pool";
import { IamWorkloadIdentityPoolProvider } from "@cdktf/provider-google/lib/iam-workload-identity-pool-provider";
import { ProjectIamMember } from "@cdktf/provider-google/lib/project-iam-member";
import { ServiceAccount } from "@cdktf/provider-google/lib/service-account";
import { ServiceAccountIamMember } from "@cdktf/provider-google/lib/service-account-iam-member";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";

export interface CiIdentitiesProps {
  /** Name of the pool and first part of the accounts' names: 4 to 23 lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly project: string;
  /** `owner/name` of the GitHub repository whose workflows are trusted, and no other's. */
  readonly githubRepository: string;
  /** The GitHub environment in whose protection rules a deploy is approved: only its jobs may deploy. */
  readonly githubEnvironment: string;
  /** Full name of a custom role with what a plan reads beyond the viewer roles. */
  readonly plannerRole: string;
  /** Roles that the deployer may grant on the project, and no others: 10 at most. */
  readonly grantableRoles: readonly string[];
  /** What must exist first: the project's services. */
  readonly dependsOn: readonly ITerraformDependable[];
}

const ISSUER = "https://token.actions.githubusercontent.com";

/** Reads every kind of resource of the environment stack, no object of a bucket and no value of a secret. */
const PLAN_ROLES = [
  "roles/artifactregistry.reader",
  "roles/certificatemanager.viewer",
  "roles/cloudkms.viewer",
  "roles/cloudsql.viewer",
  "roles/compute.viewer",
  "roles/container.clusterViewer",
  "roles/dns.reader",
  "roles/file.viewer",
  "roles/iam.securityReviewer",
  "roles/logging.viewer",
  "roles/monitoring.viewer",
  "roles/redis.viewer",
  "roles/secretmanager.viewer",
  "roles/serviceusage.serviceUsageViewer",
];

/** Makes, changes and deletes every kind of resource of the environment stack. */
const DEPLOY_ROLES = [
  "roles/artifactregistry.admin",
  "roles/certificatemanager.owner",
  "roles/cloudkms.viewer",
  "roles/cloudsql.admin",
  "roles/compute.admin",
  "roles/container.admin",
  "roles/dns.admin",
  "roles/file.editor",
  "roles/iam.serviceAccountAdmin",
  "roles/iam.serviceAccountUser",
  "roles/logging.configWriter",
  "roles/monitoring.editor",
  "roles/redis.admin",
  "roles/secretmanager.admin",
  // An endpoint of Private Service Connect registers itself there.
  // https://cloud.google.com/vpc/docs/configure-private-service-connect-services#roles
  "roles/servicedirectory.editor",
  "roles/serviceusage.serviceUsageConsumer",
  "roles/storage.admin",
  "roles/storage.hmacKeyAdmin",
];

/**
 * Two accounts for GitHub Actions, taken by OIDC and without a key.
 *
 * - `planner`: any workflow of the repository. It reads the configuration of all resources, and the state. It cannot read
 *   what Secret Manager or a bucket holds; but the state and Memorystore's own API show the Redis passwords and the
 *   key of ObjectFS, which Terraform cannot refresh without seeing.
 * - `deployer`: jobs of one GitHub environment. It grants no roles on the project but those that are named.
 *
 * Workflows of forks get no token of the repository, so they get neither.
 * Source: https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines
 *
 * The names of pools and providers stay taken for 30 days after they are deleted: they belong in a stack that outlives
 * the environments.
 */
export class CiIdentities extends Construct {
  /** The accounts in the form that IAM bindings take. */
  readonly planner: string;
  readonly deployer: string;

  constructor(scope: Construct, id: string, props: CiIdentitiesProps) {
    super(scope, id);
    this.check(props);
    const { name, project, githubRepository } = props;
    const lifecycle = { preventDestroy: true };
    const pool = new IamWorkloadIdentityPool(this, "pool", {
      project,
      workloadIdentityPoolId: name,
      displayName: name,
      description: `Workflows of ${githubRepository}`,
      lifecycle,
      dependsOn: [...props.dependsOn],
    });
    new IamWorkloadIdentityPoolProvider(this, "github", {
      project,
      workloadIdentityPoolId: pool.workloadIdentityPoolId,
      workloadIdentityPoolProviderId: "github",
      displayName: "GitHub Actions",
      attributeMapping: { "google.subject": "assertion.sub", "attribute.repository": "assertion.repository" },
      attributeCondition: `assertion.repository == "${githubRepository}"`,
      oidc: { issuerUri: ISSUER },
      lifecycle,
    });

    const planner = this.account("planner", `${name}-plan`, `Plans ${name}`, props, PLAN_ROLES);
    new ProjectIamMember(this, "planner-custom", { project, role: props.plannerRole, member: planner.member });
    const deployer = this.account("deployer", `${name}-deploy`, `Deploys ${name}`, props, DEPLOY_ROLES);
    new ProjectIamMember(this, "deployer-grants", {
      project,
      role: "roles/resourcemanager.projectIamAdmin",
      member: deployer.member,
      condition: {
        title: "named-roles",
        expression: `api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(${JSON.stringify(props.grantableRoles)})`,
      },
    });
    this.federate(
      "planner",
      planner,
      `principalSet://iam.googleapis.com/${pool.name}/attribute.repository/${githubRepository}`,
    );
    this.federate(
      "deployer",
      deployer,
      `principal://iam.googleapis.com/${pool.name}/subject/repo:${githubRepository}:environment:${props.githubEnvironment}`,
    );
    this.planner = planner.member;
    this.deployer = deployer.member;
  }

  private account(
    id: string,
    accountId: string,
    displayName: string,
    props: CiIdentitiesProps,
    roles: readonly string[],
  ) {
    const { project } = props;
    const account = new ServiceAccount(this, id, { project, accountId, displayName, dependsOn: [...props.dependsOn] });
    for (const role of roles) {
      const service = role.replace("roles/", "").replaceAll(".", "-");
      new ProjectIamMember(this, `${id}-${service}`, { project, role, member: account.member });
    }
    return account;
  }

  private federate(id: string, account: ServiceAccount, member: string): void {
    new ServiceAccountIamMember(this, `${id}-federation`, {
      serviceAccountId: account.name,
      role: "roles/iam.workloadIdentityUser",
      member,
    });
  }

  private check({ name, grantableRoles }: CiIdentitiesProps): void {
    const { path } = this.node;
    if (!/^(?!gcp-)[a-z][a-z0-9-]{2,21}[a-z0-9]$/.test(name)) {
      refuse(path, {
        path: "name",
        given: name,
        allowed: '4 to 23 lower-case letters, digits and hyphens that do not begin with "gcp-"',
        remedy: "shorten the name",
      });
    }
    if (grantableRoles.length < 1 || grantableRoles.length > 10) {
      refuse(path, {
        path: "grantableRoles",
        given: grantableRoles,
        allowed: "1 to 10 roles: a condition holds no more",
        remedy: "name fewer roles",
      });
    }
  }
}
