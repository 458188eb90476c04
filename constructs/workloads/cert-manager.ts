import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, PrometheusOperator, WorkloadIdentity } from "../ports";
import { CHARTS } from "../versions";
import { ControllerNetwork } from "./controller-network";
import { CERT_MANAGER_NAMESPACE, INGRESS_CONTROLLER_PODS } from "./ingress-controller";
import { PlatformNamespace } from "./platform-namespace";

/** How an ACME authority is shown whose the domain is. */
export type AcmeSolver =
  | { readonly kind: "route53"; readonly region: string; readonly hostedZoneId: string }
  | { readonly kind: "cloud-dns"; readonly project: string; readonly managedZoneName: string }
  /** By an answer of the site itself, through the ingress controller of a class. */
  | { readonly kind: "http"; readonly className: string };

/** An authority that speaks ACME. */
export interface AcmeAuthority {
  /** Identity that writes the zone's records: service account `cert-manager` in `cert-manager`. @default none, for HTTP */
  readonly identity?: WorkloadIdentity;
  readonly solver: AcmeSolver;
  /** `https://` address of the authority. */
  readonly directory: string;
  /** Who hears from the authority. */
  readonly email: string;
}

export interface CertManagerProps {
  readonly cluster: ClusterAccess;
  /** The authority that signs for the site. @default none, and cert-manager signs for programs of the cluster alone */
  readonly acme?: AcmeAuthority;
  /** What watches it, and tells of certificates that are not renewed. @default nothing */
  readonly monitoring?: PrometheusOperator;
  /** Host name that certificates of the authority may be had for. */
  readonly domain: string;
  /** Mirror of upstream charts, as in `ChartReleaseProps`. */
  readonly chartRegistry?: string;
  /** What must exist first beside the cluster: nodes, and where it is watched, the definitions of Prometheus' monitors. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * cert-manager, and where an authority signs for the site, a ClusterIssuer for its domain.
 *
 * The definitions of its custom resources stay when the release goes: with them every certificate would go.
 */
export class CertManager extends Construct {
  readonly issuerName = "acme";
  /** What a release that carries a Certificate depends on. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: CertManagerProps) {
    super(scope, id);
    const { cluster, acme, monitoring, domain, chartRegistry } = props;
    const namespace = new PlatformNamespace(this, "namespace", {
      name: CertManager.account.namespace,
      // Accounts and certificates are had anew.
      protection: "disposable",
      dependsOn: cluster.ready,
    });
    // Those of the chart leave out the Job that asks whether the webhook answers.
    const network = new ControllerNetwork(this, "network", {
      namespace: namespace.namespaceName,
      webhookPorts: [10250],
      calls: challengedNamespaces(acme?.solver),
      dependsOn: namespace.ready,
    });
    const controller = new ChartRelease(this, "controller", {
      chart: CHARTS.certManager,
      chartRegistry,
      namespace: namespace.namespaceName,
      values: certManagerValues(monitoring),
      timeout: 600,
      dependsOn: [...cluster.ready, ...(acme?.identity?.ready ?? []), ...network.ready, ...props.dependsOn],
    });
    if (acme === undefined) {
      this.ready = [controller.release];
      return;
    }
    const { directory, email, solver } = acme;
    const issuer = new ChartRelease(this, "issuer", {
      chart: { local: "acme-issuer" },
      namespace: namespace.namespaceName,
      values: { name: this.issuerName, directory, email, domain, solver },
      timeout: 300,
      dependsOn: [controller.release],
    });
    this.ready = [controller.release, issuer.release];
  }

  /** The service account that an identity for a zone's records is given to. */
  static readonly account = { namespace: CERT_MANAGER_NAMESPACE, serviceAccountName: "cert-manager" } as const;
}

/**
 * Before it asks the authority, cert-manager asks for the answer itself. On GKE the address of a Service leads straight to
 * its pods, to which neither the port of the Service nor a network applies.
 */
function challengedNamespaces(solver: AcmeSolver | undefined): string[] {
  if (solver?.kind !== "http") return [];
  return Object.entries(INGRESS_CONTROLLER_PODS)
    .filter(([className]) => className === solver.className)
    .map(([, { namespace }]) => namespace);
}

function certManagerValues(monitoring: PrometheusOperator | undefined) {
  const each = {
    replicaCount: 2,
    podDisruptionBudget: { enabled: true, minAvailable: 1 },
    // It lets everybody ask for metrics.
    networkPolicy: { enabled: true },
    resources: { requests: { cpu: "25m", memory: "96Mi" }, limits: { memory: "384Mi" } },
  };
  return {
    ...each,
    crds: { enabled: true, keep: true },
    global: { leaderElection: { namespace: CertManager.account.namespace } },
    serviceAccount: { name: CertManager.account.serviceAccountName },
    webhook: each,
    cainjector: each,
    // Of a certificate's figures, "namespace" is its own.
    ...(monitoring && {
      prometheus: { podmonitor: { enabled: true, honorLabels: true, labels: { ...monitoring.labels } } },
    }),
  };
}
