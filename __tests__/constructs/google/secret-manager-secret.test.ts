import { ServiceAccount } from "@cdktf/provider-google/lib/service-account";
import { SecretManagerSecret, type SecretManagerSecretProps } from "../../../constructs/google/secret-manager-secret";
import { Template } from "../../support/template";

const KEY = "projects/example-moodle/locations/europe-west3/keyRings/moodle/cryptoKeys/secrets";
const props: SecretManagerSecretProps = {
  secretId: "moodle-production-1-database-application",
  project: "example-moodle",
  region: "europe-west3",
  keyId: KEY,
};
const MEMBER = "serviceAccount:roles@example-moodle.iam.gserviceaccount.com";

describe("SecretManagerSecret", () => {
  let secret!: SecretManagerSecret;
  const template = Template.from((scope) => {
    secret = new SecretManagerSecret(scope, "secret", props);
    secret.grantRead("reader", MEMBER);
    secret.grantAdd("writer", MEMBER);
    const account = new ServiceAccount(scope, "source", { accountId: "source" });
    secret.write("value", { password: account.uniqueId }, account);
  });

  test("is named by its id in its store", () => {
    expect(secret.ref).toEqual({ store: "google-secret-manager", name: props.secretId });
  });

  test("keeps its value in one region, under the key that was given", () => {
    expect(template.only("google_secret_manager_secret").replication).toEqual({
      user_managed: {
        replicas: [{ location: "europe-west3", customer_managed_encryption: { kms_key_name: KEY } }],
      },
    });
  });

  test("cannot be lost where protected: not the secret, and no version for 30 days", () => {
    expect(template.only("google_secret_manager_secret")).toMatchObject({
      deletion_protection: true,
      lifecycle: { prevent_destroy: true },
      version_destroy_ttl: "2592000s",
    });
  });

  test("can be destroyed at once where disposable", () => {
    const disposable = Template.from((scope) => {
      new SecretManagerSecret(scope, "secret", { ...props, protection: "disposable" });
    }).only("google_secret_manager_secret");
    expect(disposable).toMatchObject({ deletion_protection: false, lifecycle: { prevent_destroy: false } });
    expect(disposable).not.toHaveProperty("version_destroy_ttl");
  });

  test("lets a member read and another right add values, each by a role of its own", () => {
    const roles = template.resources("google_secret_manager_secret_iam_member").map(({ role }) => role);
    expect(roles).toEqual(["roles/secretmanager.secretAccessor", "roles/secretmanager.secretVersionAdder"]);
  });

  test("writes a value as JSON through the write-only argument alone", () => {
    const version = template.only("google_secret_manager_secret_version");
    expect(version.secret_data_wo).toMatch(/^\{"password":"\$\{google_service_account\.source\.unique_id\}"\}$/);
    expect(version.secret_data_wo_version).toBe(1);
    expect(version).not.toHaveProperty("secret_data");
  });

  test("writes anew when the source of the value is replaced", () => {
    expect(template.only("google_secret_manager_secret_version").lifecycle.replace_triggered_by).toEqual([
      "google_service_account.source.id",
    ]);
  });

  test.each(["", "a b", "a/b", "x".repeat(256)])("refuses the id %p", (secretId) => {
    expect(() => Template.from((scope) => new SecretManagerSecret(scope, "secret", { ...props, secretId }))).toThrow(
      /secret\.secretId/,
    );
  });
});
