import { ArtifactRegistry } from "../../../constructs/google/artifact-registry";
import { Template } from "../../support/template";

describe("ArtifactRegistry", () => {
  const keyId = "projects/example-moodle/locations/europe-west3/keyRings/moodle/cryptoKeys/registry";
  let registry!: ArtifactRegistry;
  const template = Template.from((scope) => {
    registry = new ArtifactRegistry(scope, "registry", {
      name: "moodle-staging",
      project: "example-moodle",
      location: "europe-west3",
      keyId,
      dependsOn: [],
    });
    registry.grantWrite("ci", "serviceAccount:ci@example-moodle.iam.gserviceaccount.com");
  });
  const repository = template.only("google_artifact_registry_repository");

  test("is where an environment looks for its images", () => {
    expect(registry.address).toBe("europe-west3-docker.pkg.dev/example-moodle/moodle-staging");
  });

  test("holds container images under the key that was given, and is kept from destroy", () => {
    expect(repository).toMatchObject({ format: "DOCKER", kms_key_name: keyId, lifecycle: { prevent_destroy: true } });
  });

  test("lets no tag be moved", () => {
    expect(repository.docker_config).toEqual({ immutable_tags: true });
  });

  test("clears away what no tag names any longer, and nothing else", () => {
    expect(repository.cleanup_policies).toEqual([
      { id: "delete-untagged", action: "DELETE", condition: { tag_state: "UNTAGGED", older_than: "2592000s" } },
    ]);
  });

  test("lets a writer push to this repository alone", () => {
    expect(template.only("google_artifact_registry_repository_iam_member").role).toBe("roles/artifactregistry.writer");
  });
});
