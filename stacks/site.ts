import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type {
  AlertReceiver,
  CloudSnapshotSource,
  ClusterAccess,
  DatabaseEndpoint,
  KnativeServing,
  LogDestination,
  ObjectStore,
  RedisEndpoints,
  SecretRef,
  SecretStore,
  SharedFileSystem,
  WorkloadIdentity,
} from "../constructs/ports";
import { AnalyticsServer } from "../constructs/workloads/analytics-server";
import { BackupCronJobs } from "../constructs/workloads/backup-cron-jobs";
import { blockedHosts } from "../constructs/workloads/blocked-hosts";
import { CertManager } from "../constructs/workloads/cert-manager";
import { DatabaseRoles } from "../constructs/workloads/database-roles";
import { DrillGate } from "../constructs/workloads/drill-gate";
import { ExternalSecrets } from "../constructs/workloads/external-secrets";
import { resolveModel } from "../constructs/workloads/inference-model";
import { InferenceServices, type ModelCaller } from "../constructs/workloads/inference-services";
import { Ingress, type IngressEdge, type SiteController } from "../constructs/workloads/ingress";
import type { Monitoring } from "../constructs/workloads/monitoring";
import { MoodleOperator } from "../constructs/workloads/moodle-operator";
import type { MailRelay, MoodleSite, WebSizing } from "../constructs/workloads/moodle-values";
import { MoodleWeb } from "../constructs/workloads/moodle-web";
import { PlatformNamespace } from "../constructs/workloads/platform-namespace";
import type { Environment } from "../environments/defaults";
import { firstStop } from "./first-stop";
import { Inference, type ModelPlatform } from "./inference";
import { MODELS_ACCOUNT } from "./inference-names";
import { addSiteIngress } from "./site-ingress";
import { SiteMonitoring } from "./site-monitoring";
import { MONITORING_NAMESPACE, OPERATOR_ACCOUNT, type SiteSecrets } from "./site-names";

export interface SiteProps {
  readonly environment: Environment;
  readonly cluster: ClusterAccess;
  /** What makes nodes for the site: its pods go before it does. */
  readonly nodesReady: readonly ITerraformDependable[];
  /** One for each program. All but that of External Secrets are in the site's namespace. */
  readonly identities: {
    readonly externalSecrets: WorkloadIdentity;
    readonly databaseRoles: WorkloadIdentity;
    readonly web: WorkloadIdentity;
    readonly backupSnapshot: WorkloadIdentity;
    readonly backupVerify: WorkloadIdentity;
    readonly backupPrune: WorkloadIdentity;
    readonly backupRestore: WorkloadIdentity;
    /** Where moodle-operator delivers the site and the cloud's own store has its logins. */
    readonly operator?: WorkloadIdentity;
  };
  readonly database: DatabaseEndpoint;
  readonly redis: RedisEndpoints;
  /** Moodle's bucket. @default none, files stay on the shared file system */
  readonly objectStore?: ObjectStore;
  readonly files: SharedFileSystem;
  /** What the cloud makes snapshots of, where the environment asks for them. */
  readonly snapshotSource: CloudSnapshotSource;
  readonly backupStore: ObjectStore;
  /** Another environment's backups, from which restores come. @default `backupStore` */
  readonly restoreStore?: ObjectStore;
  /** That of the mail relay is put in by hand, the others are born in the cluster. */
  readonly secrets: Pick<SiteSecrets, "administrator" | "backupSigning" | "smtp" | "analytics" | "grafana" | "alerts">;
  /** The cloud's own way to the address of alerts. @default a mail by the site's relay */
  readonly alertTopic?: AlertReceiver;
  /** Where the logs of containers go. @default the cluster sees to it */
  readonly logs?: LogDestination;
  /** What serves models stands on it; needed where the environment serves any. */
  readonly models?: ModelPlatform;
  readonly edge: IngressEdge;
  /** What stands between the edge and the site. @default nothing, or Knative's gateway */
  readonly controller?: SiteController;
  /** Networks of the cluster's pods. */
  readonly podCidrs: readonly string[];
}

