import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { DbInstance } from "@cdktf/provider-aws/lib/db-instance";
import { DbParameterGroup } from "@cdktf/provider-aws/lib/db-parameter-group";
import { DbSubnetGroup } from "@cdktf/provider-aws/lib/db-subnet-group";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { RdsCluster } from "@cdktf/provider-aws/lib/rds-cluster";
import { RdsClusterParameterGroup } from "@cdktf/provider-aws/lib/rds-cluster-parameter-group";
import { Fn, type ITerraformDependable, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { isGuarded, type Protection } from "../core/protection";
import type { DatabaseAdministrator, DatabaseEndpoint, DatabaseSecrets } from "../ports";
import { PROVIDERS } from "../versions";
import { DataSecurityGroup } from "./data-security-group";
import { managedPolicyArn, trustPolicy } from "./iam-policy";
import { rdsCertificateAuthorities } from "./rds-certificates";
import { checkRdsDatabase } from "./rds-checks";
import { gp3Iops, RDS_ENGINES, type RdsEngine } from "./rds-engine";

export interface RdsDatabaseProps {
  /** First part of every name, such as `moodle-production-1`; it carries the incarnation. */
  readonly name: string;
  readonly engine: DatabaseEndpoint["engine"];
  /** Major version, such as `17`, `8.4` or `11.4`: RDS upgrades minor versions in the maintenance window. */
  readonly engineVersion: string;
  /** A class with local NVMe storage, such as `db.m6gd.large`, for a Multi-AZ DB cluster. */
  readonly instanceClass: string;
  /**
   * Connections at most, of replicas as well. A new value waits for a restart, of PostgreSQL's replicas first.
   * @default RDS's own, by the memory of the class
   */
  readonly maxConnections?: number;
  /** GiB at the start. */
  readonly storageGb: number;
  /** GiB up to which storage grows by itself; a Multi-AZ DB cluster does not grow. */
  readonly maxStorageGb: number;
  /**
   * One instance; an instance with a standby; or a Multi-AZ DB cluster with two readable standbys.
   * @default "multi-az"
   */
  readonly topology?: "single" | "multi-az" | "multi-az-cluster";
  /** Stand-alone read replicas, 15 at most. @default 0 */
  readonly readReplicas?: number;
  /** @default instanceClass */
  readonly replicaInstanceClass?: string;
  /** Zones over which the replicas are spread, in turn. @default RDS chooses */
  readonly replicaAvailabilityZones?: readonly string[];
  /**
   * Who keeps the master password: RDS in Secrets Manager, or nobody: it is made at random when the database is
   * created, written once, and reset through the API by whoever needs it. RDS refuses read replicas of an instance
   * whose password it manages.
   * @default "write-only" with read replicas, else "rds-managed"
   */
  readonly masterPassword?: "rds-managed" | "write-only";
  /** Days of point-in-time recovery, 1 to 35. @default 14 */
  readonly backupRetentionDays?: number;
  /** Daily, UTC. @default "00:30-01:30" */
  readonly backupWindow?: string;
  /** Weekly, UTC. @default "sun:03:30-sun:04:30" */
  readonly maintenanceWindow?: string;
  /**
   * Whether what restarts the database is done at once, or in the maintenance window. A new major version needs it: the old
   * parameter group is deleted in the same deploy, which RDS refuses while an instance has it.
   * @default true where disposable, otherwise false
   */
  readonly applyImmediately?: boolean;
  /** Days that exported logs are kept. @default 90 */
  readonly logRetentionDays?: number;
  readonly vpcId: string;
  /** Subnets of three zones for a Multi-AZ DB cluster, else of two or more. */
  readonly subnetIds: readonly string[];
  /** Their address ranges, for NetworkPolicies. */
  readonly subnetCidrs: readonly string[];
  /** Security groups that may connect. */
  readonly clientSecurityGroupIds: readonly string[];
  /** Encrypts storage, backups, insights, logs and the managed password: its policy must let CloudWatch Logs use it. */
  readonly keyArn: string;
  readonly region: string;
  /** @default "moodle" */
  readonly databaseName?: string;
  /** Where the roles that the database-roles Job makes have their passwords. */
  readonly secrets: DatabaseSecrets;
  /** @default "protected" */
  readonly protection?: Protection;
}

const MASTER_USERNAME = "moodle_admin";

/**
 * A database on Amazon RDS: encrypted, reachable only over TLS and only by the given security groups, backed up for
 * point-in-time recovery, with its logs, metrics and query insights kept. Terraform never sees a password that lasts.
 *
 * @throws ConfigurationError where the choices exclude each other, or the region's certificate authorities are unknown
 */
export class RdsDatabase extends Construct {
  readonly endpoint: DatabaseEndpoint;
  /** Secret of the RDS-managed master password: who reads it is administrator. */
  readonly masterSecretArn: string | undefined;
  /** The instance, or the Multi-AZ DB cluster. */
  readonly databaseArn: string;
  /** Of every instance, the writer first; of a cluster in any order, for each may write. */
  readonly instanceIdentifiers: readonly string[];

  private readonly engine: RdsEngine;
  private readonly identifier: string;
  private readonly isDisposable: boolean;
  private readonly subnetGroup: DbSubnetGroup;
  private readonly securityGroup: DataSecurityGroup;
  private readonly monitoringRole: IamRole;
  private readonly masterPassword: "rds-managed" | "write-only";

  constructor(
    scope: Construct,
    id: string,
    private readonly props: RdsDatabaseProps,
  ) {
    super(scope, id);
    this.engine = RDS_ENGINES[props.engine];
    this.identifier = `${props.name}-db`;
    this.isDisposable = props.protection === "disposable";
    this.masterPassword = props.masterPassword ?? (props.readReplicas ? "write-only" : "rds-managed");
    checkRdsDatabase(this.node.path, { ...props, masterPassword: this.masterPassword });

    this.subnetGroup = new DbSubnetGroup(this, "subnets", {
      name: this.identifier,
      description: `Subnets of ${this.identifier}`,
      subnetIds: [...props.subnetIds],
    });
    this.securityGroup = new DataSecurityGroup(this, "security-group", {
      name: this.identifier,
      description: `Clients of ${this.identifier}`,
      vpcId: props.vpcId,
      port: this.engine.port,
      clientSecurityGroupIds: props.clientSecurityGroupIds,
    });
    this.monitoringRole = this.createMonitoringRole();

    const database = props.topology === "multi-az-cluster" ? this.createCluster() : this.createInstances();
    this.databaseArn = database.arn;
    this.instanceIdentifiers = database.instanceIdentifiers;
    this.masterSecretArn = database.masterSecretArn;
    this.endpoint = {
      engine: props.engine,
      host: database.host,
      port: this.engine.port,
      databaseName: props.databaseName ?? "moodle",
      readerHosts: database.readerHosts,
      caCertificates: rdsCertificateAuthorities(this.node.path, props.region),
      cidrs: props.subnetCidrs,
      administrator: this.administrator(),
      secrets: props.secrets,
      ready: [...database.ready, ...this.securityGroup.ingressRules],
    };
  }

  private createInstances() {
    const { props, engine, identifier } = this;
    const instance = new DbInstance(this, "instance", {
      identifier,
      engine: engine.name,
      engineVersion: props.engineVersion,
      engineLifecycleSupport: engine.lifecycleSupport,
      dbName: props.databaseName ?? "moodle",
      username: MASTER_USERNAME,
      ...(this.masterPassword === "rds-managed"
        ? { manageMasterUserPassword: true, masterUserSecretKmsKeyId: props.keyArn }
        : { passwordWo: this.ephemeralPassword(), passwordWoVersion: 1 }),
      multiAz: props.topology !== "single",
      dbSubnetGroupName: this.subnetGroup.name,
      kmsKeyId: props.keyArn,
      allocatedStorage: props.storageGb,
      backupRetentionPeriod: props.backupRetentionDays ?? 14,
      backupWindow: props.backupWindow ?? "00:30-01:30",
      deleteAutomatedBackups: this.isDisposable,
      skipFinalSnapshot: this.isDisposable,
      finalSnapshotIdentifier: this.isDisposable ? undefined : `${identifier}-final`,
      ...this.instanceSettings(identifier, props.instanceClass, this.parameterGroup("parameters", identifier, [])),
      lifecycle: { preventDestroy: isGuarded(this.props.protection) },
    });
    const replicas = this.createReplicas(instance);
    return {
      arn: instance.arn,
      instanceIdentifiers: [instance, ...replicas].map(({ identifier }) => identifier),
      host: instance.address,
      readerHosts: replicas.map((replica) => replica.address),
      masterSecretArn: this.masterPassword === "rds-managed" ? instance.masterUserSecret.get(0).secretArn : undefined,
      ready: [instance, ...replicas] as ITerraformDependable[],
    };
  }

  /** A replica holds nothing of its own: RDS takes no final snapshot of one. */
  private createReplicas(source: DbInstance): DbInstance[] {
    const { props, engine, identifier } = this;
    const count = props.readReplicas ?? 0;
    if (count === 0) return [];
    const zones = props.replicaAvailabilityZones ?? [];
    const group = this.parameterGroup("replica-parameters", `${identifier}-replica`, engine.replicaParameters);
    return Array.from({ length: count }, (_, index) => {
      const name = `${identifier}-replica-${index + 1}`;
      return new DbInstance(this, `replica-${index + 1}`, {
        identifier: name,
        replicateSourceDb: source.identifier,
        multiAz: false,
        availabilityZone: zones[index % Math.max(zones.length, 1)],
        backupRetentionPeriod: 0,
        skipFinalSnapshot: true,
        ...this.instanceSettings(name, props.replicaInstanceClass ?? props.instanceClass, group),
      });
    });
  }

  /** What the primary and its replicas have in common. */
  private instanceSettings(name: string, instanceClass: string, parameterGroup: DbParameterGroup) {
    const { props } = this;
    return {
      instanceClass,
      storageType: "gp3",
      maxAllocatedStorage: props.maxStorageGb,
      parameterGroupName: parameterGroup.name,
      publiclyAccessible: false,
      autoMinorVersionUpgrade: true,
      allowMajorVersionUpgrade: true,
      ...this.operations(name, "instance", instanceClass),
      maintenanceWindow: props.maintenanceWindow ?? "sun:03:30-sun:04:30",
      caCertIdentifier: "rds-ca-rsa2048-g1",
    };
  }

  /** gp3 as well, but RDS demands the number of IOPS and does not grow the storage of a Multi-AZ DB cluster. */
  private createCluster() {
    const { props, engine, identifier } = this;
    const parameters = new RdsClusterParameterGroup(this, "cluster-parameters", {
      name: `${identifier}-${engine.family(props.engineVersion).replaceAll(".", "-")}`,
      description: `Parameters of ${identifier}`,
      family: engine.family(props.engineVersion),
      parameter: this.parameters(),
      lifecycle: { createBeforeDestroy: true },
    });
    const cluster = new RdsCluster(this, "cluster", {
      clusterIdentifier: identifier,
      engine: engine.name,
      engineVersion: props.engineVersion,
      engineLifecycleSupport: engine.lifecycleSupport,
      databaseName: props.databaseName ?? "moodle",
      masterUsername: MASTER_USERNAME,
      manageMasterUserPassword: true,
      masterUserSecretKmsKeyId: props.keyArn,
      dbClusterInstanceClass: props.instanceClass,
      storageType: "gp3",
      allocatedStorage: props.storageGb,
      iops: gp3Iops(props.storageGb),
      kmsKeyId: props.keyArn,
      dbSubnetGroupName: this.subnetGroup.name,
      dbClusterParameterGroupName: parameters.name,
      backupRetentionPeriod: props.backupRetentionDays ?? 14,
      preferredBackupWindow: props.backupWindow ?? "00:30-01:30",
      preferredMaintenanceWindow: props.maintenanceWindow ?? "sun:03:30-sun:04:30",
      deleteAutomatedBackups: this.isDisposable,
      skipFinalSnapshot: this.isDisposable,
      finalSnapshotIdentifier: this.isDisposable ? undefined : `${identifier}-final`,
      allowMajorVersionUpgrade: true,
      caCertificateIdentifier: "rds-ca-rsa2048-g1",
      ...this.operations(identifier, "cluster", props.instanceClass),
      lifecycle: { preventDestroy: isGuarded(this.props.protection) },
    });
    return {
      arn: cluster.arn,
      // One writer and two readable standbys.
      instanceIdentifiers: [0, 1, 2].map((index) => Fn.element(cluster.clusterMembers, index)),
      host: cluster.endpoint,
      readerHosts: [cluster.readerEndpoint],
      masterSecretArn: cluster.masterUserSecret.get(0).secretArn,
      ready: [cluster] as ITerraformDependable[],
    };
  }

  /** Encryption, protection, monitoring, logs and when changes are made, for which instances and clusters share their argument names. */
  private operations(name: string, kind: "instance" | "cluster", instanceClass: string) {
    const { props, engine } = this;
    const logGroups = engine.logExports.map(
      (log) =>
        new CloudwatchLogGroup(this, `${name.slice(this.identifier.length + 1) || kind}-${log}-log`, {
          name: `/aws/rds/${kind}/${name}/${log}`,
          retentionInDays: props.logRetentionDays ?? 90,
          kmsKeyId: props.keyArn,
        }),
    );
    const insights = !engine.withoutPerformanceInsights.test(instanceClass);
    return {
      storageEncrypted: true,
      vpcSecurityGroupIds: [this.securityGroup.securityGroupId],
      applyImmediately: props.applyImmediately ?? this.isDisposable,
      deletionProtection: isGuarded(this.props.protection),
      copyTagsToSnapshot: true,
      monitoringInterval: 60,
      monitoringRoleArn: this.monitoringRole.arn,
      performanceInsightsEnabled: insights,
      ...(insights && {
        performanceInsightsKmsKeyId: props.keyArn,
        performanceInsightsRetentionPeriod: 7,
        databaseInsightsMode: "standard",
      }),
      enabledCloudwatchLogsExports: [...engine.logExports],
      // RDS makes a log group that does not exist, without encryption and kept forever.
      dependsOn: logGroups,
    };
  }

  /** Its name carries the family, so that a major upgrade makes the new group before it leaves the old one. */
  private parameterGroup(id: string, name: string, further: RdsEngine["parameters"]): DbParameterGroup {
    const family = this.engine.family(this.props.engineVersion);
    return new DbParameterGroup(this, id, {
      name: `${name}-${family.replaceAll(".", "-")}`,
      description: `Parameters of ${name}`,
      family,
      parameter: [...this.parameters(), ...further],
      lifecycle: { createBeforeDestroy: true },
    });
  }

  private parameters(): RdsEngine["parameters"][number][] {
    const { maxConnections } = this.props;
    const { parameters, maxConnectionsApplyMethod: applyMethod } = this.engine;
    const limit = { name: "max_connections", value: String(maxConnections), applyMethod };
    return [...parameters, ...(maxConnections === undefined ? [] : [limit])];
  }

  private createMonitoringRole(): IamRole {
    const role = new IamRole(this, "monitoring-role", {
      name: `${this.identifier}-monitoring`,
      description: `Enhanced monitoring of ${this.identifier}`,
      assumeRolePolicy: trustPolicy("monitoring.rds.amazonaws.com"),
    });
    new IamRolePolicyAttachment(this, "monitoring-policy", {
      role: role.name,
      policyArn: managedPolicyArn(this.props.region, "service-role/AmazonRDSEnhancedMonitoringRole"),
    });
    return role;
  }

  /** cdktf has no class for ephemeral resources. */
  private ephemeralPassword(): string {
    const stack = TerraformStack.of(this);
    const logicalId = stack.getLogicalId(this.node);
    stack.addOverride("terraform.required_providers.random", PROVIDERS.random);
    stack.addOverride(`ephemeral.random_password.${logicalId}`, { length: 40, special: false });
    return `\${ephemeral.random_password.${logicalId}.result}`;
  }

  private administrator(): DatabaseAdministrator {
    const { region } = this.props;
    return this.masterSecretArn === undefined
      ? { kind: "rds-reset-password", instanceIdentifier: this.identifier, username: MASTER_USERNAME, region }
      : { kind: "rds-managed-secret", secretArn: this.masterSecretArn, region };
  }
}
