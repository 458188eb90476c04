import { ObjectStoreKey } from "../../../constructs/google/object-store-key";
import { SecretManagerSecret } from "../../../constructs/google/secret-manager-secret";
import { Template } from "../../support/template";

function build(accountId = "moodle-production-1-obj") {
  let key!: ObjectStoreKey;
  const template = Template.from((scope) => {
    const secret = new SecretManagerSecret(scope, "secret", {
      secretId: "object-store",
      project: "example-moodle",
      region: "europe-west3",
    });
    key = new ObjectStoreKey(scope, "key", { accountId, project: "example-moodle", displayName: "ObjectFS", secret });
  });
  return { template, key };
}

describe("ObjectStoreKey", () => {
  const { template, key } = build();

  test("belongs to an account of its own, which holds no role on the project", () => {
    expect(template.only("google_service_account").account_id).toBe("moodle-production-1-obj");
    expect(template.resources("google_project_iam_member")).toEqual([]);
  });

  test("lies in the secret under the names that an object store's client reads", () => {
    const [id] = Object.keys(template.all("google_storage_hmac_key"));
    expect(JSON.parse(template.only("google_secret_manager_secret_version").secret_data_wo)).toEqual({
      accessKeyId: `\${google_storage_hmac_key.${id}.access_id}`,
      secretAccessKey: `\${google_storage_hmac_key.${id}.secret}`,
    });
  });

  test("is ready when the secret holds it", () => {
    expect(key.ready).toHaveLength(1);
    expect(key.secret.name).toBe("object-store");
  });

  // Source: ServiceAccount's accountId in the google provider
  test.each(["short", "1moodle-key", "Moodle-key", "moodle-key-", "a".repeat(31)])("refuses the account %p", (id) => {
    expect(() => build(id)).toThrow(/key\.accountId/);
  });
});
