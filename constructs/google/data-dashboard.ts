import { MonitoringDashboard } from "@cdktf/provider-google/lib/monitoring-dashboard";
import { Construct } from "constructs";

export interface DataDashboardProps {
  /** Name of the dashboard. */
  readonly name: string;
  readonly project: string;
  readonly region: string;
  readonly databaseEngine: "postgresql" | "mysql";
  /** Names of the database's instances, the replicas among them. */
  readonly databaseInstances: readonly string[];
  /** Names of the Redis instances. */
  readonly redisInstances: readonly string[];
}

interface Graph {
  readonly title: string;
  /** In Cloud Monitoring's own language. */
  readonly filter: string;
  readonly aligner: "ALIGN_MEAN" | "ALIGN_MAX" | "ALIGN_DELTA";
  /** Label by which several lines of one thing are added up. */
  readonly sumBy?: string;
}

/**
 * One page of Cloud Monitoring on what the cluster stands on: database and Redis, each instance a line. The cluster's own dashboards
 * are Grafana's. The metrics have the sources that `DataAlarms` names.
 */
export class DataDashboard extends Construct {
  constructor(scope: Construct, id: string, props: DataDashboardProps) {
    super(scope, id);
    const { name, project } = props;
    const widgets = [...databaseGraphs(props), ...redisGraphs(props)].map(({ title, filter, aligner, sumBy }) => ({
      title,
      xyChart: {
        dataSets: [
          {
            plotType: "LINE",
            timeSeriesQuery: {
              timeSeriesFilter: {
                filter,
                aggregation: {
                  alignmentPeriod: "60s",
                  perSeriesAligner: aligner,
                  ...(sumBy !== undefined && { crossSeriesReducer: "REDUCE_SUM", groupByFields: [sumBy] }),
                },
              },
            },
          },
        ],
      },
    }));
    new MonitoringDashboard(this, "dashboard", {
      project,
      dashboardJson: JSON.stringify({ displayName: name, gridLayout: { columns: "3", widgets } }),
    });
  }
}

function databaseGraphs({ project, databaseEngine, databaseInstances }: DataDashboardProps): Graph[] {
  const instances = databaseInstances.map((instance) => `"${project}:${instance}"`).join(", ");
  const metric = (name: string) =>
    `resource.type = "cloudsql_database" AND metric.type = "cloudsql.googleapis.com/database/${name}" AND resource.labels.database_id = one_of(${instances})`;
  return [
    { title: "Database: processor", filter: metric("cpu/utilization"), aligner: "ALIGN_MEAN" },
    { title: "Database: memory", filter: metric("memory/utilization"), aligner: "ALIGN_MEAN" },
    { title: "Database: storage", filter: metric("disk/utilization"), aligner: "ALIGN_MEAN" },
    {
      title: "Database: connections",
      // PostgreSQL has no figure of all, but one of each of its databases.
      filter: metric(databaseEngine === "postgresql" ? "postgresql/num_backends" : "network/connections"),
      aligner: "ALIGN_MAX",
      sumBy: "resource.label.database_id",
    },
    ...(databaseInstances.length > 1
      ? [
          {
            title: "Database: copies behind, seconds",
            filter: metric("replication/replica_lag"),
            aligner: "ALIGN_MAX" as const,
          },
        ]
      : []),
  ];
}

function redisGraphs({ project, region, redisInstances }: DataDashboardProps): Graph[] {
  const instances = redisInstances
    .map((instance) => `"projects/${project}/locations/${region}/instances/${instance}"`)
    .join(", ");
  const metric = (name: string) =>
    `resource.type = "redis_instance" AND metric.type = "redis.googleapis.com/${name}" AND resource.labels.instance_id = one_of(${instances})`;
  return [
    { title: "Redis: memory", filter: metric("stats/memory/usage_ratio"), aligner: "ALIGN_MAX" },
    { title: "Redis: entries dropped", filter: metric("stats/evicted_keys"), aligner: "ALIGN_DELTA" },
    { title: "Redis: connections", filter: metric("clients/connected"), aligner: "ALIGN_MAX" },
  ];
}
