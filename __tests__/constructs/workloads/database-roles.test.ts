import { TerraformResource } from "cdktf";
import { parse } from "yaml";
import type { DatabaseAdministrator, SecretStore } from "../../../constructs/ports";
import { DatabaseRoles } from "../../../constructs/workloads/database-roles";
import { cluster, database, identity, secret } from "../../support/ports";
import { Template } from "../../support/template";

const aws: SecretStore = { store: "aws-secrets-manager", region: "eu-central-1" };
const vault: SecretStore = {
  store: "vault",
  address: "https://vault.example.edu:8200",
  mount: "secret",
  authMount: "kubernetes",
  role: "moodle",
  cidr: "10.9.0.0/24",
};

function build(stores: readonly SecretStore[] = [aws], administrator = database("postgresql").administrator) {
  const template = Template.from((scope) => {
    const resource = (name: string) => new TerraformResource(scope, name, { terraformResourceType: "kind" });
    new DatabaseRoles(scope, "roles", {
      cluster: { ...cluster, ready: [resource("cluster")] },
      identity: { ...identity("moodle"), serviceAccountName: "database-roles", ready: [resource("identity")] },
      database: { ...database("postgresql"), administrator, ready: [resource("database")] },
      stores,
      generated: [{ secret: secret("administrator"), keys: ["adminPassword"] }],
      image: "registry.example.edu/database-roles:0.1.0",
      dependsOn: [resource("namespace")],
    });
  });
  const release = template.only("helm_release");
  return { release, values: parse(release.values[0]) };
}

test("the Job knows the database and which roles to make", () => {
  expect(build().values.config).toEqual({
    engine: "postgresql",
    host: "database.example.edu",
    port: 5432,
    database: "moodle",
    administrator: database("postgresql").administrator,
    roles: {
      application: { store: "aws-secrets-manager", name: "moodle-staging-1/database-application" },
      backup: { store: "aws-secrets-manager", name: "moodle-staging-1/database-backup" },
      reader: { store: "aws-secrets-manager", name: "moodle-staging-1/database-reader" },
    },
    generated: [
      { secret: { store: "aws-secrets-manager", name: "moodle-staging-1/administrator" }, keys: ["adminPassword"] },
    ],
    stores: { "aws-secrets-manager": { region: "eu-central-1" } },
  });
});

test.each<DatabaseAdministrator>([
  { kind: "rds-managed-secret", secretArn: "arn:aws:secretsmanager:x", region: "eu-central-1" },
  { kind: "rds-reset-password", instanceIdentifier: "moodle", username: "root", region: "eu-central-1" },
  { kind: "cloud-sql-user", project: "moodle-example", instance: "moodle", username: "administrator" },
])("the Job is told how to act as administrator: $kind", (administrator) => {
  expect(build([aws], administrator).values.config.administrator).toEqual(administrator);
});

test("the Job verifies the database by its own authorities", () => {
  expect(build().values.caCertificates).toMatch(/^-----BEGIN CERTIFICATE-----/);
});

test("the Job reaches the database, the endpoint of its identity, and Vault", () => {
  expect(build([aws, vault]).values.network).toEqual({
    databaseCidrs: ["10.20.96.0/24", "10.20.97.0/24"],
    identityEndpoints: [{ cidr: "169.254.170.23/32", port: 80 }],
    vault: [{ cidr: "10.9.0.0/24", port: 8200 }],
  });
});

test("the Job runs after cluster, identity, database and namespace", () => {
  expect(build().release.depends_on).toEqual(["kind.cluster", "kind.identity", "kind.database", "kind.namespace"]);
});

test("Helm waits longer than the Job may take", () => {
  expect(build().release.timeout).toBeGreaterThan(900);
});
