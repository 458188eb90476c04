import type {
  ClusterAccess,
  DatabaseEndpoint,
  KnativeServing,
  NetworkPeer,
  NodePlacement,
  ObjectStore,
  PrometheusOperator,
  RedisEndpoint,
  RedisEndpoints,
  SecretRef,
  SiteRoute,
  WorkloadIdentity,
} from "../ports";
import { ExternalSecrets } from "./external-secrets";
import { fpmChildren, fpmResources, WEB_POD_OVERHEAD } from "./fpm-children";

/** A Moodle site, and what it stands on. */
export interface MoodleSite {
  readonly cluster: ClusterAccess;
  /** Identity of all pods of the site; its namespace is the site's. */
  readonly identity: WorkloadIdentity;
  readonly database: DatabaseEndpoint;
  readonly redis: RedisEndpoints;
  /** The bucket into which ObjectFS moves files. @default none, files stay on the shared file system */
  readonly objectStore?: ObjectStore;
  readonly route: SiteRoute;
  /** Host name of the site. */
  readonly domain: string;
  /** Full name of the site. */
  readonly siteName: string;
  /** @default Moodle */
  readonly shortName?: string;
  /** Address of the first administrator, whose name is `admin`. */
  readonly adminEmail: string;
  /** Holds `adminPassword`, which the installation gives to the first administrator. */
  readonly administratorSecret: SecretRef;
  /** Moodle's code of the default language. @default en */
  readonly language?: string;
  /** Largest upload, in MiB. @default 256 */
  readonly maxUploadMb?: number;
  /** Reference of the image, by digest or tag. */
  readonly image: string;
  /** The pods that answer requests. @default 2 to 10 of 2 processors and 3072 MiB */
  readonly web?: WebSizing;
  /**
   * Knative, where the web pods are a Service of it that scales to zero. What stands before the site then sends requests to
   * its gateway. @default none, a Deployment
   */
  readonly knative?: KnativeServing;
  /** The workers that run scheduled tasks. @default 2 of 1024 MiB */
  readonly cron?: CronSizing;
  /** The workers that run ad-hoc tasks; with 0 of them, the others run these too. @default 1 of 1024 MiB */
  readonly adhoc?: WorkerSizing;
  /** The relay that takes outgoing mail. @default none, the site sends no mail */
  readonly mail?: MailRelay;
  /** Whether every upload is scanned, by a ClamAV of the site's own. @default false */
  readonly antivirus?: boolean;
  /** The model that Moodle's AI subsystem asks; for Moodle 4.5. @default none, administrators may set up providers */
  readonly ai?: AiModel;
  /** The server that Moodle's analytics ask. @default none, and Moodle predicts by itself */
  readonly analytics?: AnalyticsBackend;
  /**
   * Hosts and networks to which no address that a user enters may lead. Moodle's own list holds every private network,
   * and with it a model in the cluster: `blockedHosts` leaves a network out.
   * @default Moodle's own list, which administrators may change
   */
  readonly blockedHosts?: readonly string[];
  /** What watches the site: it is scraped, and alert rules and a dashboard come with it. @default nothing */
  readonly monitoring?: PrometheusOperator;
  /** Which nodes the pods go to. @default any */
  readonly placement?: NodePlacement;
}

export interface WebSizing {
  /** 0 with Knative alone. */
  readonly minReplicas: number;
  /** Where it equals `minReplicas`, nothing scales. */
  readonly maxReplicas: number;
  /** Processors of one pod; 0.5 or more. */
  readonly cpu: number;
  /** Memory of one pod, in MiB; 1024 or more. */
  readonly memoryMb: number;
  /** Scaling by PHP-FPM's busy workers, through KEDA, which the cluster must have. @default by processors alone */
  readonly autoscaling?: BusyWorkersScaling;
}

export interface BusyWorkersScaling {
  /** Share of busy workers that scaling aims at, in percent. */
  readonly busyWorkersPercent: number;
  /** URL of the Prometheus that scrapes the site. */
  readonly prometheusAddress: string;
}

