/**
 * What workloads need from a cloud, and nothing more: types only, so that a workload never imports a provider of a
 * cloud, and whoever brings a cluster or a database of their own fills in these few fields.
 */
import type { ITerraformDependable } from "cdktf";

/** A secret by its name in a store. Only the name travels through Terraform; pods get the value from the store. */
export interface SecretRef {
  readonly store: "aws-secrets-manager" | "google-secret-manager" | "vault";
  /** Name in the store; the value is one JSON object. */
  readonly name: string;
}

/** Where the store that a secret names is, and how the identity of a pod opens it. */
export type SecretStore =
  | { readonly store: "aws-secrets-manager"; readonly region: string }
  | { readonly store: "google-secret-manager"; readonly project: string }
  | {
      readonly store: "vault";
      /** `https://` address. */
      readonly address: string;
      /** Mount of the KV engine, version 2. */
      readonly mount: string;
      /** Mount of the Kubernetes authentication method for this cluster. */
      readonly authMount: string;
      readonly role: string;
      /** PEM of the authority that signs Vault's certificate; absent where a public one does. */
      readonly caCertificates?: string;
      /** Network in which Vault lives. */
      readonly cidr: string;
    };

/** A program's identity in the cloud: the service account under which its pods run. */
export interface WorkloadIdentity {
  readonly namespace: string;
  readonly serviceAccountName: string;
  /** What a pod must wait for before it can use the identity. */
  readonly ready: readonly ITerraformDependable[];
}

/** A network destination, for NetworkPolicies. */
export interface NetworkPeer {
  readonly cidr: string;
  readonly port: number;
}

/** Which nodes a pod goes to, in the words of a pod's specification. */
export interface NodePlacement {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly {
    readonly key: string;
    readonly operator: "Exists";
    readonly effect?: "NoSchedule" | "NoExecute";
  }[];
}

/** How to reach a cluster's API server, and what must exist before anything can run in it. */
export interface ClusterAccess {
  readonly clusterName: string;
  /** URL of the API server, straight from the cluster resource. */
  readonly host: string;
  /** PEM; absent where the endpoint is signed by a public authority. */
  readonly caCertificate?: string;
  /** Credential plugin. A token would be written to state, and would make the first plan fail. */
  readonly exec: { readonly apiVersion: string; readonly command: string; readonly args: readonly string[] };
  /** The deployer's access, the system nodes and the network add-on: every in-cluster resource depends on these. */
  readonly ready: readonly ITerraformDependable[];
  /** Where pods fetch the credentials of their identity. */
  readonly identityEndpoints: readonly NetworkPeer[];
  /** Storage class of a disk for one pod. @default the cluster's default class */
  readonly volumeClassName?: string;
  /** Nodes for the cluster's own programs. @default any node */
  readonly systemNodes?: NodePlacement;
}

/** How the database-roles Job gets to act as administrator. No password passes through Terraform. */
export type DatabaseAdministrator =
  | { readonly kind: "rds-managed-secret"; readonly secretArn: string; readonly region: string }
  | {
      readonly kind: "rds-reset-password";
      readonly instanceIdentifier: string;
      readonly username: string;
      readonly region: string;
    }
  | { readonly kind: "cloud-sql-user"; readonly project: string; readonly instance: string; readonly username: string };

/** The three roles that the database-roles Job makes. Each secret holds `username` and `password`. */
export interface DatabaseSecrets {
  /** Owner of Moodle's schema. */
  readonly application: SecretRef;
  /** Reads everything, writes nothing: for dumps. */
  readonly backup: SecretRef;
  /** Reads from the replicas on Moodle's behalf. */
  readonly reader: SecretRef;
}

/** How programs reach the database, and under which secrets its roles have their passwords. */
export interface DatabaseEndpoint {
  readonly engine: "postgresql" | "mysql" | "mariadb";
  readonly host: string;
  readonly port: number;
  readonly databaseName: string;
  /** Hosts of read replicas; empty where there are none. */
  readonly readerHosts: readonly string[];
  /** Rows that Moodle fetches at a time; 0 behind a transaction pooler, where no cursor lasts. @default Moodle's own */
  readonly fetchBuffer?: number;
  /** PEM of the authorities that sign the server's certificate. */
  readonly caCertificates: string;
  /** Networks in which the hosts live. */
  readonly cidrs: readonly string[];
  readonly administrator: DatabaseAdministrator;
  readonly secrets: DatabaseSecrets;
  readonly ready: readonly ITerraformDependable[];
}

