import { ArtifactRegistryRepository } from "@cdktf/provider-google/lib/artifact-registry-repository";
import { ArtifactRegistryRepositoryIamMember } from "@cdktf/provider-google/lib/artifact-registry-repository-iam-member";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

export interface ArtifactRegistryProps {
  /** Up to 63 lower-case letters, digits and hyphens, such as `moodle-staging`. */
  readonly name: string;
  readonly project: string;
  readonly location: string;
  /** Cloud KMS key of the same region, which Artifact Registry's service agent may use. */
  readonly keyId: string;
  /** What must exist first: the service agent's grant on the key. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Days after which an image that no tag names any longer is deleted. */
const UNTAGGED_DAYS = 30;

/** A repository of container images. A tag, once pushed, names the same image for ever. */
export class ArtifactRegistry extends Construct {
  /** Host and path to which an image's name is appended. */
  readonly address: string;
  private readonly repository: ArtifactRegistryRepository;

  constructor(scope: Construct, id: string, props: ArtifactRegistryProps) {
    super(scope, id);
    const { name, project, location, keyId } = props;
    this.repository = new ArtifactRegistryRepository(this, "repository", {
      project,
      location,
      repositoryId: name,
      description: "Images of Moodle and of the programs beside it",
      format: "DOCKER",
      mode: "STANDARD_REPOSITORY",
      kmsKeyName: keyId,
      dockerConfig: { immutableTags: true },
      vulnerabilityScanningConfig: { enablementConfig: "INHERITED" },
      cleanupPolicyDryRun: false,
      cleanupPolicies: [
        {
          id: "delete-untagged",
          action: "DELETE",
          condition: { tagState: "UNTAGGED", olderThan: `${UNTAGGED_DAYS * 24 * 3600}s` },
        },
      ],
      lifecycle: { preventDestroy: true },
      dependsOn: [...props.dependsOn],
    });
    this.address = `${location}-docker.pkg.dev/${project}/${name}`;
  }

  /** Lets `member`, such as `serviceAccount:...`, push and pull images. */
  grantWrite(id: string, member: string): ITerraformDependable {
    const { project, location, repositoryId } = this.repository;
    return new ArtifactRegistryRepositoryIamMember(this, id, {
      project,
      location,
      repository: repositoryId,
      role: "roles/artifactregistry.writer",
      member,
    });
  }
}
