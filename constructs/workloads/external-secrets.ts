import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, NetworkPeer, SecretRef, SecretStore, WorkloadIdentity } from "../ports";
import { CHARTS } from "../versions";
import { storeLocations, storePeers } from "./secret-stores";

export interface ExternalSecretsProps {
  readonly cluster: ClusterAccess;
  /** Identity of the controller: it reads the secrets, so it may read those of the sites and no others. */
  readonly identity: WorkloadIdentity;
  /** Stores that secrets name. */
  readonly stores: readonly SecretStore[];
  /** Namespaces in which secrets may be asked for. */
  readonly siteNamespaces: readonly string[];
  /** Mirror of upstream charts, as in `ChartReleaseProps`. */
  readonly chartRegistry?: string;
  /** What must exist first beside the cluster: the namespaces. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * External Secrets Operator, which copies secrets from their store into the namespaces of the sites.
 *
 * A store is a SecretStore in each of these namespaces, not a ClusterSecretStore, and the controllers of cluster-wide
 * kinds, of generators and of writing to stores are off: nobody outside these namespaces can ask for a secret. AWS and
 * Google Cloud see the controller's own identity; Vault sees a service account `vault-reader` in the site's namespace.
 *
 * The definitions of its custom resources stay when the release goes: with them every copied secret would go.
 */
export class ExternalSecrets extends Construct {
  /** What a release that carries an ExternalSecret depends on. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: ExternalSecretsProps) {
    super(scope, id);
    const { cluster, identity, stores } = props;
    const operator = new ChartRelease(this, "operator", {
      chart: CHARTS.externalSecrets,
      chartRegistry: props.chartRegistry,
      namespace: identity.namespace,
      values: operatorValues(props),
      timeout: 600,
      dependsOn: [...cluster.ready, ...identity.ready, ...props.dependsOn],
    });
    const secretStores = new ChartRelease(this, "stores", {
      chart: { local: "secret-stores" },
      namespace: identity.namespace,
      values: {
        controllerServiceAccount: identity.serviceAccountName,
        namespaces: props.siteNamespaces,
        stores: storeLocations(stores),
      },
      timeout: 300,
      dependsOn: [operator.release],
    });
    this.ready = [operator.release, secretStores.release];
  }

  /** Name of the SecretStore, in every site's namespace, of the store that a secret names. */
  static storeName(store: SecretRef["store"]): string {
    return store;
  }
}

function operatorValues({ cluster, identity, stores }: ExternalSecretsProps) {
  const each = {
    replicaCount: 2,
    podDisruptionBudget: { enabled: true, minAvailable: 1 },
    resources: { requests: { cpu: "25m", memory: "96Mi" }, limits: { memory: "256Mi" } },
  };
  return {
    ...each,
    leaderElect: true,
    serviceAccount: { name: identity.serviceAccountName },
    // Tokens are made for one service account in each site's namespace, by the role in charts/secret-stores.
    rbac: { serviceAccountTokenCreate: false },
    crds: {
      annotations: { "helm.sh/resource-policy": "keep" },
      createClusterExternalSecret: false,
      createClusterSecretStore: false,
      createClusterGenerator: false,
      createClusterPushSecret: false,
      createPushSecret: false,
    },
    processClusterExternalSecret: false,
    processClusterStore: false,
    processClusterGenerator: false,
    processClusterPushSecret: false,
    processPushSecret: false,
    livenessProbe: { enabled: true },
    readinessProbe: { enabled: true },
    networkPolicy: { enabled: true, egress: egress([...cluster.identityEndpoints, ...storePeers(stores)]) },
    webhook: { ...each, networkPolicy: { enabled: true, egress: egress([]) } },
    certController: { ...each, networkPolicy: { enabled: true, egress: egress([]) } },
    ...(cluster.systemNodes === undefined ? {} : { global: cluster.systemNodes }),
  };
}

/** To the cluster's DNS, to the API server and the cloud's APIs over HTTPS, and to `peers`. */
function egress(peers: readonly NetworkPeer[]) {
  return [
    {
      to: [
        { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } },
        // The cache on the node, and Cloud DNS.
        ...["169.254.20.10/32", "169.254.169.254/32"].map((cidr) => ({ ipBlock: { cidr } })),
      ],
      ports: ["UDP", "TCP"].map((protocol) => ({ protocol, port: 53 })),
    },
    ...[{ cidr: "0.0.0.0/0", port: 443 }, ...peers].map(({ cidr, port }) => ({
      to: [{ ipBlock: { cidr } }],
      ports: [{ protocol: "TCP", port }],
    })),
  ];
}