/** The half of an environment that is in the cluster, the same on every cloud. */
export class Site extends Construct {
  constructor(scope: Construct, id: string, props: SiteProps) {
    super(scope, id);
    const { environment, cluster, nodesReady, identities, database, redis, objectStore, edge } = props;
    const { moodle, backups, images, protection, chartRegistry } = environment;
    const { administrator, backupSigning, smtp, analytics, grafana } = props.secrets;
    const stores = secretStores(environment);

    const namespace = new PlatformNamespace(this, "namespace", {
      name: identities.web.namespace,
      labels: namespaceLabels(environment, edge),
      protection,
      dependsOn: cluster.ready,
    });
    const controllers = new PlatformNamespace(this, "external-secrets-namespace", {
      name: identities.externalSecrets.namespace,
      // It holds nothing that is not made anew.
      protection: "disposable",
      dependsOn: cluster.ready,
    });
    const watchers = grafana && this.addMonitoringNamespace(cluster);
    const externalSecrets = new ExternalSecrets(this, "external-secrets", {
      cluster,
      identity: identities.externalSecrets,
      stores,
      siteNamespaces: [namespace, ...(watchers ? [watchers] : [])].map(({ namespaceName }) => namespaceName),
      chartRegistry,
      dependsOn: [...namespace.ready, ...controllers.ready, ...(watchers?.ready ?? [])],
    });
    const databaseRoles = new DatabaseRoles(this, "database-roles", {
      cluster,
      identity: identities.databaseRoles,
      database,
      stores,
      generated: [
        { secret: administrator, keys: ["adminPassword"] },
        { secret: backupSigning, keys: ["signingSecret"] },
        ...(analytics ? [{ secret: analytics, keys: ["username", "password"] }] : []),
        ...(grafana ? [{ secret: grafana, keys: ["adminPassword"] }] : []),
      ],
      image: image(images.registry, "database-roles", images.databaseRoles),
      dependsOn: [...nodesReady, ...namespace.ready],
    });
    const monitoring = this.addMonitoring(props, [...nodesReady, ...externalSecrets.ready, ...databaseRoles.ready]);
    const prometheus = monitoring?.prometheus ?? moodle.monitoring;
    const certManager =
      props.controller?.acme === undefined && environment.inference === undefined
        ? undefined
        : new CertManager(this, "cert-manager", {
            cluster,
            acme: props.controller?.acme,
            monitoring: prometheus,
            domain: environment.domain,
            chartRegistry,
            dependsOn: [...nodesReady, ...(monitoring?.ready ?? [])],
          });
    const ingress = addSiteIngress(this, {
      environment,
      cluster,
      edge,
      controller: props.controller,
      podCidrs: props.podCidrs,
      certManager,
      nodesReady,
      namespaceReady: namespace.ready,
    });
    if (environment.inference !== undefined && props.models !== undefined) {
      new Inference(this, "inference", {
        ...props.models,
        environment,
        settings: environment.inference,
        cluster,
        knative: ingress.knative,
        callers: moodle.ai === undefined ? {} : { [moodle.ai.model]: [moodlePods(identities.web.namespace)] },
        monitoring: prometheus,
        prometheusAddress: environment.inference.prometheusAddress ?? monitoring?.address,
        rolloutImage: image(images.registry, "rollout", images.rollout),
        dependsOn: [...nodesReady, ...(certManager?.ready ?? []), ...(monitoring?.ready ?? [])],
      });
    }
    const backup = new BackupCronJobs(this, "backup", {
      cluster,
      identities: {
        snapshot: identities.backupSnapshot,
        verify: identities.backupVerify,
        prune: identities.backupPrune,
        restore: identities.backupRestore,
      },
      database,
      objectStore,
      filesClaimName: MoodleWeb.claimName(),
      backupStore: props.backupStore,
      restoreStore: props.restoreStore,
      signingSecret: backupSigning,
      ...backups,
      cloudSnapshots:
        backups.cloudSnapshots > 0 ? { ...props.snapshotSource, keep: backups.cloudSnapshots } : undefined,
      monitoring: prometheus,
      image: image(images.registry, "backup", images.backup),
      dependsOn: [
        ...nodesReady,
        ...namespace.ready,
        ...externalSecrets.ready,
        ...databaseRoles.ready,
        ...(monitoring?.ready ?? []),
      ],
    });
    const analyticsServer =
      moodle.analytics &&
      analytics &&
      new AnalyticsServer(this, "analytics", {
        cluster,
        namespace: namespace.namespaceName,
        secret: analytics,
        image: image(images.registry, "analytics", images.analytics),
        ...moodle.analytics,
        dependsOn: [...nodesReady, ...namespace.ready, ...externalSecrets.ready, ...databaseRoles.ready],
      });
    const gate = this.addDrillGate(props, backup);
    const operator = this.addOperator(props, namespace, monitoring, prometheus);
    new MoodleWeb(this, "web", {
      name: environment.prefix,
      cluster,
      identity: identities.web,
      database,
      redis,
      objectStore,
      files: props.files,
      route: ingress.route,
      knative: environment.model === "serverless" ? ingress.knative : undefined,
      domain: environment.domain,
      siteName: moodle.siteName,
      shortName: moodle.shortName,
      adminEmail: moodle.adminEmail,
      administratorSecret: administrator,
      language: moodle.language,
      maxUploadMb: moodle.maxUploadMb,
      image: image(images.registry, "moodle", images.moodle),
      web: webSizing(moodle.web, monitoring?.address),
      cron: moodle.cron,
      adhoc: moodle.adhoc,
      mail: mailRelay(moodle.mail, smtp),
      antivirus: moodle.antivirus,
      ...assistant(environment, ingress.knative),
      analytics: analyticsServer?.backend,
      monitoring: prometheus,
      protection,
      operator,
      dependsOn: [
        ...nodesReady,
        ...namespace.ready,
        ...externalSecrets.ready,
        ...databaseRoles.ready,
        ...ingress.ready,
        ...(monitoring?.ready ?? []),
        ...(analyticsServer?.ready ?? []),
        ...gate,
      ],
    });
  }

