import { rdsCertificateAuthorities } from "../../../constructs/aws/rds-certificates";
import { RdsDatabase, type RdsDatabaseProps } from "../../../constructs/aws/rds-database";
import { ConfigurationError } from "../../../constructs/core/errors";
import { type Resource, Template } from "../../support/template";

const ref = (name: string) => ({ store: "aws-secrets-manager", name }) as const;

const base: RdsDatabaseProps = {
  name: "moodle-production-1",
  engine: "postgresql",
  engineVersion: "17",
  instanceClass: "db.m7g.large",
  storageGb: 100,
  maxStorageGb: 1000,
  vpcId: "vpc-1",
  subnetIds: ["subnet-1", "subnet-2", "subnet-3"],
  subnetCidrs: ["10.0.0.0/24", "10.0.1.0/24"],
  clientSecurityGroupIds: ["sg-cluster"],
  keyArn: "arn:aws:kms:eu-central-1:111122223333:key/1",
  region: "eu-central-1",
  secrets: { application: ref("a"), backup: ref("b"), reader: ref("c") },
};

function build(props: Partial<RdsDatabaseProps> = {}) {
  let database: RdsDatabase | undefined;
  const template = Template.from((scope) => {
    database = new RdsDatabase(scope, "database", { ...base, ...props });
  });
  return { template, database: database as unknown as RdsDatabase };
}

function faultPaths(props: Partial<RdsDatabaseProps>): string[] {
  try {
    build(props);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults.map(({ path }) => path);
    throw error;
  }
  return [];
}

const parametersOf = (group: Resource): Record<string, string> =>
  Object.fromEntries(group.parameter.map(({ name, value }: Resource) => [name, value]));

describe("a protected PostgreSQL instance", () => {
  const { template, database } = build();
  const instance = template.only("aws_db_instance");

  test("has a standby in another zone", () => expect(instance.multi_az).toBe(true));

  test("cannot be destroyed, and leaves a snapshot whose name carries the incarnation", () => {
    expect(instance).toMatchObject({
      lifecycle: { prevent_destroy: true },
      deletion_protection: true,
      skip_final_snapshot: false,
      final_snapshot_identifier: "moodle-production-1-db-final",
      delete_automated_backups: false,
    });
  });

  test("encrypts storage, insights and the managed password with the given key", () => {
    expect(instance).toMatchObject({
      storage_encrypted: true,
      kms_key_id: base.keyArn,
      performance_insights_kms_key_id: base.keyArn,
      master_user_secret_kms_key_id: base.keyArn,
    });
  });

  test("has no password in the JSON", () => {
    expect(instance.manage_master_user_password).toBe(true);
    expect(instance.password).toBeUndefined();
    expect(template.json.ephemeral).toBeUndefined();
  });

  test("is backed up for 14 days, in a window apart from maintenance", () => {
    expect(instance.backup_retention_period).toBe(14);
    expect(instance.backup_window).toMatch(/^\d\d:\d\d-\d\d:\d\d$/);
    expect(instance.maintenance_window).toMatch(/^(mon|tue|wed|thu|fri|sat|sun):\d\d:\d\d-\w{3}:\d\d:\d\d$/);
    expect(instance.maintenance_window.slice(4, 9) >= instance.backup_window.slice(6)).toBe(true);
  });

  test("follows minor versions, but pays for no extended support", () => {
    expect(instance).toMatchObject({
      engine_version: "17",
      auto_minor_version_upgrade: true,
      engine_lifecycle_support: "open-source-rds-extended-support-disabled",
    });
  });

  test("grows its storage on gp3", () => {
    expect(instance).toMatchObject({ storage_type: "gp3", allocated_storage: 100, max_allocated_storage: 1000 });
    expect(instance.iops).toBeUndefined();
  });

  test("exports its logs to encrypted groups that expire, and are there first", () => {
    expect(instance.enabled_cloudwatch_logs_exports).toEqual(["postgresql", "upgrade"]);
    const groups = template.all("aws_cloudwatch_log_group");
    expect(Object.values(groups).map(({ name }) => name)).toEqual([
      "/aws/rds/instance/moodle-production-1-db/postgresql",
      "/aws/rds/instance/moodle-production-1-db/upgrade",
    ]);
    for (const group of Object.values(groups)) {
      expect(group).toMatchObject({ kms_key_id: base.keyArn, retention_in_days: 90 });
    }
    expect(instance.depends_on).toEqual(Object.keys(groups).map((id) => `aws_cloudwatch_log_group.${id}`));
  });

  test("forces TLS", () => {
    expect(parametersOf(template.only("aws_db_parameter_group"))["rds.force_ssl"]).toBe("1");
  });

  test("leaves the number of connections to RDS, unless one is given", () => {
    expect(parametersOf(template.only("aws_db_parameter_group")).max_connections).toBeUndefined();
    const given = build({ maxConnections: 640, readReplicas: 1 }).template.resources("aws_db_parameter_group");
    expect(given.map((group) => parametersOf(group).max_connections)).toEqual(["640", "640"]);
    const { parameter } = build({ maxConnections: 640 }).template.only("aws_db_parameter_group");
    expect(parameter.find(({ name }: Resource) => name === "max_connections").apply_method).toBe("pending-reboot");
  });

  test("makes a new parameter group before it leaves the old one at a major upgrade", () => {
    expect(template.only("aws_db_parameter_group")).toMatchObject({
      name: "moodle-production-1-db-postgres17",
      family: "postgres17",
      lifecycle: { create_before_destroy: true },
    });
  });

  test("is reached from the given security groups alone, on its port", () => {
    expect(instance.publicly_accessible).toBe(false);
    expect(template.only("aws_vpc_security_group_ingress_rule")).toMatchObject({
      referenced_security_group_id: "sg-cluster",
      from_port: 5432,
      to_port: 5432,
    });
    expect(template.resources("aws_vpc_security_group_egress_rule")).toEqual([]);
  });

  test("has a role for enhanced monitoring", () => {
    expect(instance.monitoring_interval).toBe(60);
    expect(template.only("aws_iam_role_policy_attachment").policy_arn).toBe(
      "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
    );
  });

  test("hands out its managed secret as administrator, and no reader", () => {
    expect(database.endpoint).toMatchObject({ port: 5432, databaseName: "moodle", readerHosts: [] });
    expect(database.endpoint.administrator.kind).toBe("rds-managed-secret");
    expect(database.endpoint.secrets).toBe(base.secrets);
  });

  test("waits for its ingress rules: whoever may use it can reach it", () => {
    expect(database.endpoint.ready).toHaveLength(2);
  });
});

