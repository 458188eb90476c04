import { App, Testing } from "cdktf";
import { loadEnvironments } from "../../environments/load";
import { production } from "../../examples/google/production";
import { GoogleBootstrapStack } from "../../stacks/google-bootstrap";
import { GoogleEnvironmentStack } from "../../stacks/google-environment";
import { googleNames } from "../../stacks/google-names";
import { DependencyGraph } from "../support/graph";
import { Template } from "../support/template";

const [environment] = loadEnvironments([production]);
if (environment?.cloud !== "google") throw new Error("the example is not on Google Cloud");
const names = googleNames(environment);
const app = () => Testing.stubVersion(new App({ stackTraces: false }));
const template = Template.of(new GoogleBootstrapStack(app(), "bootstrap-production", environment));
const environmentTemplate = Template.of(new GoogleEnvironmentStack(app(), "production", environment));
const pool = "projects/210987654321/locations/global/workloadIdentityPools/moodle-production";

describe("GoogleBootstrapStack", () => {
  test("keeps its state in the bucket that it makes, under its own prefix and key", () => {
    expect((template.json.terraform as { backend: unknown }).backend).toEqual({
      gcs: {
        bucket: template.only("google_storage_bucket").name,
        prefix: "bootstrap-production",
        kms_encryption_key: names.keyId("state"),
      },
    });
  });

  test("makes the keys under the names by which the environment finds them", () => {
    const ring = template.only("google_kms_key_ring");
    const made = template
      .resources("google_kms_crypto_key")
      .map(
        ({ name }) => `projects/${ring.project}/locations/${ring.location}/keyRings/${ring.name}/cryptoKeys/${name}`,
      );
    const used = JSON.stringify(environmentTemplate.json).match(
      /projects\/[\w-]+\/locations\/[\w-]+\/keyRings\/[^"]+/g,
    );
    expect(used?.length).toBeGreaterThan(5);
    expect([...new Set(used)].filter((key) => !made.includes(key))).toEqual([]);
  });

  test("makes the registry from which the environment takes its images", () => {
    const { project, location, repository_id } = template.only("google_artifact_registry_repository");
    expect(names.imageRepositoryId).toBe(`projects/${project}/locations/${location}/repositories/${repository_id}`);
    expect(environment.images.registry).toBe(`${location}-docker.pkg.dev/${project}/${repository_id}`);
  });

  test("makes every custom role that the environment grants", () => {
    const made = template
      .resources("google_project_iam_custom_role")
      .map(({ project, role_id }) => `projects/${project}/roles/${role_id}`);
    const used = JSON.stringify(environmentTemplate.json).match(/projects\/[\w-]+\/roles\/\w+/g);
    expect(used?.length).toBeGreaterThan(0);
    expect([...new Set(used)].filter((role) => !made.includes(role))).toEqual([]);
  });

  test("lets the deployer grant every role that the environment grants on the project", () => {
    const granted = environmentTemplate.resources("google_project_iam_member").map(({ role }) => role);
    const { condition } = template.only("google_project_iam_member", { role: "roles/resourcemanager.projectIamAdmin" });
    expect(granted.length).toBeGreaterThan(0);
    expect(granted.filter((role) => !condition.expression.includes(`"${role}"`))).toEqual([]);
  });

  test("encrypts only when the service may use the key", () => {
    const graph = new DependencyGraph(template);
    for (const [type, agent] of [
      ["google_storage_bucket", "keys_state-gs-project-accounts"],
      ["google_artifact_registry_repository", "keys_registry-gcp-sa-artifactregistry"],
    ] as const) {
      const [id] = Object.keys(template.all(type));
      const reached = [...graph.reachableFrom(`${type}.${id}`)];
      expect(reached.some((one) => one.startsWith(`google_kms_crypto_key_iam_member.${agent}`))).toBe(true);
    }
  });

  test.each([
    ["planner", "roles/storage.objectViewer"],
    ["deployer", "roles/storage.objectUser"],
  ])("gives the %s no more of the state than %s", (who, role) => {
    const members = template.resources("google_storage_bucket_iam_member");
    const roles = members.filter(({ member }) => String(member).includes(`ci_${who}`)).map((one) => one.role);
    expect(roles.sort()).toEqual(["roles/storage.legacyBucketReader", role]);
  });

  test("prints what the workflows name their provider by", () => {
    const outputs = template.json.output as Record<string, { value: string }>;
    expect(Object.values(outputs).map(({ value }) => value)).toContain(`${pool}/providers/github`);
  });

  test("keeps everything that outlives the environment from destroy", () => {
    const kept = [
      "google_artifact_registry_repository",
      "google_iam_workload_identity_pool",
      "google_kms_crypto_key",
      "google_kms_key_ring",
      "google_project_iam_custom_role",
      "google_storage_bucket",
    ];
    for (const type of kept) {
      for (const { lifecycle } of template.resources(type)) expect(lifecycle.prevent_destroy).toBe(true);
    }
  });

  test("knows no CI where the environment has none", () => {
    const without = Template.of(
      new GoogleBootstrapStack(app(), "bootstrap-production", { ...environment, ci: undefined }),
    );
    expect(without.types()).not.toContain("google_iam_workload_identity_pool");
    expect(without.types()).not.toContain("google_service_account");
  });
});
