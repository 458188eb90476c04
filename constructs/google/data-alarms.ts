import { MonitoringAlertPolicy } from "@cdktf/provider-google/lib/monitoring-alert-policy";
import { MonitoringNotificationChannel } from "@cdktf/provider-google/lib/monitoring-notification-channel";
import { MonitoringUptimeCheckConfig } from "@cdktf/provider-google/lib/monitoring-uptime-check-config";
import { Construct } from "constructs";

export interface DataAlarmsProps {
  /** First part of every policy's name. */
  readonly name: string;
  readonly project: string;
  readonly region: string;
  /** Who gets a mail of every alarm. */
  readonly email: string;
  /** Names of the database's instances, the replicas among them. */
  readonly databaseInstances: readonly string[];
  /** Names of the Redis instances by what they are for, and whether they hold sessions. */
  readonly redis: Readonly<Record<string, { readonly instanceName: string; readonly hasSessions: boolean }>>;
  /** Where Prometheus and Alertmanager run. @default nowhere */
  readonly monitoring?: { readonly clusterName: string; readonly namespace: string };
  /** The GKE Gateway before the site. @default what is before it does not read answers */
  readonly gateway?: { readonly namespace: string; readonly name: string };
  /** Host of the site, which is asked for from several parts of the world every minute. @default nobody asks */
  readonly domain?: string;
}

/** A policy on one metric. */
interface Alarm {
  /** In Cloud Monitoring's own language. */
  readonly filter: string;
  readonly above?: number;
  readonly below?: number;
  /** Seconds over which samples are put together, and how; of several series, how those of one label are. */
  readonly alignment: {
    readonly seconds: number;
    readonly aligner: string;
    readonly reduction?: { readonly reducer: string; readonly label: string };
  };
  /** Seconds for which it must be so. */
  readonly seconds: number;
  /** Whether it also rings where the metric has been missing for as long. @default false */
  readonly missing?: boolean;
  readonly severity: "CRITICAL" | "WARNING";
  readonly description: string;
}

/**
 * What the cluster cannot see of what it stands on, as Cloud Monitoring sees it: database, Redis, load balancer, and the
 * site from outside. It rings where the cluster itself is gone, too. What to do is in `docs/monitoring.md`, one section an alarm.
 *
 * Sources of the metrics: https://cloud.google.com/monitoring/api/metrics_gcp and, for Redis,
 * https://cloud.google.com/memorystore/docs/redis/monitoring-metrics
 */
export class DataAlarms extends Construct {
  constructor(scope: Construct, id: string, props: DataAlarmsProps) {
    super(scope, id);
    const { name, project, email } = props;
    const channel = new MonitoringNotificationChannel(this, "channel", {
      project,
      displayName: `${name} alerts`,
      type: "email",
      labels: { email_address: email },
    });
    const alarms = {
      ...databaseAlarms(props),
      ...redisAlarms(props),
      ...monitoringAlarms(props),
      ...edgeAlarms(props),
      ...this.siteAlarms(props),
    };
    for (const [kind, alarm] of Object.entries(alarms)) {
      const { severity, description } = alarm;
      new MonitoringAlertPolicy(this, kind, {
        project,
        displayName: `${name}-${kind}`,
        combiner: "OR",
        severity,
        notificationChannels: [channel.name],
        documentation: { mimeType: "text/markdown", content: `${description} See docs/monitoring.md.` },
        conditions: conditions(alarm),
      });
    }
  }

  /** Two places or more that get no answer: https://cloud.google.com/monitoring/uptime-checks */
  private siteAlarms({ name, project, domain }: DataAlarmsProps): Record<string, Alarm> {
    if (domain === undefined) return {};
    const check = new MonitoringUptimeCheckConfig(this, "uptime", {
      project,
      displayName: name,
      period: "60s",
      timeout: "10s",
      // It answers in maintenance mode as well.
      httpCheck: { path: "/health", port: 443, useSsl: true, validateSsl: true },
      monitoredResource: { type: "uptime_url", labels: { project_id: project, host: domain } },
      // Another domain is another check; the old one cannot go while the alarm names it.
      lifecycle: { createBeforeDestroy: true },
    });
    return {
      "site-down": {
        filter: `resource.type = "uptime_url" AND metric.type = "monitoring.googleapis.com/uptime_check/check_passed" AND metric.labels.check_id = "${check.uptimeCheckId}"`,
        above: 1,
        alignment: {
          seconds: 300,
          aligner: "ALIGN_NEXT_OLDER",
          reduction: { reducer: "REDUCE_COUNT_FALSE", label: "resource.label.host" },
        },
        seconds: 120,
        severity: "CRITICAL",
        description: "The site does not answer requests from outside.",
      },
    };
  }
}

/** One of them is enough to ring. */
function conditions({ filter, above, below, alignment, seconds, missing, description }: Alarm) {
  const { reduction } = alignment;
  const watched = {
    filter,
    duration: `${seconds}s`,
    aggregations: [
      {
        alignmentPeriod: `${alignment.seconds}s`,
        perSeriesAligner: alignment.aligner,
        ...(reduction && { crossSeriesReducer: reduction.reducer, groupByFields: [reduction.label] }),
      },
    ],
  };
  return [
    {
      displayName: description,
      conditionThreshold: {
        ...watched,
        comparison: below === undefined ? "COMPARISON_GT" : "COMPARISON_LT",
        thresholdValue: below ?? above,
      },
    },
    ...(missing === true ? [{ displayName: description, conditionAbsent: watched }] : []),
  ];
}