  private addMonitoringNamespace(cluster: ClusterAccess): PlatformNamespace {
    return new PlatformNamespace(this, "monitoring-namespace", {
      name: MONITORING_NAMESPACE,
      // Metrics of some days, which nobody restores.
      protection: "disposable",
      dependsOn: cluster.ready,
    });
  }

  private addMonitoring(
    { environment, cluster, secrets, alertTopic, logs }: SiteProps,
    dependsOn: readonly ITerraformDependable[],
  ): Monitoring | undefined {
    const { monitoring: settings } = environment;
    const { grafana } = secrets;
    if (settings === undefined || grafana === undefined) return undefined;
    return new SiteMonitoring(this, "monitoring", {
      environment,
      settings,
      cluster,
      secrets,
      grafanaSecret: grafana,
      alertTopic,
      logs,
      dependsOn,
    }).stack;
  }

  /** Nothing where Terraform releases the site itself. */
  private addOperator(
    { environment, cluster, identities, database }: SiteProps,
    site: PlatformNamespace,
    stack: Monitoring | undefined,
    monitoring: MoodleSite["monitoring"],
  ): MoodleOperator | undefined {
    const { delivery, images } = environment;
    if (delivery === "helm") return undefined;
    const namespace = new PlatformNamespace(this, "operator-namespace", {
      name: OPERATOR_ACCOUNT.namespace,
      // It holds nothing that is not made anew.
      protection: "disposable",
      dependsOn: cluster.ready,
    });
    return new MoodleOperator(this, "operator", {
      cluster,
      namespace: namespace.namespaceName,
      siteNamespaces: [site.namespaceName],
      image: image(images.registry, "operator", images.operator),
      credentials: {
        identity: identities.operator,
        // The one store that has the logins: of another, the operator knows nothing.
        stores: secretStores(environment).filter(({ store }) => store === database.secrets.application.store),
        databases: database.cidrs.map((cidr) => ({ cidr, port: database.port })),
      },
      monitoring,
      dependsOn: [...namespace.ready, ...site.ready, ...(stack?.ready ?? [])],
    });
  }

