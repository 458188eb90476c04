import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

export interface DataAlarmsProps {
  /** First part of every alarm's name. */
  readonly name: string;
  /** Where alarms go, and where it is told that they are over. */
  readonly topicArn: string;
  /** The database's instances, all of them. */
  readonly database: {
    readonly instanceIdentifiers: readonly string[];
    /** Storage at the start, in GiB. */
    readonly storageGb: number;
    /** `max_connections`. @default connections are not counted */
    readonly maxConnections?: number;
  };
  /** Groups of Redis nodes by what they are for, such as `sessions`. */
  readonly redis: Readonly<Record<string, RedisNodes>>;
  readonly edge: WatchedLoadBalancer;
  /** A file system of EFS that is as fast as its credits last. @default none */
  readonly burstingFileSystemId?: string;
  /** What must exist first: the topic's policy. */
  readonly dependsOn: readonly ITerraformDependable[];
}

export interface RedisNodes {
  readonly nodeIds: readonly string[];
  /** Whether it holds sessions: then nothing may be evicted, and memory may not run out. */
  readonly hasSessions: boolean;
}

/** A load balancer with its target group, as CloudWatch knows them. */
export interface WatchedLoadBalancer {
  readonly namespace: "AWS/ApplicationELB" | "AWS/NetworkELB";
  readonly dimensions: { readonly LoadBalancer: string; readonly TargetGroup: string };
}

/** An alarm on one metric of one thing. */
interface Alarm {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: "Average" | "Maximum" | "Minimum" | "Sum";
  readonly above?: number;
  readonly below?: number;
  /** Periods of five minutes that must all be so. */
  readonly periods: number;
  /** Whether it also rings where the metric is missing. */
  readonly missing?: boolean;
  readonly description: string;
}

/**
 * What the cluster cannot see of what it stands on, as CloudWatch sees it: database, Redis, files and load balancer. It rings
 * where the cluster itself is gone, too. What to do is in `docs/monitoring.md`, one section an alarm.
 *
 * Sources of the metrics: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html,
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html,
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html,
 * https://docs.aws.amazon.com/efs/latest/ug/efs-metrics.html
 */
export class DataAlarms extends Construct {
  constructor(scope: Construct, id: string, props: DataAlarmsProps) {
    super(scope, id);
    const alarms = { ...databaseAlarms(props), ...redisAlarms(props), ...fileAlarms(props), ...edgeAlarms(props) };
    for (const [name, alarm] of Object.entries(alarms)) {
      const { above, below } = alarm;
      new CloudwatchMetricAlarm(this, name, {
        alarmName: `${props.name}-${name}`,
        alarmDescription: `${alarm.description} See docs/monitoring.md.`,
        namespace: alarm.namespace,
        metricName: alarm.metric,
        dimensions: { ...alarm.dimensions },
        statistic: alarm.statistic,
        comparisonOperator: below === undefined ? "GreaterThanThreshold" : "LessThanThreshold",
        threshold: above ?? below,
        period: 300,
        evaluationPeriods: alarm.periods,
        treatMissingData: alarm.missing === true ? "breaching" : "notBreaching",
        alarmActions: [props.topicArn],
        okActions: [props.topicArn],
        dependsOn: [...props.dependsOn],
      });
    }
  }
}

const GIB = 1024 ** 3;

