import type { DatabaseEndpoint } from "../ports";

interface Parameter {
  readonly name: string;
  readonly value: string;
  /** `pending-reboot` where RDS refuses to change it in a running server. */
  readonly applyMethod: "immediate" | "pending-reboot";
}

/** What RDS calls an engine's things, and what Moodle needs of the engine. */
export interface RdsEngine {
  /** RDS's name of the engine. */
  readonly name: string;
  readonly port: number;
  /** Parameter group family of a version. */
  family(version: string): string;
  readonly parameters: readonly Parameter[];
  /** When a new `max_connections` counts: PostgreSQL reads it at start alone. */
  readonly maxConnectionsApplyMethod: Parameter["applyMethod"];
  /** Further parameters of stand-alone read replicas. */
  readonly replicaParameters: readonly Parameter[];
  /** Logs that RDS writes to CloudWatch. */
  readonly logExports: readonly string[];
  /** Whether Multi-AZ DB clusters run it. */
  readonly hasClusters: boolean;
  /**
   * RDS bills extended support by the processor-hour once a version leaves standard support: upgrade instead. Absent
   * where RDS sells none.
   * Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support.html
   */
  readonly lifecycleSupport?: "open-source-rds-extended-support-disabled";
  /** Instance classes on which RDS refuses Performance Insights. */
  readonly withoutPerformanceInsights: RegExp;
}

const immediate = (name: string, value: string): Parameter => ({ name, value, applyMethod: "immediate" });

/**
 * TLS forced, full Unicode, statements slower than two seconds logged. What Moodle needs beside, a file for each table and
 * dynamic rows, is the default: a parameter set to its default is reported as `pending-reboot`, and every plan differs.
 * Sources: https://docs.moodle.org/405/en/MySQL_full_unicode_support and
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/mysql-ssl-connections.require-ssl.html
 */
const mysqlParameters = [
  immediate("require_secure_transport", "1"),
  immediate("character_set_server", "utf8mb4"),
  immediate("collation_server", "utf8mb4_unicode_ci"),
  immediate("max_allowed_packet", String(64 * 1024 * 1024)),
  immediate("slow_query_log", "1"),
  immediate("long_query_time", "2"),
  immediate("log_output", "FILE"),
];

/** Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Overview.Engines.html */
const smallBurstable = /^db\.t[34]g?\.(micro|small)$/;

export const RDS_ENGINES: Readonly<Record<DatabaseEndpoint["engine"], RdsEngine>> = {
  postgresql: {
    name: "postgres",
    port: 5432,
    family: (version) => `postgres${version}`,
    parameters: [
      { name: "rds.force_ssl", value: "1", applyMethod: "pending-reboot" },
      immediate("log_min_duration_statement", "2000"),
    ],
    maxConnectionsApplyMethod: "pending-reboot",
    // Otherwise a vacuum on the primary cancels longer queries of Moodle's readers.
    replicaParameters: [immediate("hot_standby_feedback", "1")],
    logExports: ["postgresql", "upgrade"],
    hasClusters: true,
    lifecycleSupport: "open-source-rds-extended-support-disabled",
    withoutPerformanceInsights: /^$/,
  },
  mysql: {
    name: "mysql",
    port: 3306,
    family: (version) => `mysql${version}`,
    parameters: mysqlParameters,
    maxConnectionsApplyMethod: "immediate",
    replicaParameters: [],
    logExports: ["error", "slowquery"],
    hasClusters: true,
    lifecycleSupport: "open-source-rds-extended-support-disabled",
    withoutPerformanceInsights: smallBurstable,
  },
  mariadb: {
    name: "mariadb",
    port: 3306,
    family: (version) => `mariadb${version}`,
    parameters: mysqlParameters,
    maxConnectionsApplyMethod: "immediate",
    replicaParameters: [],
    logExports: ["error", "slowquery"],
    hasClusters: false,
    withoutPerformanceInsights: smallBurstable,
  },
};

/**
 * The IOPS that gp3 gives at no extra price: RDS stripes over four volumes from 400 GiB on.
 * Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html
 */
export function gp3Iops(storageGb: number): number {
  return storageGb < 400 ? 3000 : 12000;
}
