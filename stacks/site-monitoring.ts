import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { AlertReceiver, ClusterAccess, LogDestination, SecretRef } from "../constructs/ports";
import { ContainerLogs } from "../constructs/workloads/container-logs";
import { Monitoring } from "../constructs/workloads/monitoring";
import type { Environment } from "../environments/defaults";
import { MONITORING_NAMESPACE, type SiteSecrets } from "./site-names";

export interface SiteMonitoringProps {
  readonly environment: Environment;
  readonly settings: NonNullable<Environment["monitoring"]>;
  readonly cluster: ClusterAccess;
  readonly secrets: Pick<SiteSecrets, "alerts" | "smtp">;
  readonly grafanaSecret: SecretRef;
  /** The cloud's own way to the address of alerts. @default a mail by the site's relay */
  readonly alertTopic?: AlertReceiver;
  /** Where the logs of containers go. @default the cluster sees to it */
  readonly logs?: LogDestination;
  /** What must exist first: nodes, the namespace and its secret store, Grafana's password. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** What watches a site, and tells of it. */
export class SiteMonitoring extends Construct {
  readonly stack: Monitoring;

  constructor(scope: Construct, id: string, props: SiteMonitoringProps) {
    super(scope, id);
    const { environment, settings, cluster, logs, dependsOn } = props;
    const { chartRegistry } = environment;
    this.stack = new Monitoring(this, "stack", {
      cluster,
      namespace: MONITORING_NAMESPACE,
      grafanaSecret: props.grafanaSecret,
      receivers: [...addressOf(props), ...furtherReceiver(props)],
      retentionDays: settings.retentionDays,
      storageGb: settings.storageGb,
      chartRegistry,
      dependsOn,
    });
    if (logs === undefined) return;
    new ContainerLogs(this, "logs", {
      cluster,
      destination: logs,
      monitoring: this.stack.prometheus,
      chartRegistry,
      dependsOn: this.stack.ready,
    });
  }
}

/** None on a cloud without a topic where the site has no relay: the rules then demand a further receiver. */
function addressOf({ environment, settings, secrets, alertTopic }: SiteMonitoringProps): AlertReceiver[] {
  if (alertTopic !== undefined) return [alertTopic];
  const { mail } = environment.moodle;
  if (mail === undefined) return [];
  const { host, port, security, noReplyAddress } = mail;
  const relay = { host, port, security, secret: secrets.smtp };
  return [{ kind: "email", address: settings.alerts.email, from: noReplyAddress, ...relay }];
}

function furtherReceiver({ settings, secrets }: SiteMonitoringProps): AlertReceiver[] {
  const { receiver } = settings.alerts;
  return receiver === undefined || secrets.alerts === undefined ? [] : [{ kind: receiver, secret: secrets.alerts }];
}