/** A database of which the cloud can make snapshots of its own. */
export type CloudSnapshotSource =
  | { readonly kind: "rds" | "rds-cluster"; readonly identifier: string; readonly region: string }
  | { readonly kind: "cloud-sql"; readonly project: string; readonly instance: string };

/** How programs reach one group of Redis nodes: by TLS and with a password. */
export interface RedisEndpoint {
  readonly host: string;
  readonly port: number;
  /** PEM of the authority that signs the server's certificate; absent where a public one does. */
  readonly caCertificates?: string;
  readonly cidrs: readonly string[];
  /** Holds `password`. */
  readonly secret: SecretRef;
  readonly ready: readonly ITerraformDependable[];
}

/** Sessions must never be evicted, caches must: two groups, unless a disposable site shares one. */
export interface RedisEndpoints {
  readonly sessions: RedisEndpoint;
  readonly cache: RedisEndpoint;
}

/** A bucket, and how its S3 interface is used. */
export interface ObjectStore {
  readonly kind: "s3" | "gcs";
  readonly bucketName: string;
  readonly region: string;
  /** URL of the S3 interface, where it is not AWS's own. */
  readonly endpoint?: string;
  /** First part of every key, ending in `/`, where several sites share the bucket. @default none */
  readonly keyPrefix?: string;
  /** Holds `accessKeyId` and `secretAccessKey`; absent where the pod's identity is enough. */
  readonly secret?: SecretRef;
  readonly ready: readonly ITerraformDependable[];
}

/** A volume that many pods write, as a CSI driver names it. */
export interface SharedFileSystem {
  readonly csiDriver: string;
  readonly volumeHandle: string;
  readonly volumeAttributes: Readonly<Record<string, string>>;
  readonly mountOptions: readonly string[];
  /** GiB. Elastic file systems take the figure as a formality. */
  readonly capacityGb: number;
  readonly ready: readonly ITerraformDependable[];
}

/** How a request from outside reaches a Service: what the Moodle chart must render. */
export type SiteRoute =
  | {
      readonly kind: "target-group";
      readonly targetGroupArn: string;
      /** Subnets of the load balancer, for NetworkPolicies and `X-Forwarded-For`. */
      readonly proxyCidrs: readonly string[];
    }
  | {
      readonly kind: "http-route";
      readonly gatewayName: string;
      readonly gatewayNamespace: string;
      /** The listener that serves the site; another one only redirects to it. */
      readonly sectionName: string;
      /** Where the proxies and health checks of the load balancer come from, for NetworkPolicies and `X-Forwarded-For`. */
      readonly proxyCidrs: readonly string[];
      /**
       * Present where the gateway is GKE's: the site's chart then attaches the health check and the one backend policy
       * (timeouts, draining, Cloud Armor) that its Service may have.
       */
      readonly gke?: { readonly securityPolicyName?: string };
    }
  | {
      readonly kind: "ingress";
      readonly className: string;
      readonly annotations?: Readonly<Record<string, string>>;
      /** Secret with the site's certificate. @default the controller's default certificate */
      readonly tlsSecretName?: string;
      /** Namespace of the ingress controller, for NetworkPolicies. */
      readonly controllerNamespace: string;
    }
  | {
      /** Knative's gateway, which knows the site's Service by its host name: nothing is left for the site's chart to render. */
      readonly kind: "knative";
      /** Networks of the pods, and of a load balancer that reads requests, of which `X-Forwarded-For` is believed. */
      readonly proxyCidrs: readonly string[];
    }
  | IngressControllerRoute;

/** An ingress controller of this platform: the site's chart speaks to it in the controller's own resources. */
export interface IngressControllerRoute {
  readonly kind: "nginx" | "traefik" | "contour" | "istio";
  /** Class that its resources name; Istio has none. */
  readonly className: string;
  /** Where its pods are, for NetworkPolicies. */
  readonly controllerNamespace: string;
  /** Networks of the pods, of which the controller's `X-Forwarded-For` is believed. */
  readonly podCidrs: readonly string[];
  /** Networks of the load balancer before the controller, which are not the visitors'. */
  readonly edgeCidrs: readonly string[];
  /** Where TLS ends at the controller: the ClusterIssuer of the site's certificate, and how it is asked. @default before */
  readonly certificate?: { readonly issuerName: string; readonly challenge: "dns-01" | "http-01" };
  /** From one address with nginx and traefik; altogether for each gateway pod with contour and istio. */
  readonly loginRequestsPerMinute: number;
}

