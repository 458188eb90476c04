/** Ports as AWS and Google Cloud fill them, with nothing behind them: what workloads are tested on. */
import type {
  ClusterAccess,
  DatabaseEndpoint,
  IngressControllerRoute,
  ObjectStore,
  RedisEndpoint,
  SecretRef,
  SharedFileSystem,
  SiteRoute,
  WorkloadIdentity,
} from "../../constructs/ports";
import type { AcmeSolver } from "../../constructs/workloads/cert-manager";
import type { IngressEdge, SiteController } from "../../constructs/workloads/ingress";
import type { MoodleSite } from "../../constructs/workloads/moodle-values";

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

export const cluster: ClusterAccess = {
  clusterName: "moodle-staging-1",
  host: "https://cluster.example.edu",
  exec: { apiVersion: "client.authentication.k8s.io/v1beta1", command: "aws", args: ["eks", "get-token"] },
  ready: [],
  identityEndpoints: [{ cidr: "169.254.170.23/32", port: 80 }],
};

export const identity = (namespace: string): WorkloadIdentity => ({
  namespace,
  serviceAccountName: "moodle",
  ready: [],
});

export const secret = (name: string, store: SecretRef["store"] = "aws-secrets-manager"): SecretRef => ({
  store,
  name: `moodle-staging-1/${name}`,
});

export function database(
  engine: DatabaseEndpoint["engine"],
  store?: SecretRef["store"],
  readerHosts: readonly string[] = [],
): DatabaseEndpoint {
  return {
    engine,
    host: "database.example.edu",
    port: engine === "postgresql" ? 5432 : 3306,
    databaseName: "moodle",
    readerHosts,
    caCertificates: CERTIFICATE,
    cidrs: ["10.20.96.0/24", "10.20.97.0/24"],
    administrator: {
      kind: "rds-managed-secret",
      secretArn: "arn:aws:secretsmanager:::secret:m",
      region: "eu-central-1",
    },
    secrets: {
      application: secret("database-application", store),
      backup: secret("database-backup", store),
      reader: secret("database-reader", store),
    },
    ready: [],
  };
}

export const redis = (name: string, store?: SecretRef["store"], caCertificates?: string): RedisEndpoint => ({
  host: `${name}.example.edu`,
  port: 6379,
  caCertificates,
  cidrs: ["10.20.96.0/24", "10.20.97.0/24"],
  secret: secret(`redis-${name}`, store),
  ready: [],
});

export const s3: ObjectStore = { kind: "s3", bucketName: "moodle-staging-1-files", region: "eu-central-1", ready: [] };

export const gcs: ObjectStore = {
  kind: "gcs",
  bucketName: "moodle-staging-1-files",
  region: "europe-west3",
  endpoint: "https://storage.googleapis.com",
  secret: secret("object-store", "google-secret-manager"),
  ready: [],
};

export const efs: SharedFileSystem = {
  csiDriver: "efs.csi.aws.com",
  volumeHandle: "fs-0123456789abcdef0::fsap-0123456789abcdef0",
  volumeAttributes: {},
  mountOptions: ["tls"],
  capacityGb: 100,
  ready: [],
};

export const filestore: SharedFileSystem = {
  csiDriver: "filestore.csi.storage.gke.io",
  volumeHandle: "modeInstance/europe-west3/moodle-staging-1-files/moodle",
  volumeAttributes: { ip: "10.37.1.2", volume: "moodle" },
  mountOptions: ["hard", "timeo=600", "retrans=3"],
  capacityGb: 1024,
  ready: [],
};

export const targetGroup: Extract<SiteRoute, { kind: "target-group" }> = {
  kind: "target-group",
  targetGroupArn:
    "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/moodle-staging-1/0123456789abcdef",
  proxyCidrs: ["10.20.0.0/24", "10.20.1.0/24"],
};

export const httpRoute: Extract<SiteRoute, { kind: "http-route" }> = {
  kind: "http-route",
  gatewayName: "edge",
  gatewayNamespace: "moodle",
  sectionName: "https",
  proxyCidrs: ["35.191.0.0/16", "130.211.0.0/22"],
  gke: { securityPolicyName: "moodle-staging-1" },
};

export const ingress: Extract<SiteRoute, { kind: "ingress" }> = {
  kind: "ingress",
  className: "traefik",
  annotations: { "traefik.ingress.kubernetes.io/router.entrypoints": "websecure" },
  tlsSecretName: "site-certificate",
  controllerNamespace: "traefik",
};

/** Where requests enter, on each cloud. */
export const albEdge = {
  kind: "alb",
  vpcId: "vpc-0123456789abcdef0",
  region: "eu-central-1",
  route: targetGroup,
  controllerIdentity: { ...identity("kube-system"), serviceAccountName: "aws-load-balancer-controller" },
} as const satisfies IngressEdge;

export const gatewayEdge = {
  kind: "gateway",
  route: httpRoute,
  frontEnd: { addressName: "address", certificateMapName: "certificates", sslPolicyName: "tls", ready: [] },
} as const satisfies IngressEdge;

export const nlbEdge = {
  kind: "nlb",
  vpcId: "vpc-0123456789abcdef0",
  region: "eu-central-1",
  httpTargetGroupArn: `${targetGroup.targetGroupArn}0`,
  httpsTargetGroupArn: `${targetGroup.targetGroupArn}1`,
  sourceCidrs: ["0.0.0.0/0"],
  controllerIdentity: albEdge.controllerIdentity,
} as const satisfies IngressEdge;

export const addressEdge = {
  kind: "address",
  address: "192.0.2.10",
  sourceCidrs: ["0.0.0.0/0"],
  ready: [],
} as const satisfies IngressEdge;

/** An ingress controller, and certificates for where TLS ends there. */
export const siteController = (kind: SiteController["kind"], solver?: AcmeSolver): SiteController => ({
  kind,
  loginRequestsPerMinute: 600,
  acme: solver && {
    solver,
    directory: "https://acme.example.edu/directory",
    email: "admin@example.edu",
    identity: { ...identity("cert-manager"), serviceAccountName: "cert-manager" },
  },
});

/** The site's route behind an ingress controller, which ends TLS or not. */
export const controllerRoute = (
  kind: IngressControllerRoute["kind"],
  certificate?: IngressControllerRoute["certificate"],
): IngressControllerRoute => ({
  kind,
  className: kind,
  controllerNamespace: kind,
  podCidrs: ["10.20.0.0/16"],
  edgeCidrs: certificate === undefined ? targetGroup.proxyCidrs : [],
  certificate,
  loginRequestsPerMinute: 600,
});

/** A site on AWS, with a bucket and a read replica. */
export const site = (namespace: string) =>
  ({
    cluster,
    identity: identity(namespace),
    database: database("postgresql", undefined, ["reader.example.edu"]),
    redis: { sessions: redis("sessions"), cache: redis("cache") },
    objectStore: s3,
    files: efs,
    route: targetGroup,
    domain: "moodle.example.edu",
    siteName: "Example University",
    adminEmail: "admin@example.edu",
    administratorSecret: secret("administrator"),
    image: "registry.example.edu/moodle:0.1.0",
  }) satisfies MoodleSite & { files: SharedFileSystem };
