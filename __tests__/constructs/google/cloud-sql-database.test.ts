import { CloudSqlDatabase, type CloudSqlDatabaseProps } from "../../../constructs/google/cloud-sql-database";
import { type Resource, Template } from "../../support/template";

const KEY = "projects/example-moodle/locations/europe-west3/keyRings/moodle/cryptoKeys/data";
const secret = (name: string) => ({ store: "google-secret-manager", name }) as const;
const props: CloudSqlDatabaseProps = {
  name: "moodle-production-1",
  project: "example-moodle",
  region: "europe-west3",
  engine: "postgresql",
  engineVersion: "17",
  edition: "ENTERPRISE",
  tier: "db-custom-4-15360",
  storageGb: 100,
  availability: "REGIONAL",
  readReplicas: 2,
  networkId: "projects/example-moodle/global/networks/moodle",
  subnetworkId: "projects/example-moodle/regions/europe-west3/subnetworks/nodes",
  secrets: { application: secret("application"), backup: secret("backup"), reader: secret("reader") },
  keyId: KEY,
  labels: { environment: "production" },
};

function build(more: Partial<CloudSqlDatabaseProps> = {}) {
  let database!: CloudSqlDatabase;
  const template = Template.from((scope) => {
    database = new CloudSqlDatabase(scope, "database", { ...props, ...more });
    database.grantUserAdministration("roles", "principal://example", "projects/example-moodle/roles/users");
  });
  const instances = template.resources("google_sql_database_instance");
  const primary = instances.find(({ master_instance_name }) => master_instance_name === undefined) as Resource;
  const replicas = instances.filter(({ master_instance_name }) => master_instance_name !== undefined);
  return { endpoint: database.endpoint, template, instances, primary, replicas };
}

