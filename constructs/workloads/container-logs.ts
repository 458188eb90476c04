import { NetworkPolicyV1 } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, LogDestination, PrometheusOperator } from "../ports";
import { CHARTS } from "../versions";
import { PlatformNamespace } from "./platform-namespace";

export interface ContainerLogsProps {
  readonly cluster: ClusterAccess;
  readonly destination: LogDestination;
  /** What watches the agents. */
  readonly monitoring: PrometheusOperator;
  /** Mirror of upstream charts, as in `ChartReleaseProps`. */
  readonly chartRegistry?: string;
  /** What must exist first beside the cluster: the definitions of Prometheus' monitors. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * Fluent Bit on every node, which sends what containers write to the cloud's log store: one stream a container, named by
 * namespace, pod and container.
 *
 * The agents have a namespace of their own: they read the logs of their node, which Pod Security refuses elsewhere.
 */
export class ContainerLogs extends Construct {
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: ContainerLogsProps) {
    super(scope, id);
    const { cluster, destination, monitoring } = props;
    const { identity } = destination;
    const namespace = new PlatformNamespace(this, "namespace", {
      name: identity.namespace,
      podSecurity: "privileged",
      protection: "disposable",
      dependsOn: cluster.ready,
    });
    const policy = new NetworkPolicyV1(this, "network-policy", {
      metadata: { name: "fluent-bit", namespace: identity.namespace },
      spec: {
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          {
            from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": monitoring.namespace } } }],
            ports: [{ protocol: "TCP", port: String(METRICS_PORT) }],
          },
        ],
        egress: [
          {
            to: [
              { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } },
              // The cache on the node.
              { ipBlock: { cidr: "169.254.20.10/32" } },
            ],
            ports: ["UDP", "TCP"].map((protocol) => ({ protocol, port: "53" })),
          },
          ...[{ cidr: "0.0.0.0/0", port: 443 }, ...cluster.identityEndpoints].map(({ cidr, port }) => ({
            to: [{ ipBlock: { cidr } }],
            ports: [{ protocol: "TCP", port: String(port) }],
          })),
        ],
      },
      dependsOn: [...namespace.ready],
    });
    const { release } = new ChartRelease(this, "agents", {
      chart: CHARTS.fluentBit,
      chartRegistry: props.chartRegistry,
      namespace: identity.namespace,
      values: agentValues(destination),
      timeout: 600,
      dependsOn: [...cluster.ready, ...props.dependsOn, ...namespace.ready, policy, ...identity.ready],
    });
    this.ready = [release];
  }
}

const METRICS_PORT = 2020;
const STATE = "/var/fluent-bit/state";

/** Sources: https://github.com/fluent/helm-charts and https://docs.fluentbit.io/manual/pipeline/outputs/cloudwatch */
function agentValues({ identity, logGroupName, region }: LogDestination) {
  return {
    serviceAccount: { name: identity.serviceAccountName },
    testFramework: { enabled: false },
    // NoExecute as well: no node is left unseen.
    tolerations: [{ operator: "Exists" }],
    resources: { requests: { cpu: "25m", memory: "64Mi" }, limits: { memory: "256Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"], add: ["DAC_READ_SEARCH"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
    daemonSetVolumes: [
      { name: "logs", hostPath: { path: "/var/log" } },
      { name: "state", hostPath: { path: STATE, type: "DirectoryOrCreate" } },
    ],
    daemonSetVolumeMounts: [
      { name: "logs", mountPath: "/var/log", readOnly: true },
      { name: "state", mountPath: STATE },
    ],
    serviceMonitor: { enabled: true },
    config: {
      inputs: section("INPUT", {
        Name: "tail",
        Path: "/var/log/containers/*.log",
        "multiline.parser": "cri",
        Tag: "kube.*",
        // Where it has read to, so that an agent that starts again neither repeats nor misses anything.
        DB: `${STATE}/containers.db`,
        Mem_Buf_Limit: "50MB",
        Skip_Long_Lines: "On",
        Refresh_Interval: "10",
      }),
      filters: section("FILTER", {
        Name: "kubernetes",
        Match: "kube.*",
        Merge_Log: "On",
        Keep_Log: "Off",
        Labels: "Off",
        Annotations: "Off",
        "K8S-Logging.Parser": "Off",
        "K8S-Logging.Exclude": "On",
      }),
      outputs: section("OUTPUT", {
        Name: "cloudwatch_logs",
        Match: "kube.*",
        region,
        log_group_name: logGroupName,
        log_stream_prefix: "unnamed-",
        log_stream_template: "$kubernetes['namespace_name'].$kubernetes['pod_name'].$kubernetes['container_name']",
        auto_create_group: "false",
        Retry_Limit: "10",
      }),
    },
  };
}

/** In Fluent Bit's own notation. */
function section(name: string, settings: Readonly<Record<string, string>>): string {
  return [`[${name}]`, ...Object.entries(settings).map(([key, value]) => `    ${key} ${value}`), ""].join("\n");
}
