/**
 * The one place where versions live. Sources and how each was checked: `docs/versions.md`.
 */

/** Exact provider versions: those that the pinned bindings were generated from. */
export const PROVIDERS = {
  aws: { source: "registry.terraform.io/hashicorp/aws", version: "6.25.0" },
  google: { source: "registry.terraform.io/hashicorp/google", version: "6.50.0" },
  kubernetes: { source: "registry.terraform.io/hashicorp/kubernetes", version: "2.38.0" },
  helm: { source: "registry.terraform.io/hashicorp/helm", version: "3.1.1" },
  random: { source: "registry.terraform.io/hashicorp/random", version: "3.7.2" },
} as const;

/** Terraform itself: write-only arguments and ephemeral resources need 1.11. */
export const TERRAFORM = ">= 1.11.0";

/** Kubernetes minor version of EKS and GKE. */
export const KUBERNETES = "1.35";

/** Versions of ElastiCache's engines. */
export const REDIS_ENGINES = { valkey: "8.0", redis: "7.1" } as const;

/** Release of Bottlerocket, the operating system of the nodes that Karpenter makes. */
export const BOTTLEROCKET = "1.64.0";

/** An upstream Helm chart. */
export interface UpstreamChart {
  /** `https://` or `oci://` address of its repository. */
  readonly repository: string;
  readonly name: string;
  readonly version: string;
}

/** Upstream charts, each pinned. */
export const CHARTS = {
  awsLoadBalancerController: {
    repository: "https://aws.github.io/eks-charts",
    name: "aws-load-balancer-controller",
    version: "3.5.0",
  },
  externalSecrets: {
    repository: "https://charts.external-secrets.io",
    name: "external-secrets",
    version: "2.9.0",
  },
  fluentBit: { repository: "https://fluent.github.io/helm-charts", name: "fluent-bit", version: "0.58.1" },
  karpenter: { repository: "oci://public.ecr.aws/karpenter", name: "karpenter", version: "1.14.1" },
  knativeOperator: {
    repository: "https://knative.github.io/operator",
    name: "knative-operator",
    version: "v1.23.0",
  },
  karpenterCrd: { repository: "oci://public.ecr.aws/karpenter", name: "karpenter-crd", version: "1.14.1" },
  traefik: { repository: "https://traefik.github.io/charts", name: "traefik", version: "41.3.0" },
  nginxIngress: { repository: "oci://ghcr.io/nginx/charts", name: "nginx-ingress", version: "2.6.4" },
  contour: { repository: "https://projectcontour.github.io/helm-charts", name: "contour", version: "0.7.0" },
  istioBase: { repository: "https://istio-release.storage.googleapis.com/charts", name: "base", version: "1.30.3" },
  istiod: { repository: "https://istio-release.storage.googleapis.com/charts", name: "istiod", version: "1.30.3" },
  istioGateway: {
    repository: "https://istio-release.storage.googleapis.com/charts",
    name: "gateway",
    version: "1.30.3",
  },
  certManager: { repository: "oci://quay.io/jetstack/charts", name: "cert-manager", version: "v1.21.1" },
  keda: { repository: "https://kedacore.github.io/charts", name: "keda", version: "2.20.2" },
  kserveCrd: { repository: "oci://ghcr.io/kserve/charts", name: "kserve-crd", version: "v0.20.0" },
  kserveResources: { repository: "oci://ghcr.io/kserve/charts", name: "kserve-resources", version: "v0.20.0" },
  kserveRuntimeConfigs: {
    repository: "oci://ghcr.io/kserve/charts",
    name: "kserve-runtime-configs",
    version: "v0.20.0",
  },
  kubePrometheusStack: {
    repository: "https://prometheus-community.github.io/helm-charts",
    name: "kube-prometheus-stack",
    version: "88.5.3",
  },
  prometheusOperatorCrds: {
    repository: "https://prometheus-community.github.io/helm-charts",
    name: "prometheus-operator-crds",
    version: "31.0.1",
  },
} as const satisfies Record<string, UpstreamChart>;

/** Knative Serving and Eventing, both of which its operator of the same minor version installs. */
export const KNATIVE = "1.23.0";

/** Images of other projects that this package's charts run; their values have the same. */
export const UPSTREAM_IMAGES = {
  kubectl: { repository: "registry.k8s.io/kubectl", tag: "v1.35.4" },
  clamav: { repository: "docker.io/clamav/clamav-debian", tag: "1.5.3_base" },
  // The servers on which drills restore: none older than those of the sites.
  postgresql: { repository: "docker.io/library/postgres", tag: "17.11-trixie" },
  mysql: { repository: "docker.io/library/mysql", tag: "8.4.11-oraclelinux9" },
  mariadb: { repository: "docker.io/library/mariadb", tag: "11.4.12-noble" },
  // Of KServe's own version.
  storageInitializer: { repository: "docker.io/kserve/storage-initializer", tag: "v0.20.0" },
  nginxPrometheusExporter: { repository: "docker.io/nginx/nginx-prometheus-exporter", tag: "1.5.3" },
} as const;

/** Tag of the platform's own images where an environment names none: this package's version. */
export const IMAGE_TAG = "0.1.0";
