import { CloudwatchDashboard } from "@cdktf/provider-aws/lib/cloudwatch-dashboard";
import { Construct } from "constructs";
import type { WatchedLoadBalancer } from "./data-alarms";

export interface DataDashboardProps {
  /** Name of the dashboard. */
  readonly name: string;
  readonly region: string;
  readonly databaseInstanceIdentifiers: readonly string[];
  /** Ids of the nodes of Redis by what they are for, such as `sessions`. */
  readonly redisNodeIds: Readonly<Record<string, readonly string[]>>;
  readonly edge: WatchedLoadBalancer;
  /** A file system of EFS that is as fast as its credits last. @default none */
  readonly burstingFileSystemId?: string;
}

/** One thing's metric, as a widget of CloudWatch takes it: namespace, metric, pairs of dimensions, and what its line is called. */
type Series = readonly (string | { readonly label: string })[];

interface Graph {
  readonly title: string;
  readonly stat: "Average" | "Maximum" | "Sum" | "p95";
  readonly series: readonly Series[];
}

const COLUMNS = 3;
/** A row of a dashboard has 24 units: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
const WIDTH = 24 / COLUMNS;
const HEIGHT = 6;

/**
 * One page of CloudWatch on what the cluster stands on: database, Redis, files and load balancer, each instance a line. The cluster's own
 * dashboards are Grafana's. The metrics have the sources that `DataAlarms` names.
 */
export class DataDashboard extends Construct {
  constructor(scope: Construct, id: string, props: DataDashboardProps) {
    super(scope, id);
    const { name, region } = props;
    const widgets = [...databaseGraphs(props), ...redisGraphs(props), ...fileGraphs(props), ...edgeGraphs(props)].map(
      ({ title, stat, series }, index) => ({
        type: "metric",
        x: (index % COLUMNS) * WIDTH,
        y: Math.floor(index / COLUMNS) * HEIGHT,
        width: WIDTH,
        height: HEIGHT,
        properties: { title, region, stat, period: 60, view: "timeSeries", metrics: series },
      }),
    );
    new CloudwatchDashboard(this, "dashboard", { dashboardName: name, dashboardBody: JSON.stringify({ widgets }) });
  }
}

function databaseGraphs({ databaseInstanceIdentifiers }: DataDashboardProps): Graph[] {
  const of = (metric: string) =>
    databaseInstanceIdentifiers.map((identifier) => ["AWS/RDS", metric, "DBInstanceIdentifier", identifier]);
  return [
    { title: "Database: processor, percent", stat: "Average", series: of("CPUUtilization") },
    { title: "Database: connections", stat: "Maximum", series: of("DatabaseConnections") },
    { title: "Database: free memory, bytes", stat: "Average", series: of("FreeableMemory") },
    { title: "Database: free storage, bytes", stat: "Average", series: of("FreeStorageSpace") },
    {
      title: "Database: time of a read and a write, seconds",
      stat: "Average",
      series: [...of("ReadLatency"), ...of("WriteLatency")],
    },
    { title: "Database: copies behind, seconds", stat: "Maximum", series: of("ReplicaLag") },
  ];
}

function redisGraphs({ redisNodeIds }: DataDashboardProps): Graph[] {
  const nodes = Object.entries(redisNodeIds).flatMap(([use, ids]) =>
    ids.map((nodeId, index) => ({ nodeId, label: `${use} ${index + 1}` })),
  );
  const of = (metric: string) =>
    nodes.map(({ nodeId, label }): Series => ["AWS/ElastiCache", metric, "CacheClusterId", nodeId, { label }]);
  return [
    { title: "Redis: processor, percent", stat: "Average", series: of("EngineCPUUtilization") },
    { title: "Redis: memory, percent", stat: "Maximum", series: of("DatabaseMemoryUsagePercentage") },
    { title: "Redis: entries dropped", stat: "Sum", series: of("Evictions") },
  ];
}

function fileGraphs({ burstingFileSystemId }: DataDashboardProps): Graph[] {
  if (burstingFileSystemId === undefined) return [];
  const series = [["AWS/EFS", "BurstCreditBalance", "FileSystemId", burstingFileSystemId]];
  return [{ title: "Files: burst credits, bytes", stat: "Average", series }];
}

function edgeGraphs({ edge }: DataDashboardProps): Graph[] {
  const of = (metric: string) => [edge.namespace, metric, ...Object.entries(edge.dimensions).flat()];
  const healthy: Graph = {
    title: "Pods that the load balancer knows",
    stat: "Maximum",
    series: [of("HealthyHostCount")],
  };
  // A network load balancer does not read requests.
  if (edge.namespace === "AWS/NetworkELB") return [healthy];
  return [
    healthy,
    { title: "Requests a minute", stat: "Sum", series: [of("RequestCount"), of("HTTPCode_Target_5XX_Count")] },
    { title: "95 of 100 answers are faster than, seconds", stat: "p95", series: [of("TargetResponseTime")] },
  ];
}
