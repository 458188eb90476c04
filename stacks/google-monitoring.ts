import { Construct } from "constructs";
import type { CloudSqlDatabase } from "../constructs/google/cloud-sql-database";
import { ContainerLogBucket } from "../constructs/google/container-log-bucket";
import { DataAlarms } from "../constructs/google/data-alarms";
import { DataDashboard } from "../constructs/google/data-dashboard";
import type { GoogleEnvironment } from "../environments/defaults";
import { MONITORING_NAMESPACE } from "./site-names";

export interface GoogleMonitoringProps {
  readonly environment: GoogleEnvironment;
  readonly settings: NonNullable<GoogleEnvironment["monitoring"]>;
  readonly clusterName: string;
  readonly database: CloudSqlDatabase;
  /** The Gateway before the site, where it has one. */
  readonly gateway?: { readonly namespace: string; readonly name: string };
}

/** The half of monitoring that is Google's: alarms and a dashboard on managed services, alarms on the site, and the store of logs. */
export class GoogleMonitoring extends Construct {
  constructor(scope: Construct, id: string, props: GoogleMonitoringProps) {
    super(scope, id);
    const { environment, settings, clusterName, database, gateway } = props;
    const { prefix, project, region, redis, edge, domain, moodle } = environment;
    new DataAlarms(this, "alarms", {
      name: prefix,
      project,
      region,
      email: settings.alerts.email,
      databaseInstances: database.instanceNames,
      redis: {
        sessions: { instanceName: `${prefix}-sessions`, hasSessions: true },
        ...(redis.groups === "separate" && { cache: { instanceName: `${prefix}-cache`, hasSessions: false } }),
      },
      monitoring: { clusterName, namespace: MONITORING_NAMESPACE },
      gateway,
      // One request a minute would keep a site awake that sleeps while nobody visits it.
      domain: edge.allowedCidrs.includes("0.0.0.0/0") && moodle.web.minReplicas > 0 ? domain : undefined,
    });
    new DataDashboard(this, "dashboard", {
      name: `${prefix}-data`,
      project,
      region,
      databaseEngine: environment.database.engine,
      databaseInstances: database.instanceNames,
      redisInstances: redis.groups === "separate" ? [`${prefix}-sessions`, `${prefix}-cache`] : [`${prefix}-sessions`],
    });
    new ContainerLogBucket(this, "logs", {
      name: prefix,
      project,
      region,
      clusterName,
      retentionDays: settings.logRetentionDays,
    });
  }
}
