import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, NetworkPeer, PrometheusOperator, SecretStore, WorkloadIdentity } from "../ports";
import { storeLocations, storePeers } from "./secret-stores";

/** How the operator follows the logins of sites: where they are kept, and where they must work. */
export interface WatchedCredentials {
  /** May read the secrets of the sites' logins and no others. @default none, the store is Vault */
  readonly identity?: WorkloadIdentity;
  readonly stores: readonly SecretStore[];
  /** Databases of the sites. */
  readonly databases: readonly NetworkPeer[];
}

export interface MoodleOperatorProps {
  readonly cluster: ClusterAccess;
  /** Namespace of the operator itself. */
  readonly namespace: string;
  /** Namespaces whose resources it looks after; in others it can get and patch MoodleClusters and MoodleBackups, and nothing else. */
  readonly siteNamespaces: readonly string[];
  /** Reference of the image, by digest or tag. */
  readonly image: string;
  /** Where the API server answers, behind its Service. @default anywhere, port 443 */
  readonly apiServer?: NetworkPeer;
  /** @default new versions of logins are not looked for */
  readonly credentials?: WatchedCredentials;
  /** What watches the operator: it is scraped, and alert rules and a dashboard come with it. @default nothing */
  readonly monitoring?: PrometheusOperator;
  /** What must exist first beside the cluster: the namespaces. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * moodle-operator: keeps sites, their backups and their scaling as the resources of moodleplatform.io say, whose
 * definitions it brings. The definitions stay when the release goes: with them every resource would go.
 */
export class MoodleOperator extends Construct {
  /** What a release that carries one of its resources depends on. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: MoodleOperatorProps) {
    super(scope, id);
    const { cluster, apiServer, credentials } = props;
    const { release } = new ChartRelease(this, "operator", {
      chart: { local: "moodle-operator" },
      namespace: props.namespace,
      values: {
        image: props.image,
        namespaces: props.siteNamespaces,
        ...(credentials && { stores: storeLocations(credentials.stores) }),
        network: {
          ...(apiServer && { apiServer }),
          ...(credentials && {
            databases: credentials.databases,
            stores: [...cluster.identityEndpoints, ...storePeers(credentials.stores)],
          }),
        },
        monitoring: props.monitoring,
        ...cluster.systemNodes,
      },
      timeout: 600,
      dependsOn: [...cluster.ready, ...(credentials?.identity?.ready ?? []), ...props.dependsOn],
    });
    this.ready = [release];
  }
}
