import { ProjectIamMember } from "@cdktf/provider-google/lib/project-iam-member";
import { SqlDatabase } from "@cdktf/provider-google/lib/sql-database";
import {
  SqlDatabaseInstance,
  type SqlDatabaseInstanceSettings,
} from "@cdktf/provider-google/lib/sql-database-instance";
import { Fn, type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import { isGuarded, type Protection } from "../core/protection";
import type { CloudSnapshotSource, DatabaseEndpoint, DatabaseSecrets } from "../ports";
import { CloudSqlEndpoint } from "./cloud-sql-endpoint";

export interface CloudSqlDatabaseProps {
  /** Prefix of the instances' names. Google keeps a deleted instance's name for a week. */
  readonly name: string;
  readonly project: string;
  readonly region: string;
  readonly engine: "postgresql" | "mysql";
  /** Version of the engine, such as `17` or `8.4`. */
  readonly engineVersion: string;
  readonly edition: "ENTERPRISE" | "ENTERPRISE_PLUS";
  /** Machine type: `db-custom-<processors>-<MiB>`, or `db-perf-optimized-N-<processors>` with ENTERPRISE_PLUS. */
  readonly tier: string;
  /** Connections at most. A new value restarts the instances. @default Cloud SQL's own, by the memory */
  readonly maxConnections?: number;
  /** GiB at the start; it grows by itself and never shrinks. */
  readonly storageGb: number;
  /** REGIONAL keeps a standby in another zone. */
  readonly availability: "ZONAL" | "REGIONAL";
  /** Read replicas in the same region. @default 0 */
  readonly readReplicas?: number;
  /**
   * Machine type of the replicas. With PostgreSQL, Cloud SQL refuses a primary that is larger than a replica, and Terraform
   * changes the primary first: to make both larger, raise this one, deploy, then raise `tier`.
   * @default `tier`
   */
  readonly replicaTier?: string;
  /** Connections of a replica at most. With PostgreSQL no fewer than `maxConnections`. @default `maxConnections` */
  readonly replicaMaxConnections?: number;
  /**
   * Days of point-in-time recovery: 1 to 7 with ENTERPRISE, 1 to 35 with ENTERPRISE_PLUS.
   * @default 7
   */
  readonly backupRetentionDays?: number;
  readonly networkId: string;
  /** The subnet from which the database is reached. */
  readonly subnetworkId: string;
  readonly secrets: DatabaseSecrets;
  /** Cloud KMS key of the same region, which Cloud SQL's service agent may use. @default a key of Google's */
  readonly keyId?: string;
  /** Labels of the instances: the provider's default labels do not reach Cloud SQL. */
  readonly labels?: Readonly<Record<string, string>>;
  /** @default "protected" */
  readonly protection?: Protection;
}

const DATABASE = "moodle";
/** The user by which the database roles are made. It exists once the first such run has made it. */
const ADMINISTRATOR = "moodle_admin";

/**
 * Cloud SQL for PostgreSQL or MySQL, reached by Private Service Connect alone.
 *
 * - TLS: unencrypted connections are refused. The server's certificate is signed by the region's shared authority
 *   (GOOGLE_MANAGED_CAS_CA) and carries the instance's DNS name, which is the endpoint's `host`: clients verify both.
 *   With the authority of an instance of its own, the certificate names the instance in a form that no client checks.
 * - Users: no password of any user passes through Terraform. PostgreSQL's `postgres` has none and cannot log in; MySQL's
 *   `root` is removed by the provider as soon as the instance exists.
 * - Backups: daily, with point-in-time recovery. Where protected they outlive the instance until they expire; a final
 *   backup beside them is one `gcloud sql backups create` before the instance is deleted, as the pinned provider has no
 *   field for it.
 */
export class CloudSqlDatabase extends Construct {
  readonly endpoint: DatabaseEndpoint;
  /** What snapshots are made of. */
  readonly snapshotSource: CloudSnapshotSource;
  /** Of every instance, the primary first. */
  readonly instanceNames: readonly string[];
  private readonly project: string;
  private readonly instanceName: string;

  constructor(scope: Construct, id: string, props: CloudSqlDatabaseProps) {
    super(scope, id);
    this.check(props);
    const { name, project, region, engine, readReplicas = 0, networkId, subnetworkId } = props;
    const isDisposable = props.protection === "disposable";
    this.project = project;
    this.instanceName = `${name}-db`;
    const shared = {
      project,
      region,
      databaseVersion: `${{ postgresql: "POSTGRES", mysql: "MYSQL" }[engine]}_${props.engineVersion.replaceAll(".", "_")}`,
      deletionProtection: isGuarded(props.protection),
    };
    // The disk has grown by itself since; to set it back to its first size would replace the instance.
    const lifecycle = { preventDestroy: isGuarded(props.protection), ignoreChanges: ["settings[0].disk_size"] };
    // Replicas are maintained in the primary's window, and have none that could be set.
    const replicaLifecycle = {
      ...lifecycle,
      ignoreChanges: [...lifecycle.ignoreChanges, "settings[0].maintenance_window"],
    };
    const endpointOf = (endpointId: string, instanceName: string, instance: SqlDatabaseInstance) =>
      new CloudSqlEndpoint(this, endpointId, {
        name: instanceName,
        project,
        region,
        instance,
        networkId,
        subnetworkId,
      });

    const primary = new SqlDatabaseInstance(this, "primary", {
      ...shared,
      name: this.instanceName,
      encryptionKeyName: props.keyId,
      settings: { ...settings(props), ...primarySettings(props, isDisposable) },
      lifecycle,
    });
    const primaryEndpoint = endpointOf("primary-endpoint", this.instanceName, primary);
    const replicaSettings = settings({
      ...props,
      tier: props.replicaTier ?? props.tier,
      maxConnections: props.replicaMaxConnections ?? props.maxConnections,
    });
    const replicas = Array.from({ length: readReplicas }, (_, index) => {
      const replicaName = `${this.instanceName}-replica-${index + 1}`;
      const instance = new SqlDatabaseInstance(this, `replica-${index + 1}`, {
        ...shared,
        name: replicaName,
        masterInstanceName: primary.name,
        settings: replicaSettings,
        lifecycle: replicaLifecycle,
      });
      return { instance, endpoint: endpointOf(`replica-${index + 1}-endpoint`, replicaName, instance) };
    });
    this.instanceNames = [primary, ...replicas.map(({ instance }) => instance)].map((one) => one.name);
    const database = new SqlDatabase(this, "database", {
      project,
      instance: primary.name,
      name: DATABASE,
      ...(engine === "postgresql"
        ? { charset: "UTF8", collation: "en_US.UTF8" }
        : { charset: "utf8mb4", collation: "utf8mb4_unicode_ci" }),
      // It goes with its instance; alone it could not be dropped while anyone is connected.
      deletionPolicy: "ABANDON",
    });

    const endpoints = [primaryEndpoint, ...replicas.map(({ endpoint }) => endpoint)];
    const instances = [primary, ...replicas.map(({ instance }) => instance)];
    this.snapshotSource = { kind: "cloud-sql", project, instance: this.instanceName };
    this.endpoint = {
      engine,
      host: primaryEndpoint.host,
      port: { postgresql: 5432, mysql: 3306 }[engine],
      databaseName: DATABASE,
      readerHosts: replicas.map(({ endpoint }) => endpoint.host),
      caCertificates: authorities(instances),
      cidrs: endpoints.map(({ cidr }) => cidr),
      administrator: { kind: "cloud-sql-user", project, instance: this.instanceName, username: ADMINISTRATOR },
      secrets: props.secrets,
      ready: [database, ...replicas.map(({ instance }) => instance), ...endpoints.flatMap(({ ready }) => ready)],
    };
  }

  /**
   * Lets `member` make users of this instance and set their passwords through the Cloud SQL Admin API, and nothing of
   * another instance. `role` is a custom role: Google's own ones that may do it may also delete instances.
   */
  grantUserAdministration(id: string, member: string, role: string): ITerraformDependable {
    return new ProjectIamMember(this, id, {
      project: this.project,
      role,
      member,
      condition: {
        title: "one-instance",
        expression: `resource.type == "sqladmin.googleapis.com/Instance" && resource.name == "projects/${this.project}/instances/${this.instanceName}"`,
      },
    });
  }

  /** Lets `member` do what the custom role `role` allows with the backups of this instance, and of no other. */
  grantBackups(id: string, member: string, role: string): ITerraformDependable {
    const instance = `projects/${this.project}/instances/${this.instanceName}`;
    const expression = `resource.name == "${instance}" || resource.name.startsWith("${instance}/")`;
    return new ProjectIamMember(this, id, {
      project: this.project,
      role,
      member,
      condition: { title: "one-instance", expression },
    });
  }

  private check({ name, project, edition, tier, readReplicas = 0, ...props }: CloudSqlDatabaseProps): void {
    const { path } = this.node;
    const longest = `${project}:${name}-db-replica-${readReplicas}`;
    if (!Token.isUnresolved(longest) && (!/^[a-z][a-z0-9-]*$/.test(name) || longest.length > 97)) {
      refuse(path, {
        path: "name",
        given: name,
        allowed: "lower-case letters, digits and hyphens, a letter first; with the project's id 97 characters at most",
        remedy: "shorten the name",
      });
    }
    for (const [field, given] of Object.entries({ tier, replicaTier: props.replicaTier ?? tier })) {
      if (given.startsWith("db-perf-optimized") === (edition === "ENTERPRISE_PLUS")) continue;
      const allowed =
        edition === "ENTERPRISE_PLUS" ? "db-perf-optimized-N-<processors>" : "db-custom-<processors>-<MiB>";
      refuse(path, { path: field, given, allowed: `${allowed} with ${edition}`, remedy: "change one of the two" });
    }
    const { maxConnections = 0, replicaMaxConnections = maxConnections } = props;
    if (props.engine === "postgresql" && replicaMaxConnections < maxConnections) {
      refuse(path, {
        path: "replicaMaxConnections",
        given: replicaMaxConnections,
        allowed: `${maxConnections} or more, as maxConnections, with PostgreSQL`,
        remedy: "raise it, or leave it out",
      });
    }
    const { backupRetentionDays = 7 } = props;
    const longestRetention = edition === "ENTERPRISE_PLUS" ? 35 : 7;
    if (!(backupRetentionDays >= 1 && backupRetentionDays <= longestRetention)) {
      refuse(path, {
        path: "backupRetentionDays",
        given: backupRetentionDays,
        allowed: `1 to ${longestRetention} with ${edition}`,
        remedy: "change the value or the edition",
      });
    }
  }
}

/** What a primary and its replicas have in common. */
function settings(props: CloudSqlDatabaseProps): SqlDatabaseInstanceSettings {
  return {
    tier: props.tier,
    edition: props.edition,
    availabilityType: "ZONAL",
    diskType: "PD_SSD",
    diskSize: props.storageGb,
    diskAutoresize: true,
    deletionProtectionEnabled: isGuarded(props.protection),
    userLabels: props.labels,
    databaseFlags: [
      ...FLAGS[props.engine],
      ...(props.maxConnections === undefined ? [] : [{ name: "max_connections", value: String(props.maxConnections) }]),
    ],
    ipConfiguration: {
      ipv4Enabled: false,
      sslMode: "ENCRYPTED_ONLY",
      serverCaMode: "GOOGLE_MANAGED_CAS_CA",
      pscConfig: [{ pscEnabled: true, allowedConsumerProjects: [props.project] }],
    },
    insightsConfig: {
      queryInsightsEnabled: true,
      queryStringLength: 1024,
      recordApplicationTags: false,
      recordClientAddress: false,
    },
  };
}

/** What only a primary may have. */
function primarySettings(props: CloudSqlDatabaseProps, isDisposable: boolean): Partial<SqlDatabaseInstanceSettings> {
  const { engine, region, availability, backupRetentionDays = 7 } = props;
  return {
    availabilityType: availability,
    retainBackupsOnDelete: !isDisposable,
    backupConfiguration: {
      enabled: true,
      startTime: "00:00",
      location: region,
      ...(engine === "postgresql" ? { pointInTimeRecoveryEnabled: true } : { binaryLogEnabled: true }),
      transactionLogRetentionDays: backupRetentionDays,
      // A window of n days begins at a backup that is older than n days.
      backupRetentionSettings: { retentionUnit: "COUNT", retainedBackups: backupRetentionDays + 1 },
    },
    // A week later than the disposable ones, so that an update is seen there first.
    maintenanceWindow: { day: 7, hour: 3, updateTrack: isDisposable ? "canary" : "stable" },
    passwordValidationPolicy: { enablePasswordPolicy: true, minLength: 20, disallowUsernameSubstring: true },
  };
}

/** Beyond the defaults: what Moodle needs, and what an administrator looks for when it is slow. */
const FLAGS = {
  postgresql: [
    { name: "log_lock_waits", value: "on" },
    { name: "log_min_duration_statement", value: "2000" },
    { name: "log_temp_files", value: "10240" },
  ],
  mysql: [
    { name: "character_set_server", value: "utf8mb4" },
    { name: "collation_server", value: "utf8mb4_unicode_ci" },
    { name: "transaction_isolation", value: "READ-COMMITTED" },
    { name: "max_allowed_packet", value: "67108864" },
    { name: "local_infile", value: "off" },
    { name: "slow_query_log", value: "on" },
    { name: "long_query_time", value: "2" },
    { name: "log_output", value: "FILE" },
  ],
};

/** Certificates of authorities are no secret, though the provider marks the whole block as one. */
function authorities(instances: readonly SqlDatabaseInstance[]): string {
  const certificates = instances.map((instance) =>
    Token.asList(instance.interpolationForAttribute("server_ca_cert[*].cert")),
  );
  return Fn.nonsensitive(Fn.join("\n", Fn.distinct(Fn.concat(certificates))));
}