describe("CloudSqlDatabase", () => {
  const { endpoint, template, instances, primary, replicas } = build();
  const mysql = build({ engine: "mysql", engineVersion: "8.4" });

  test("is reached by Private Service Connect alone, by this project alone", () => {
    for (const { settings } of instances) {
      expect(settings.ip_configuration).toMatchObject({
        ipv4_enabled: false,
        psc_config: [{ psc_enabled: true, allowed_consumer_projects: ["example-moodle"] }],
      });
      expect(settings.ip_configuration).not.toHaveProperty("private_network");
    }
  });

  test("leaves the number of connections to Cloud SQL, unless one is given, for replicas too", () => {
    const limits = (found: Resource[]) =>
      found.map(({ settings }) => settings.database_flags.find(({ name }: Resource) => name === "max_connections"));
    expect(limits(instances)).toEqual([undefined, undefined, undefined]);
    const limit = { name: "max_connections", value: "640" };
    expect(limits(build({ maxConnections: 640 }).instances)).toEqual([limit, limit, limit]);
  });

  test("can have replicas made larger first, which PostgreSQL demands before it makes the primary larger", () => {
    const sizes = (found: Resource[]) =>
      found.map(({ settings: { tier, database_flags } }) => [
        tier,
        database_flags.find(({ name }: Resource) => name === "max_connections").value,
      ]);
    const grown = build({ replicaTier: "db-custom-8-30720", maxConnections: 1200, replicaMaxConnections: 2400 });
    expect(sizes([grown.primary])).toEqual([["db-custom-4-15360", "1200"]]);
    expect(sizes(grown.replicas)).toEqual(Array(2).fill(["db-custom-8-30720", "2400"]));
  });

  test("refuses replicas that would stop: those of PostgreSQL cannot take fewer connections than the primary", () => {
    const fewer = { maxConnections: 1200, replicaMaxConnections: 600 };
    expect(() => build(fewer)).toThrow(/database\.replicaMaxConnections/);
    expect(() => build({ ...fewer, engine: "mysql", engineVersion: "8.4" })).not.toThrow();
  });

  test("refuses a tier of replicas that the edition does not have", () => {
    expect(() => build({ replicaTier: "db-perf-optimized-N-4" })).toThrow(/database\.replicaTier/);
  });

  test("refuses plain text, and shows a certificate that carries its name", () => {
    for (const { settings } of instances) {
      expect(settings.ip_configuration).toMatchObject({
        ssl_mode: "ENCRYPTED_ONLY",
        server_ca_mode: "GOOGLE_MANAGED_CAS_CA",
      });
    }
  });

  test("gives every instance an address of the subnet and a private zone under its own name", () => {
    expect(template.resources("google_compute_address")).toHaveLength(3);
    for (const [id, zone] of Object.entries(template.all("google_dns_managed_zone"))) {
      expect(zone.visibility).toBe("private");
      expect(zone.dns_name).toMatch(/^\$\{trimsuffix\(google_sql_database_instance\.[\w-]+\.dns_name, "\."\)\}\.$/);
      const record = template.only("google_dns_record_set", { managed_zone: `\${google_dns_managed_zone.${id}.name}` });
      expect(record.name).toBe(zone.dns_name);
    }
  });

  test("leads an address to its instance, not to a load balancer", () => {
    for (const rule of template.resources("google_compute_forwarding_rule")) {
      expect(rule.load_balancing_scheme).toBe("");
      expect(rule.target).toMatch(/psc_service_attachment_link/);
    }
  });

  test("cannot be lost where protected: by Terraform, by the provider, by the cloud; backups outlive it", () => {
    for (const instance of instances) {
      expect(instance.lifecycle.prevent_destroy).toBe(true);
      expect(instance.deletion_protection).toBe(true);
      expect(instance.settings.deletion_protection_enabled).toBe(true);
    }
    expect(primary.settings.retain_backups_on_delete).toBe(true);
  });

  test("can be destroyed where disposable, and leaves nothing behind", () => {
    const { primary: disposable } = build({ protection: "disposable" });
    expect(disposable).toMatchObject({ deletion_protection: false, lifecycle: { prevent_destroy: false } });
    expect(disposable.settings).toMatchObject({ deletion_protection_enabled: false, retain_backups_on_delete: false });
  });

  test("recovers PostgreSQL to any moment of the window, in its own region", () => {
    expect(primary.settings.backup_configuration).toMatchObject({
      enabled: true,
      location: "europe-west3",
      point_in_time_recovery_enabled: true,
      transaction_log_retention_days: 7,
      backup_retention_settings: { retained_backups: 8, retention_unit: "COUNT" },
    });
  });

  test("recovers MySQL by its binary log; the provider refuses the other field there", () => {
    expect(mysql.primary.settings.backup_configuration.binary_log_enabled).toBe(true);
    expect(mysql.primary.settings.backup_configuration).not.toHaveProperty("point_in_time_recovery_enabled");
  });

  test("has replicas that follow the primary and back nothing up", () => {
    expect(replicas).toHaveLength(2);
    for (const replica of replicas) {
      expect(replica.settings.availability_type).toBe("ZONAL");
      expect(replica.settings).not.toHaveProperty("backup_configuration");
      expect(replica).not.toHaveProperty("encryption_key_name");
    }
    expect(endpoint.readerHosts).toHaveLength(2);
  });

  // A window set on a replica would differ at every plan: Cloud SQL maintains replicas in the primary's.
  test("sets a maintenance window on the primary alone", () => {
    for (const { settings, lifecycle } of replicas) {
      expect(settings).not.toHaveProperty("maintenance_window");
      expect(lifecycle.ignore_changes).toContain("settings[0].maintenance_window");
    }
    expect(primary.lifecycle.ignore_changes).not.toContain("settings[0].maintenance_window");
  });

  test("never sets a password", () => {
    for (const instance of instances) expect(instance).not.toHaveProperty("root_password");
    expect(template.resources("google_sql_user")).toEqual([]);
  });

  test("names the database's user by which roles are made", () => {
    expect(endpoint.administrator).toEqual({
      kind: "cloud-sql-user",
      project: "example-moodle",
      instance: "moodle-production-1-db",
      username: "moodle_admin",
    });
    expect(primary.name).toBe("moodle-production-1-db");
  });

  test("grants the making of users on this instance alone", () => {
    expect(template.only("google_project_iam_member").condition.expression).toContain(
      'resource.name == "projects/example-moodle/instances/moodle-production-1-db"',
    );
  });

  test("leaves the size alone that the disk has grown to", () => {
    for (const { lifecycle, settings } of instances) {
      expect(settings.disk_autoresize).toBe(true);
      expect(lifecycle.ignore_changes).toContain("settings[0].disk_size");
    }
  });

  test("labels its instances itself: the provider's defaults do not reach them", () => {
    for (const { settings } of instances) expect(settings.user_labels).toEqual({ environment: "production" });
  });

  test("encrypts with the key that was given", () => {
    expect(primary.encryption_key_name).toBe(KEY);
  });

  test("makes Moodle's database in the encoding that Moodle asks for, and lets it go with its instance", () => {
    expect(template.only("google_sql_database")).toMatchObject({ charset: "UTF8", deletion_policy: "ABANDON" });
    expect(mysql.template.only("google_sql_database")).toMatchObject({
      charset: "utf8mb4",
      collation: "utf8mb4_unicode_ci",
    });
  });

  test.each([
    ["postgresql", "15", "POSTGRES_15", 5432],
    ["postgresql", "17", "POSTGRES_17", 5432],
    ["mysql", "8.4", "MYSQL_8_4", 3306],
  ] as const)("%s %s is %s on port %i", (engine, version, databaseVersion, port) => {
    const built = build({ engine, engineVersion: version });
    expect(built.primary.database_version).toBe(databaseVersion);
    expect(built.endpoint.port).toBe(port);
  });

  test("updates a week after the disposable ones", () => {
    expect(primary.settings.maintenance_window.update_track).toBe("stable");
    expect(build({ protection: "disposable" }).primary.settings.maintenance_window.update_track).toBe("canary");
  });

  test.each([
    ["name", { name: "Moodle" }],
    ["name", { name: "m".repeat(80) }],
    ["tier", { tier: "db-perf-optimized-N-2" }],
    ["tier", { edition: "ENTERPRISE_PLUS" }],
    ["backupRetentionDays", { backupRetentionDays: 8 }],
    ["backupRetentionDays", { backupRetentionDays: 0 }],
  ] as const)("refuses a wrong %s: %p", (field, more) => {
    expect(() => build(more)).toThrow(new RegExp(`database\\.${field}`));
  });

  test("keeps a month of recovery with ENTERPRISE_PLUS", () => {
    const plus = build({ edition: "ENTERPRISE_PLUS", tier: "db-perf-optimized-N-2", backupRetentionDays: 30 });
    expect(plus.primary.settings.backup_configuration.transaction_log_retention_days).toBe(30);
  });
});
