import { KeyRing } from "../../../constructs/google/key-ring";
import { Template } from "../../support/template";

describe("KeyRing", () => {
  const template = Template.from((scope) => {
    new KeyRing(scope, "keys", {
      name: "moodle-production",
      project: "example-moodle",
      projectNumber: "210987654321",
      location: "europe-west3",
      dependsOn: [],
    });
  });
  /** The service agents that may use a key, by the domains of their addresses. */
  const agents = (use: string) => {
    const [id] = Object.entries(template.all("google_kms_crypto_key")).find(([, { name }]) => name === use) ?? [];
    return template
      .resources("google_kms_crypto_key_iam_member")
      .filter(({ crypto_key_id }) => crypto_key_id === `\${google_kms_crypto_key.${id}.id}`)
      .map(({ member }) => /^serviceAccount:service-210987654321@(.+)\.iam\.gserviceaccount\.com$/.exec(member)?.[1]);
  };

  test("has a key for each use", () => {
    expect(template.resources("google_kms_crypto_key").map(({ name }) => name)).toEqual([
      "backups",
      "cluster",
      "data",
      "registry",
      "secrets",
      "state",
    ]);
  });

  test("is kept from destroy, ring and keys", () => {
    const kept = [...template.resources("google_kms_key_ring"), ...template.resources("google_kms_crypto_key")];
    for (const { lifecycle } of kept) expect(lifecycle.prevent_destroy).toBe(true);
  });

  test("rotates every 90 days", () => {
    for (const { rotation_period } of template.resources("google_kms_crypto_key")) {
      expect(rotation_period).toBe("7776000s");
    }
  });

  test.each([
    ["state", ["gs-project-accounts"]],
    ["cluster", ["container-engine-robot"]],
    ["data", ["cloud-filer", "cloud-redis", "gcp-sa-cloud-sql", "gs-project-accounts"]],
    ["backups", ["gs-project-accounts"]],
    ["secrets", ["gcp-sa-secretmanager"]],
    ["registry", ["gcp-sa-artifactregistry"]],
  ])("lets none but the services that need it use the key %s", (use, expected) => {
    expect(agents(use)).toEqual(expected);
  });
});