/** A model of a server that speaks as OpenAI's do. */
export interface AiModel {
  /** Address of the server, and path before `/chat/completions`. */
  readonly endpoint: string;
  /** Name of the model there. */
  readonly model: string;
  /** Requests of one user an hour. @default no limit */
  readonly requestsPerUser?: number;
  /** Requests of all users an hour. @default no limit */
  readonly requests?: number;
  /** Pods of the server, or of what stands before it. @default none, the server is outside and speaks HTTPS */
  readonly pods?: ServerPods;
}

/** A server of moodlemlbackend. */
export interface AnalyticsBackend {
  readonly host: string;
  readonly port: number;
  /** Holds `username` and `password`. */
  readonly secret: SecretRef;
  readonly pods: ServerPods;
}

/** Pods that a NetworkPolicy lets Moodle reach. */
export interface ServerPods {
  readonly namespace: string;
  /** @default all of the namespace */
  readonly podLabels?: Readonly<Record<string, string>>;
  /** @default any */
  readonly port?: number;
}

export interface MailRelay {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte, or asked for by STARTTLS; never without. */
  readonly security: "tls" | "starttls";
  /** Sender of what nobody should answer. */
  readonly noReplyAddress: string;
  /** Holds `username` and `password`. @default none, the relay knows the site by its address */
  readonly secret?: SecretRef;
}

/** Workers that wait for scheduled tasks; or a Job every minute, by a CronJob or by an event of Knative Eventing. */
export type CronTrigger = "workers" | "cron-job" | "ping-source";

export interface CronSizing extends WorkerSizing {
  /** @default "workers" */
  readonly trigger?: CronTrigger;
}

export interface WorkerSizing {
  readonly replicas: number;
  /** Memory of one worker, in MiB. */
  readonly memoryMb: number;
}

/** The volume under the site's claim. */
export interface SiteVolume {
  readonly name: string;
  readonly capacityGb: number;
  /** Whether the claim outlives the release. */
  readonly retain: boolean;
}

const DATABASE_TYPES = { postgresql: "pgsql", mysql: "mysqli", mariadb: "mariadb" } as const;

/** The values of `charts/moodle`, whoever releases it. */
export function moodleValues(site: MoodleSite, volume: SiteVolume) {
  const { cluster, identity, database, redis, objectStore, route } = site;
  return {
    image: imageValues(site.image),
    site: {
      domain: site.domain,
      name: site.siteName,
      shortName: site.shortName,
      adminEmail: site.adminEmail,
      administratorSecret: secretValues(site.administratorSecret),
      language: site.language,
    },
    php: { maxUploadMb: site.maxUploadMb },
    web: site.web && webValues(site.web, site.knative),
    cron: site.cron && { trigger: site.cron.trigger, ...workerValues(site.cron) },
    adhoc: site.adhoc && workerValues(site.adhoc),
    mail: site.mail && { ...site.mail, secret: site.mail.secret && secretValues(site.mail.secret) },
    ai: site.ai,
    analytics: site.analytics && { ...site.analytics, secret: secretValues(site.analytics.secret) },
    blockedHosts: site.blockedHosts,
    antivirus: { enabled: site.antivirus, storageClassName: cluster.volumeClassName },
    monitoring: site.monitoring,
    database: {
      type: DATABASE_TYPES[database.engine],
      host: database.host,
      port: database.port,
      name: database.databaseName,
      fetchBuffer: database.fetchBuffer,
      certificates: database.caCertificates,
      secret: secretValues(database.secrets.application),
      ...(database.readerHosts.length === 0
        ? {}
        : { readerHosts: database.readerHosts, readerSecret: secretValues(database.secrets.reader) }),
    },
    redis: { sessions: redisValues(redis.sessions), cache: redisValues(redis.cache) },
    objectStore: objectStore && {
      kind: objectStore.kind,
      bucket: objectStore.bucketName,
      keyPrefix: objectStore.keyPrefix,
      region: objectStore.region,
      endpoint: objectStore.endpoint,
      secret: objectStore.secret && secretValues(objectStore.secret),
    },
    files: {
      volumeName: volume.name,
      // A class of this one volume: no other claim can ask for it.
      storageClassName: volume.name,
      capacityGb: volume.capacityGb,
      retain: volume.retain,
    },
    ...routeValues(route, distinct([...cluster.identityEndpoints, ...dataPeers(database, redis)])),
    serviceAccount: { name: identity.serviceAccountName },
    ...site.placement,
  };
}

