import { GoogleProvider } from "@cdktf/provider-google/lib/provider";
import { type App, Aspects, TerraformOutput } from "cdktf";
import { ComponentTags } from "../constructs/core/component-tags";
import { pinProviders } from "../constructs/core/providers";
import { ArtifactRegistry } from "../constructs/google/artifact-registry";
import { CiIdentities } from "../constructs/google/ci-identities";
import { CustomRoles } from "../constructs/google/custom-roles";
import { GcsBucket } from "../constructs/google/gcs-bucket";
import { KeyRing } from "../constructs/google/key-ring";
import { ProjectServices } from "../constructs/google/project-services";
import type { GoogleEnvironment } from "../environments/defaults";
import { addBootstrapBackend } from "./bootstrap-state";
import { addGoogleBackend } from "./google-backend";
import { googleNames } from "./google-names";
import { PlatformStack } from "./platform-stack";
import { standardTags } from "./standard-tags";

/** Roles that the environment stack grants on the project, beside its custom ones. */
const GRANTED_ROLES = ["roles/container.admin", "roles/container.defaultNodeServiceAccount"];

/**
 * What precedes an environment on Google Cloud and outlives it: the project's services, keys, the bucket of the state,
 * the image registry, custom roles, and by choice the identities of CI. Nothing in it can be destroyed by Terraform.
 *
 * There is no runner: the cluster's control plane is reached by its DNS endpoint, from anywhere that Google Cloud lets
 * the caller's identity in, and nothing else in the network is dialled at deploy.
 */
export class GoogleBootstrapStack extends PlatformStack {
  constructor(app: App, id: string, environment: GoogleEnvironment) {
    super(app, id);
    const { name, project, projectNumber, region, ci } = environment;
    pinProviders(this, ["google"]);
    addBootstrapBackend(this, () => addGoogleBackend(this, environment));
    new GoogleProvider(this, "google", {
      project,
      region,
      defaultLabels: standardTags(environment),
    });
    Aspects.of(this).add(new ComponentTags("labels"));

    const names = googleNames(environment);
    const { ready: services } = new ProjectServices(this, "services", { project });
    const keys = new KeyRing(this, "keys", {
      name: names.base,
      project,
      projectNumber,
      location: region,
      dependsOn: services,
    });
    const state = new GcsBucket(this, "state", {
      bucketName: environment.state.bucket,
      project,
      location: region,
      keyId: keys.keyId("state"),
      noncurrentDays: 90,
      softDeleteDays: 30,
      dependsOn: keys.ready,
    });
    const registry = new ArtifactRegistry(this, "registry", {
      name: names.base,
      project,
      location: region,
      keyId: keys.keyId("registry"),
      dependsOn: keys.ready,
    });
    const roles = new CustomRoles(this, "roles", { project, prefix: names.rolePrefix, dependsOn: services });
    if (ci === undefined) return;

    const { planner, deployer } = new CiIdentities(this, "ci", {
      name: names.base,
      project,
      githubRepository: ci.githubRepository,
      githubEnvironment: name,
      plannerRole: roles.name("planner"),
      grantableRoles: [...GRANTED_ROLES, names.role("database_users"), names.role("database_backups")],
      dependsOn: services,
    });
    state.grantRead("planner", planner);
    state.grantWrite("deployer", deployer);
    registry.grantWrite("deployer", deployer);
    new TerraformOutput(this, "workload-identity-provider", {
      value: names.identityProvider,
      description: "For google-github-actions/auth in the workflows",
    });
  }
}