/**
 * The cluster cannot tell that it tells nothing. Source of the metric, which is there while a container runs:
 * https://cloud.google.com/monitoring/api/metrics_kubernetes
 */
function monitoringAlarms({ monitoring }: DataAlarmsProps): Record<string, Alarm> {
  if (monitoring === undefined) return {};
  const { clusterName, namespace } = monitoring;
  return {
    "monitoring-down": {
      filter: `resource.type = "k8s_container" AND metric.type = "kubernetes.io/container/uptime" AND resource.labels.cluster_name = "${clusterName}" AND resource.labels.namespace_name = "${namespace}" AND resource.labels.container_name = one_of("prometheus", "alertmanager")`,
      // Whoever begins anew all the time is as good as gone.
      below: 600,
      alignment: {
        seconds: 300,
        aligner: "ALIGN_MAX",
        reduction: { reducer: "REDUCE_MAX", label: "resource.label.container_name" },
      },
      seconds: 1200,
      missing: true,
      severity: "CRITICAL",
      description: "Prometheus or Alertmanager does not run: alerts of the cluster do not arrive any more.",
    },
  };
}

/**
 * What visitors get, that of the load balancer itself among it:
 * https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring
 */
function edgeAlarms({ gateway }: DataAlarmsProps): Record<string, Alarm> {
  if (gateway === undefined) return {};
  // GKE names it after the cluster, by characters that nobody knows before, and the Gateway, as
  // gkegw1-nv9e-moodle-moodle-z33kukono48t.
  const urlMap = `gkegw[0-9]+-[a-z0-9]+-${gateway.namespace}-${gateway.name}-[a-z0-9]+`;
  return {
    "edge-errors": {
      filter: `resource.type = "https_lb_rule" AND metric.type = "loadbalancing.googleapis.com/https/request_count" AND metric.labels.response_code_class = 500 AND resource.labels.url_map_name = monitoring.regex.full_match("${urlMap}")`,
      above: 100,
      alignment: {
        seconds: 300,
        aligner: "ALIGN_DELTA",
        reduction: { reducer: "REDUCE_SUM", label: "resource.label.url_map_name" },
      },
      seconds: 600,
      severity: "WARNING",
      description: "The site has answered more than a hundred requests in five minutes with an error.",
    },
  };
}

function databaseAlarms({ project, databaseInstances }: DataAlarmsProps): Record<string, Alarm> {
  const instances = databaseInstances.map((instance) => `"${project}:${instance}"`).join(", ");
  const metric = (name: string) =>
    `resource.type = "cloudsql_database" AND metric.type = "cloudsql.googleapis.com/database/${name}" AND resource.labels.database_id = one_of(${instances})`;
  const mean = { seconds: 300, aligner: "ALIGN_MEAN" };
  return {
    "database-cpu": {
      filter: metric("cpu/utilization"),
      above: 0.9,
      alignment: mean,
      seconds: 900,
      severity: "WARNING",
      description: "The database has been busy for 15 minutes.",
    },
    "database-storage": {
      filter: metric("disk/utilization"),
      // Storage grows by itself once less than 5 GB and a 25th of it is free, 25 GB at most: up to 1250 GB, more than this
      // means that it does not. Source: http://cloudplatform.googleblog.com/2016/09/digging-in-on-Cloud-SQL-automatic-storage-increases.html
      above: 0.98,
      alignment: mean,
      seconds: 900,
      severity: "CRITICAL",
      description: "The database is running out of storage.",
    },
    ...(databaseInstances.length > 1 && {
      "database-replica-lag": {
        filter: metric("replication/replica_lag"),
        above: 60,
        alignment: { seconds: 300, aligner: "ALIGN_MIN" },
        seconds: 600,
        severity: "WARNING" as const,
        description: "A copy of the database is more than a minute behind.",
      },
    }),
  };
}

function redisAlarms({ project, region, redis }: DataAlarmsProps): Record<string, Alarm> {
  const alarms = Object.entries(redis)
    .filter(([, { hasSessions }]) => hasSessions)
    .flatMap(([use, { instanceName }]): [string, Alarm][] => {
      const metric = (name: string) =>
        `resource.type = "redis_instance" AND metric.type = "redis.googleapis.com/stats/${name}" AND resource.labels.instance_id = "projects/${project}/locations/${region}/instances/${instanceName}"`;
      return [
        [
          `redis-${use}-memory`,
          {
            filter: metric("memory/usage_ratio"),
            above: 0.85,
            alignment: { seconds: 300, aligner: "ALIGN_MAX" },
            seconds: 600,
            severity: "CRITICAL",
            description: `Redis for ${use} is running out of memory: then nobody can log in.`,
          },
        ],
        [
          `redis-${use}-evictions`,
          {
            filter: metric("evicted_keys"),
            above: 0,
            alignment: { seconds: 300, aligner: "ALIGN_DELTA" },
            seconds: 600,
            severity: "WARNING",
            description: `Redis for ${use} drops entries, sessions among them: people are logged out.`,
          },
        ],
      ];
    });
  return Object.fromEntries(alarms);
}