function databaseAlarms({ database }: DataAlarmsProps): Record<string, Alarm> {
  const { instanceIdentifiers, storageGb, maxConnections } = database;
  return byEach("database", instanceIdentifiers, (identifier) => {
    const rds = { namespace: "AWS/RDS", dimensions: { DBInstanceIdentifier: identifier } };
    return {
      cpu: {
        ...rds,
        metric: "CPUUtilization",
        statistic: "Average",
        above: 90,
        periods: 3,
        description: "The database has been busy for 15 minutes.",
      },
      storage: {
        ...rds,
        metric: "FreeStorageSpace",
        statistic: "Minimum",
        // Storage grows by itself once less than a tenth is free: less than this means that it does not, or not in time.
        below: Math.round(storageGb * 0.05 * GIB),
        periods: 3,
        description: "The database is running out of storage.",
      },
      "replica-lag": {
        ...rds,
        metric: "ReplicaLag",
        statistic: "Minimum",
        above: 60,
        periods: 2,
        description: "A copy of the database is more than a minute behind.",
      },
      ...(maxConnections !== undefined && {
        connections: {
          ...rds,
          metric: "DatabaseConnections",
          statistic: "Average",
          above: Math.round(maxConnections * 0.85),
          periods: 2,
          description: "The database has almost as many connections as it takes.",
        },
      }),
    };
  });
}

function redisAlarms({ redis }: DataAlarmsProps): Record<string, Alarm> {
  const groups = Object.entries(redis).map(([use, { nodeIds, hasSessions }]) =>
    byEach(`redis-${use}`, nodeIds, (nodeId) => {
      const elasticache = { namespace: "AWS/ElastiCache", dimensions: { CacheClusterId: nodeId } };
      return {
        cpu: {
          ...elasticache,
          metric: "EngineCPUUtilization",
          statistic: "Average",
          above: 90,
          periods: 3,
          description: `Redis for ${use} has been busy for 15 minutes.`,
        },
        ...(hasSessions && {
          memory: {
            ...elasticache,
            metric: "DatabaseMemoryUsagePercentage",
            statistic: "Maximum",
            above: 85,
            periods: 2,
            description: `Redis for ${use} is running out of memory: then nobody can log in.`,
          },
          evictions: {
            ...elasticache,
            metric: "Evictions",
            statistic: "Sum",
            above: 0,
            periods: 2,
            description: `Redis for ${use} drops entries, sessions among them: people are logged out.`,
          },
        }),
      };
    }),
  );
  return Object.assign({}, ...groups);
}

/** Below a TiB of files credits are spent at 100 MiB a second at most: https://repost.aws/knowledge-center/efs-burst-credits */
const HOUR_OF_BURST = 100 * 1024 ** 2 * 3600;

function fileAlarms({ burstingFileSystemId }: DataAlarmsProps): Record<string, Alarm> {
  if (burstingFileSystemId === undefined) return {};
  return {
    "files-burst-credits": {
      namespace: "AWS/EFS",
      dimensions: { FileSystemId: burstingFileSystemId },
      metric: "BurstCreditBalance",
      statistic: "Minimum",
      below: HOUR_OF_BURST,
      periods: 3,
      description: "The credits of the shared files last for an hour of full speed, or less.",
    },
  };
}

function edgeAlarms({ edge }: DataAlarmsProps): Record<string, Alarm> {
  return {
    "edge-no-targets": {
      ...edge,
      metric: "HealthyHostCount",
      statistic: "Maximum",
      below: 1,
      periods: 1,
      missing: true,
      description: "The load balancer knows no pod that serves: the site is down.",
    },
    // A network load balancer does not read answers.
    ...(edge.namespace === "AWS/ApplicationELB" && {
      "edge-errors": {
        ...edge,
        metric: "HTTPCode_Target_5XX_Count",
        statistic: "Sum" as const,
        above: 100,
        periods: 2,
        description: "The site has answered more than a hundred requests in five minutes with an error.",
      },
    }),
  };
}

/** Alarms of each of several alike, named by their number. */
function byEach(
  name: string,
  identifiers: readonly string[],
  alarmsOf: (identifier: string) => Record<string, Alarm>,
): Record<string, Alarm> {
  return Object.fromEntries(
    identifiers.flatMap((identifier, index) =>
      Object.entries(alarmsOf(identifier)).map(([kind, alarm]) => [`${name}-${index + 1}-${kind}`, alarm]),
    ),
  );
}