describe("read replicas", () => {
  const { template, database } = build({
    readReplicas: 2,
    replicaInstanceClass: "db.r7g.large",
    replicaAvailabilityZones: ["eu-central-1a", "eu-central-1b"],
  });
  const replicas = template.resources("aws_db_instance").filter(({ replicate_source_db }) => replicate_source_db);
  const [primary] = template.resources("aws_db_instance").filter(({ replicate_source_db }) => !replicate_source_db);

  test("are spread over the zones, with their own class", () => {
    expect(replicas.map(({ availability_zone }) => availability_zone)).toEqual(["eu-central-1a", "eu-central-1b"]);
    expect(replicas.map(({ instance_class }) => instance_class)).toEqual(["db.r7g.large", "db.r7g.large"]);
  });

  test("take neither backups nor a final snapshot, which RDS refuses of them, nor what they inherit", () => {
    for (const replica of replicas) {
      expect(replica).toMatchObject({ backup_retention_period: 0, skip_final_snapshot: true, multi_az: false });
      for (const inherited of ["kms_key_id", "db_subnet_group_name", "username", "db_name", "engine"]) {
        expect(replica[inherited]).toBeUndefined();
      }
    }
  });

  test("do not have their queries cancelled by a vacuum", () => {
    const group = template
      .resources("aws_db_parameter_group")
      .find(({ name }) => name === "moodle-production-1-db-replica-postgres17");
    expect(parametersOf(group ?? {}).hot_standby_feedback).toBe("1");
    expect(parametersOf(group ?? {})["rds.force_ssl"]).toBe("1");
  });

  test("get the parameter group of a new version after the primary, with which RDS has upgraded them", () => {
    // Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.Process.html
    for (const { replicate_source_db, engine_version } of replicas) {
      expect(replicate_source_db).toMatch(/^\$\{aws_db_instance\..+\.identifier\}$/);
      expect(engine_version).toBeUndefined();
    }
  });

  test("are the endpoint's readers", () => expect(database.endpoint.readerHosts).toHaveLength(2));

  test("leave the primary with a write-only password that nothing else reads", () => {
    const [logicalId] = Object.keys((template.json.ephemeral as Resource).random_password);
    expect(primary).toMatchObject({
      password_wo: `\${ephemeral.random_password.${logicalId}.result}`,
      password_wo_version: 1,
    });
    expect(JSON.stringify(template.json).split(`ephemeral.random_password.${logicalId}.result`)).toHaveLength(2);
    expect((template.json.terraform as Resource).required_providers.random.version).toBeDefined();
  });

  test("leave the Job to reset the master's password", () => {
    expect(database.endpoint.administrator).toEqual({
      kind: "rds-reset-password",
      instanceIdentifier: "moodle-production-1-db",
      username: "moodle_admin",
      region: "eu-central-1",
    });
    expect(database.masterSecretArn).toBeUndefined();
  });
});

