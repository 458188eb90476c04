import { Construct } from "constructs";
import { AlertHeartbeat } from "../constructs/aws/alert-heartbeat";
import { AlertTopic } from "../constructs/aws/alert-topic";
import { ContainerLogGroup } from "../constructs/aws/container-log-group";
import { DataAlarms, type WatchedLoadBalancer } from "../constructs/aws/data-alarms";
import { DataDashboard } from "../constructs/aws/data-dashboard";
import type { ElastiCacheRedis } from "../constructs/aws/elasticache-redis";
import type { PolicyStatement } from "../constructs/aws/iam-policy";
import { PodIdentity } from "../constructs/aws/pod-identity";
import type { RdsDatabase } from "../constructs/aws/rds-database";
import type { SharedFiles } from "../constructs/aws/shared-files";
import type { AlertReceiver, LogDestination } from "../constructs/ports";
import { Monitoring } from "../constructs/workloads/monitoring";
import type { AwsEnvironment } from "../environments/defaults";
import { LOGGING_ACCOUNT, MONITORING_NAMESPACE } from "./site-names";

export interface AwsMonitoringProps {
  readonly environment: AwsEnvironment;
  readonly settings: NonNullable<AwsEnvironment["monitoring"]>;
  readonly clusterName: string;
  /** Encrypts logs, and alerts that wait for delivery: its policy must admit `logs` and `alarms`. */
  readonly keyArn: string;
  readonly database: RdsDatabase;
  readonly redis: { readonly sessions: ElastiCacheRedis; readonly cache: ElastiCacheRedis };
  readonly files: SharedFiles;
  readonly edge: WatchedLoadBalancer;
}

/** The half of monitoring that is AWS's: one topic for all alerts, alarms and a dashboard on managed services, and the store of logs. */
export class AwsMonitoring extends Construct {
  readonly alertTopic: AlertReceiver;
  readonly logs: LogDestination;

  constructor(scope: Construct, id: string, props: AwsMonitoringProps) {
    super(scope, id);
    const { environment, settings, clusterName, keyArn, database, redis, files, edge } = props;
    const { prefix, account, region } = environment;
    const identity = (use: { namespace: string; serviceAccountName: string }, statements: readonly PolicyStatement[]) =>
      new PodIdentity(this, `identity-${use.serviceAccountName}`, {
        name: prefix,
        account,
        region,
        clusterName,
        ...use,
        statements,
      });

    const burstingFileSystemId = environment.files.throughput === "bursting" ? files.fileSystemId : undefined;
    const topic = new AlertTopic(this, "alerts", {
      name: `${prefix}-alerts`,
      account,
      email: settings.alerts.email,
      keyArn,
    });
    const heartbeat = new AlertHeartbeat(this, "heartbeat", {
      name: prefix,
      keyArn,
      alertTopicArn: topic.topicArn,
      dependsOn: topic.ready,
    });
    new DataAlarms(this, "alarms", {
      name: prefix,
      topicArn: topic.topicArn,
      database: {
        instanceIdentifiers: database.instanceIdentifiers,
        storageGb: environment.database.storageGb,
        maxConnections: environment.database.maxConnections,
      },
      redis: {
        sessions: { nodeIds: redis.sessions.nodeIds, hasSessions: true },
        ...(redis.cache !== redis.sessions && { cache: { nodeIds: redis.cache.nodeIds, hasSessions: false } }),
      },
      edge,
      burstingFileSystemId,
      dependsOn: topic.ready,
    });
    new DataDashboard(this, "dashboard", {
      name: `${prefix}-data`,
      region,
      databaseInstanceIdentifiers: database.instanceIdentifiers,
      redisNodeIds: {
        sessions: redis.sessions.nodeIds,
        ...(redis.cache !== redis.sessions && { cache: redis.cache.nodeIds }),
      },
      edge,
      burstingFileSystemId,
    });
    const group = new ContainerLogGroup(this, "logs", {
      name: prefix,
      retentionDays: settings.logRetentionDays,
      keyArn,
    });
    const alertmanager = {
      namespace: MONITORING_NAMESPACE,
      serviceAccountName: Monitoring.alertmanagerServiceAccount,
    };
    this.alertTopic = {
      kind: "sns",
      topicArn: topic.topicArn,
      heartbeatTopicArn: heartbeat.topicArn,
      region,
      identity: identity(alertmanager, [...topic.publishStatements(), ...heartbeat.publishStatements()]),
    };
    this.logs = {
      kind: "cloudwatch",
      logGroupName: group.logGroupName,
      region,
      identity: identity(LOGGING_ACCOUNT, group.writeStatements()),
    };
  }
}