  /** What Moodle's image waits for; nothing where no drill is required. */
  private addDrillGate(props: SiteProps, backup: BackupCronJobs): readonly ITerraformDependable[] {
    const { cluster, identities, backupStore } = props;
    const { backups, images } = props.environment;
    if (backups.requireDrillWithin === undefined) return [];
    const gate = new DrillGate(this, "drill-gate", {
      cluster,
      identity: identities.backupVerify,
      backupStore,
      within: backups.requireDrillWithin,
      subject: image(images.registry, "moodle", images.moodle),
      image: image(images.registry, "backup", images.backup),
      dependsOn: backup.ready,
    });
    return gate.ready;
  }
}

/** How Moodle asks a model of the platform. */
function assistant(
  environment: Environment,
  knative: KnativeServing | undefined,
): Pick<MoodleSite, "ai" | "blockedHosts"> {
  const { inference, moodle } = environment;
  const model = inference?.models.find(({ name }) => name === moodle.ai?.model);
  if (moodle.ai === undefined || model === undefined) return {};
  const isOnKnative = resolveModel(model, { knative: knative !== undefined }).deploymentMode === "knative";
  const { requestsPerUser, requests } = moodle.ai;
  const gateway = isOnKnative ? knative?.localGateway : undefined;
  return {
    ai: { ...InferenceServices.openAi(model.name, MODELS_ACCOUNT.namespace, gateway), requestsPerUser, requests },
    blockedHosts: blockedHosts(
      environment.cloud === "aws" ? environment.network.serviceCidr : environment.network.servicesCidr,
    ),
  };
}

function moodlePods(namespace: string): ModelCaller {
  return { namespace, podLabels: { "app.kubernetes.io/name": "moodle" } };
}

function mailRelay(mail: Environment["moodle"]["mail"], secret: SecretRef | undefined): MailRelay | undefined {
  if (mail === undefined) return undefined;
  const { host, port, security, noReplyAddress } = mail;
  return { host, port, security, noReplyAddress, secret };
}

/** With the address of Prometheus, where the environment names none of its own. */
function webSizing({ autoscaling, ...web }: Environment["moodle"]["web"], address: string | undefined): WebSizing {
  const prometheusAddress = autoscaling?.prometheusAddress ?? address;
  return autoscaling === undefined || prometheusAddress === undefined
    ? web
    : { ...web, autoscaling: { ...autoscaling, prometheusAddress } };
}

/** The cloud's own store, which holds what Terraform makes, and Vault where passwords are born there. */
function secretStores(environment: Environment): SecretStore[] {
  const own: SecretStore =
    environment.cloud === "aws"
      ? { store: "aws-secrets-manager", region: environment.region }
      : { store: "google-secret-manager", project: environment.project };
  const { secrets } = environment;
  return secrets.store === "vault" ? [own, secrets] : [own];
}

/** Where the edge sends requests to the site's own pods, these count as ready once it finds them healthy. */
function namespaceLabels(environment: Environment, edge: IngressEdge): Readonly<Record<string, string>> {
  return firstStop(environment) === undefined ? Ingress.namespaceLabels(edge) : {};
}

function image(registry: string, name: string, version: string): string {
  return `${registry}/${name}${version.startsWith("sha256:") ? "@" : ":"}${version}`;
}