test("a password never has a character that a connection string would need to escape, nor more than MySQL takes", () => {
  const { template } = build({ engine: "mysql", engineVersion: "8.4", masterPassword: "write-only" });
  const [password] = Object.values((template.json.ephemeral as Resource).random_password) as Resource[];
  expect(password?.special).toBe(false);
  expect(password?.length).toBeLessThanOrEqual(41);
});

describe("a Multi-AZ DB cluster", () => {
  const { template, database } = build({ topology: "multi-az-cluster", instanceClass: "db.m6gd.large" });
  const cluster = template.only("aws_rds_cluster");

  test("names its instance class, storage and IOPS, all of which RDS demands", () => {
    expect(cluster).toMatchObject({
      db_cluster_instance_class: "db.m6gd.large",
      storage_type: "gp3",
      allocated_storage: 100,
      iops: 3000,
    });
  });

  test("takes what gp3 gives from 400 GiB on", () => {
    const { template: large } = build({ topology: "multi-az-cluster", instanceClass: "db.m6gd.large", storageGb: 400 });
    expect(large.only("aws_rds_cluster").iops).toBe(12000);
  });

  test("cannot be destroyed, and leaves a snapshot", () => {
    expect(cluster).toMatchObject({
      lifecycle: { prevent_destroy: true },
      deletion_protection: true,
      skip_final_snapshot: false,
      final_snapshot_identifier: "moodle-production-1-db-final",
    });
  });

  test("forces TLS", () => {
    expect(parametersOf(template.only("aws_rds_cluster_parameter_group"))["rds.force_ssl"]).toBe("1");
  });

  test("has its standbys as readers, and a managed password", () => {
    expect(database.endpoint.readerHosts).toHaveLength(1);
    expect(database.endpoint.administrator.kind).toBe("rds-managed-secret");
    expect(cluster.manage_master_user_password).toBe(true);
  });

  test("writes its logs where a cluster does", () => {
    expect(template.resources("aws_cloudwatch_log_group").map(({ name }) => name)).toContain(
      "/aws/rds/cluster/moodle-production-1-db/postgresql",
    );
  });
});

describe.each([
  ["mysql", "8.4", "mysql8.4"],
  ["mariadb", "11.4", "mariadb11.4"],
] as const)("%s", (engine, engineVersion, family) => {
  const { template, database } = build({ engine, engineVersion });
  const group = template.only("aws_db_parameter_group");

  test("forces TLS and full Unicode", () => {
    expect(group.family).toBe(family);
    expect(group.name).toMatch(/^[a-z][a-z0-9-]+$/);
    expect(parametersOf(group)).toMatchObject({
      require_secure_transport: "1",
      character_set_server: "utf8mb4",
    });
  });

  test("sets nothing to its default, which would differ in every plan", () => {
    expect(Object.keys(parametersOf(group)).filter((name) => name.startsWith("innodb_"))).toEqual([]);
  });

  test("exports what its slow log holds", () => {
    expect(template.only("aws_db_instance").enabled_cloudwatch_logs_exports).toEqual(["error", "slowquery"]);
    expect(parametersOf(group).slow_query_log).toBe("1");
  });

  test("listens on 3306", () => expect(database.endpoint.port).toBe(3306));

  test("asks for no Performance Insights where RDS refuses it", () => {
    const { template: small } = build({ engine, engineVersion, instanceClass: "db.t4g.small" });
    const instance = small.only("aws_db_instance");
    expect(instance.performance_insights_enabled).toBe(false);
    expect(instance.performance_insights_kms_key_id).toBeUndefined();
    expect(instance.database_insights_mode).toBeUndefined();
  });
});

