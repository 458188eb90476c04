import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import { refuse } from "../core/errors";
import type { AlertReceiver, ClusterAccess, PrometheusOperator, SecretRef } from "../ports";
import { CHARTS } from "../versions";
import { monitoringValues } from "./monitoring-values";
import { secretValues } from "./moodle-values";
import { PlatformNamespace } from "./platform-namespace";

export interface MonitoringProps {
  readonly cluster: ClusterAccess;
  /** A namespace of its own, in which External Secrets has a store. */
  readonly namespace: string;
  /** Holds `adminPassword` of Grafana's administrator, whose name is `admin`. */
  readonly grafanaSecret: SecretRef;
  /** Where every alert goes: one or more. */
  readonly receivers: readonly AlertReceiver[];
  /** Days that metrics are kept. @default 15 */
  readonly retentionDays?: number;
  /** Disk of Prometheus, in GiB: the oldest metrics go when it is 85 % full. @default 50 */
  readonly storageGb?: number;
  /** Mirror of upstream charts, as in `ChartReleaseProps`. */
  readonly chartRegistry?: string;
  /** What must exist first beside the cluster: nodes, the namespace, its secret store, Grafana's password. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * The Prometheus Operator with Prometheus, Alertmanager, Grafana and the exporters of nodes and of Kubernetes' objects.
 *
 * Prometheus takes every monitor and rule of the cluster, whoever brings it, and Grafana every ConfigMap with the label
 * `grafana_dashboard: "1"`. Pods with the label `moodleplatform.io/prometheus-client: "true"` may ask Prometheus. Nothing
 * is open to the outside: `kubectl port-forward` leads to Grafana.
 *
 * The definitions of the custom resources have a release of their own, which upgrades them and leaves them behind when
 * it goes. The exporter of nodes has a namespace of its own, as it reads its node's file systems, which Pod Security
 * refuses elsewhere. What a managed control plane does not show (etcd, scheduler, controllers) is not asked for; nor is
 * its API server, whose own metrics would be more than all others together.
 *
 * @throws ConfigurationError without a receiver
 */
export class Monitoring extends Construct {
  /** What is watched is told this. */
  readonly prometheus: PrometheusOperator;
  /** URL of Prometheus in the cluster. */
  readonly address: string;
  /** What a release that brings a monitor or a rule depends on: the definitions are served, and rules are checked. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { cluster, namespace, receivers, chartRegistry, dependsOn } = props;
    if (receivers.length === 0) {
      refuse(this.node.path, {
        path: "receivers",
        given: receivers,
        allowed: "one receiver of alerts or more",
        remedy: "say where alerts go",
      });
    }
    const nodes = new PlatformNamespace(this, "node-exporter-namespace", {
      name: NODE_EXPORTER_NAMESPACE,
      podSecurity: "privileged",
      // Its pods are in the network of their node, which no policy reaches.
      isolated: false,
      protection: "disposable",
      dependsOn: cluster.ready,
    });
    const crds = new ChartRelease(this, "crds", {
      chart: CHARTS.prometheusOperatorCrds,
      chartRegistry,
      namespace,
      values: { crds: { annotations: { "helm.sh/resource-policy": "keep" } } },
      timeout: 300,
      dependsOn: [...cluster.ready, ...dependsOn],
    });
    const access = new ChartRelease(this, "access", {
      chart: { local: "monitoring" },
      namespace,
      values: {
        grafanaSecret: secretValues(props.grafanaSecret),
        receivers: receivers.map(receiverValues),
        network: { identityEndpoints: cluster.identityEndpoints },
      },
      timeout: 300,
      // It brings rules.
      dependsOn: [...cluster.ready, ...dependsOn, crds.release],
    });
    const stack = new ChartRelease(this, "stack", {
      chart: CHARTS.kubePrometheusStack,
      chartRegistry,
      namespace,
      values: monitoringValues({
        ...props,
        retentionDays: props.retentionDays ?? 15,
        storageGb: props.storageGb ?? 50,
        nodeExporterNamespace: NODE_EXPORTER_NAMESPACE,
        alertmanagerServiceAccount: Monitoring.alertmanagerServiceAccount,
        credentials: receivers.flatMap((receiver, index) => (hasCredential(receiver) ? [index] : [])),
      }),
      timeout: 900,
      dependsOn: [
        ...cluster.ready,
        ...dependsOn,
        ...nodes.ready,
        crds.release,
        access.release,
        ...receivers.flatMap((receiver) => (receiver.kind === "sns" ? receiver.identity.ready : [])),
      ],
    });
    this.prometheus = { namespace };
    this.address = Monitoring.address(namespace);
    this.ready = [crds.release, stack.release];
  }

  /** Under which Alertmanager runs, for what gives it an identity. */
  static readonly alertmanagerServiceAccount = "alertmanager";

  /** URL of Prometheus in the cluster, for what is configured before it is made. */
  static address(namespace: string): string {
    return `http://${CHARTS.kubePrometheusStack.name}-prometheus.${namespace}:9090`;
  }
}

const NODE_EXPORTER_NAMESPACE = "node-exporter";

function hasCredential(receiver: AlertReceiver): boolean {
  return receiver.kind !== "sns" && receiver.secret !== undefined;
}

function receiverValues(receiver: AlertReceiver) {
  switch (receiver.kind) {
    case "sns": {
      const { kind, topicArn, heartbeatTopicArn, region } = receiver;
      return { kind, topicArn, heartbeatTopicArn, region };
    }
    case "email": {
      const { kind, address, from, host, port, security, secret } = receiver;
      return { kind, address, from, host, port, security, secret: secret && secretValues(secret) };
    }
    default:
      return { kind: receiver.kind, secret: secretValues(receiver.secret) };
  }
}