/** How requests reach an ingress controller from outside. The load balancer belongs to Terraform. */
export type ControllerEntrance = {
  /** Where connections and health checks come from, as pods see it. */
  readonly sourceCidrs: readonly string[];
  /** Networks of a load balancer that reads requests, whose `X-Forwarded-For` is believed; none where TLS ends here. */
  readonly proxyCidrs: readonly string[];
} & (
  | {
      /** Target groups that the AWS Load Balancer Controller fills: an ALB's for HTTP, or an NLB's for HTTP and HTTPS. */
      readonly kind: "target-groups";
      readonly httpTargetGroupArn: string;
      readonly httpsTargetGroupArn?: string;
    }
  | {
      /** A Gateway of Google Cloud, in the controller's namespace. */
      readonly kind: "gateway";
      readonly gatewayName: string;
      readonly sectionName: string;
      readonly securityPolicyName?: string;
    }
  | {
      /** A reserved regional address of Google Cloud, which the controller's own Service takes. */
      readonly kind: "address";
      readonly address: string;
    }
);

/** Knative Serving, as what runs on it needs to know it. */
export interface KnativeServing {
  /** Namespace of its control plane; from there the activator asks a Service's pods as well. */
  readonly namespace: string;
  /** What carries requests to Services. */
  readonly ingress: "kourier" | "contour" | "istio";
  /** Value of the annotation `networking.knative.dev/ingress.class`, which is the default of every Service. */
  readonly ingressClass: string;
  /** Where requests from outside enter: they reach Services that are labelled public, by their host name. */
  readonly gateway: ServiceAddress;
  /** Whether the gateway answers requests over HTTP with a redirect alone. @default false */
  readonly redirectsToHttps?: boolean;
  /** Seconds that a request may take in all, with the upload of its body. @default 600, which is Knative's own limit */
  readonly requestSeconds?: number;
  /** Where requests from the cluster enter: `http://<service>.<namespace>.svc.cluster.local`. */
  readonly localGateway: ServiceAddress;
  /** What a release with a Knative resource depends on: the definitions are served, and the controllers answer. */
  readonly ready: readonly ITerraformDependable[];
}

/** A Service of Kubernetes. */
export interface ServiceAddress {
  readonly namespace: string;
  readonly serviceName: string;
  /** Port of the Service, for HTTP. */
  readonly port: number;
}

/** A global load balancer of Google Cloud in its parts, which `charts/gateway` binds together as a Gateway. */
export interface GatewayFrontEnd {
  /** Names of resources in the cluster's project. */
  readonly addressName: string;
  readonly certificateMapName: string;
  readonly sslPolicyName: string;
  readonly ready: readonly ITerraformDependable[];
}

/** A Prometheus Operator and a Grafana, as what is watched needs to know them. */
export interface PrometheusOperator {
  /** Namespace of Prometheus, which alone may read metrics. */
  readonly namespace: string;
  /** Labels by which Prometheus finds what it scrapes and its rules. @default none, it takes all */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Where alerts go. */
export type AlertReceiver =
  | {
      readonly kind: "sns";
      readonly topicArn: string;
      /** Topic that hears every few minutes that alerts arrive, for what rings once it hears nothing. @default none */
      readonly heartbeatTopicArn?: string;
      readonly region: string;
      /** That of Alertmanager: it may publish to the topics. */
      readonly identity: WorkloadIdentity;
    }
  | {
      readonly kind: "email";
      readonly address: string;
      /** Sender. */
      readonly from: string;
      /** Host and port of the relay. */
      readonly host: string;
      readonly port: number;
      /** TLS from the first byte, or asked for by STARTTLS; never without. */
      readonly security: "tls" | "starttls";
      /** Holds `username` and `password`. @default none, the relay knows the cluster by its address */
      readonly secret?: SecretRef;
    }
  | {
      readonly kind: "pagerduty" | "slack" | "webhook";
      /** Holds `credential`: PagerDuty's integration key (Events API v2), or the URL of the webhook. */
      readonly secret: SecretRef;
    };

/** Where the logs of containers go, where the cluster does not see to it by itself. */
export interface LogDestination {
  readonly kind: "cloudwatch";
  readonly logGroupName: string;
  readonly region: string;
  /** That of the agents on the nodes: it may write to the log group. Its namespace is theirs alone. */
  readonly identity: WorkloadIdentity;
}