test("MariaDB has no extended support to refuse", () => {
  const { template } = build({ engine: "mariadb", engineVersion: "11.4" });
  expect(template.only("aws_db_instance").engine_lifecycle_support).toBeUndefined();
});

describe("what restarts a database", () => {
  const appliesAtOnce = (props: Partial<RdsDatabaseProps>) => {
    const { template } = build(props);
    return [...template.resources("aws_db_instance"), ...template.resources("aws_rds_cluster")].map(
      ({ apply_immediately }) => apply_immediately,
    );
  };
  const cluster = { topology: "multi-az-cluster", instanceClass: "db.m6gd.large" } as const;

  test("waits for the maintenance window where protected, and nowhere else", () => {
    expect(appliesAtOnce({ readReplicas: 1 })).toEqual([false, false]);
    expect(appliesAtOnce(cluster)).toEqual([false]);
    expect(appliesAtOnce({ readReplicas: 1, protection: "disposable" })).toEqual([true, true]);
  });

  test("is done at once where that is said, as a new major version needs", () => {
    expect(appliesAtOnce({ readReplicas: 1, applyImmediately: true })).toEqual([true, true]);
    expect(appliesAtOnce({ ...cluster, applyImmediately: true })).toEqual([true]);
    expect(appliesAtOnce({ protection: "disposable", applyImmediately: false })).toEqual([false]);
  });
});

test("a disposable database goes without a trace", () => {
  const { template } = build({ protection: "disposable", topology: "single" });
  const instance = template.only("aws_db_instance");
  expect(instance).toMatchObject({
    lifecycle: { prevent_destroy: false },
    deletion_protection: false,
    skip_final_snapshot: true,
    delete_automated_backups: true,
    multi_az: false,
  });
  expect(instance.final_snapshot_identifier).toBeUndefined();
});

describe("refuses", () => {
  const refusals: [string, Partial<RdsDatabaseProps>, string][] = [
    ["a managed password beside read replicas", { readReplicas: 1, masterPassword: "rds-managed" }, "masterPassword"],
    [
      "read replicas of a Multi-AZ DB cluster",
      { topology: "multi-az-cluster", readReplicas: 1, masterPassword: "rds-managed" },
      "readReplicas",
    ],
    [
      "a write-only password of a Multi-AZ DB cluster",
      { topology: "multi-az-cluster", masterPassword: "write-only" },
      "masterPassword",
    ],
    [
      "a Multi-AZ DB cluster of MariaDB",
      { topology: "multi-az-cluster", engine: "mariadb", engineVersion: "11.4" },
      "topology",
    ],
    ["more replicas than RDS allows", { readReplicas: 16 }, "readReplicas"],
    ["a name with two hyphens in a row", { name: "moodle--1" }, "name"],
    ["a region whose authorities are unknown", { region: "xx-nowhere-1" }, "region"],
  ];
  test.each(refusals)("%s", (_, props, path) => {
    expect(faultPaths(props)).toEqual([`test/database.${path}`]);
  });
});

describe("certificate authorities", () => {
  test("are the three current roots of the region, and none of another", () => {
    const pem = rdsCertificateAuthorities("database", "eu-central-1");
    expect(pem.match(/-----BEGIN CERTIFICATE-----/g)).toHaveLength(3);
    const other = rdsCertificateAuthorities("database", "eu-central-2");
    expect(pem.split(/(?<=-----END CERTIFICATE-----)\s/).filter((one) => one !== "" && other.includes(one))).toEqual(
      [],
    );
  });

  test("end in a newline, so that bundles can be joined", () => {
    expect(rdsCertificateAuthorities("database", "us-east-1")).toMatch(/-----END CERTIFICATE-----\n$/);
  });
});