function imageValues(reference: string) {
  const digestAt = reference.indexOf("@");
  if (digestAt >= 0) return { repository: reference.slice(0, digestAt), digest: reference.slice(digestAt + 1) };
  const tagAt = reference.lastIndexOf(":");
  return { repository: reference.slice(0, tagAt), tag: reference.slice(tagAt + 1) };
}

function webValues({ minReplicas, maxReplicas, autoscaling, ...pod }: WebSizing, knative?: KnativeServing) {
  const { nginx } = WEB_POD_OVERHEAD;
  const { cpu, memoryMb } = fpmResources(pod);
  return {
    minReplicas,
    maxReplicas,
    autoscaling,
    knative: knative && {
      concurrency: fpmChildren({ cpu, memoryMb }),
      namespace: knative.namespace,
      gateway: knative.gateway,
      redirectsToHttps: knative.redirectsToHttps,
      requestSeconds: knative.requestSeconds,
    },
    nginx: { resources: { requests: { cpu: `${nginx.milliCpu}m`, memory: `${nginx.memoryMb}Mi` } } },
    phpFpm: {
      resources: {
        requests: { cpu: `${Math.round(cpu * 1000)}m`, memory: `${memoryMb}Mi` },
        limits: { memory: `${memoryMb}Mi` },
      },
    },
  };
}

function workerValues({ replicas, memoryMb }: WorkerSizing) {
  const memory = `${memoryMb}Mi`;
  return { replicas, resources: { requests: { memory }, limits: { memory } } };
}

function redisValues({ host, port, caCertificates, secret }: RedisEndpoint) {
  return { host, port, certificates: caCertificates, secret: secretValues(secret) };
}

/** A secret as the charts of this package name it. */
export function secretValues({ store, name }: SecretRef) {
  return { store: { kind: "SecretStore", name: ExternalSecrets.storeName(store) }, key: name };
}

function routeValues(route: SiteRoute, egress: readonly NetworkPeer[]) {
  switch (route.kind) {
    case "ingress": {
      const { controllerNamespace, ...ingress } = route;
      return { route: ingress, networkPolicy: { ingress: { namespaces: [controllerNamespace] }, egress } };
    }
    case "knative":
      return {
        route: { kind: "none" },
        networkPolicy: { ingress: { proxies: route.proxyCidrs }, egress },
      };
    case "nginx":
    case "traefik":
    case "contour":
    case "istio": {
      const { podCidrs, ...rest } = route;
      const ingress = { namespaces: [route.controllerNamespace], proxies: [...podCidrs, ...route.edgeCidrs] };
      return { route: rest, networkPolicy: { ingress, egress } };
    }
    case "target-group":
    case "http-route": {
      const { proxyCidrs, ...rest } = route;
      return { route: rest, networkPolicy: { ingress: { cidrs: proxyCidrs }, egress } };
    }
  }
}

function dataPeers(database: DatabaseEndpoint, { sessions, cache }: RedisEndpoints): NetworkPeer[] {
  return [database, sessions, cache].flatMap(({ cidrs, port }) => cidrs.map((cidr) => ({ cidr, port })));
}

function distinct(peers: readonly NetworkPeer[]): NetworkPeer[] {
  return [...new Map(peers.map((peer) => [`${peer.cidr} ${peer.port}`, peer])).values()];
}
