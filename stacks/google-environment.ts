import { GoogleProvider } from "@cdktf/provider-google/lib/provider";
import { type App, Aspects, type ITerraformDependable } from "cdktf";
import { ComponentTags } from "../constructs/core/component-tags";
import { pinProviders } from "../constructs/core/providers";
import { grantBackups } from "../constructs/google/backup-grants";
import { BudgetAlarm } from "../constructs/google/budget-alarm";
import { CloudSqlDatabase } from "../constructs/google/cloud-sql-database";
import { Filestore, type FilestoreProps } from "../constructs/google/filestore";
import { GcsBucket } from "../constructs/google/gcs-bucket";
import { GkeCluster } from "../constructs/google/gke-cluster";
import { GoogleWorkloadIdentity } from "../constructs/google/google-workload-identity";
import { GpuNodePool } from "../constructs/google/gpu-node-pool";
import { MemorystoreRedis } from "../constructs/google/memorystore-redis";
import { Network } from "../constructs/google/network";
import { ObjectStoreKey } from "../constructs/google/object-store-key";
import { SecretManagerSecret } from "../constructs/google/secret-manager-secret";
import type { RedisEndpoints } from "../constructs/ports";
import { isCached } from "../constructs/workloads/inference-model";
import type { GoogleEnvironment } from "../environments/defaults";
import { addClusterProviders } from "./cluster-providers";
import { addGoogleBackend } from "./google-backend";
import { addGoogleEdge } from "./google-edge";
import { GoogleMonitoring } from "./google-monitoring";
import { type GoogleNames, googleNames } from "./google-names";
import type { ModelPlatform } from "./inference";
import { MODEL_CACHE_ACCOUNT, MODELS_ACCOUNT, modelBucketName } from "./inference-names";
import { PlatformStack } from "./platform-stack";
import { Site } from "./site";
import {
  FILE_READING_ORIGINS,
  isReadByOperator,
  OPERATOR_ACCOUNT,
  SITE_ACCOUNTS,
  type SiteAccount,
  secretsToCreate,
  siteSecrets,
} from "./site-names";
import { standardTags } from "./standard-tags";

/** A whole environment on Google Cloud: network, cluster, data, edge, and the site in the cluster. */
export class GoogleEnvironmentStack extends PlatformStack {
  private readonly names: GoogleNames;

  constructor(
    app: App,
    id: string,
    private readonly environment: GoogleEnvironment,
  ) {
    super(app, id);
    this.names = googleNames(environment);
    const { project, projectNumber, region, prefix, protection, budget, monitoring } = environment;
    const { restoreFrom, cloudSnapshots } = environment.backups;
    pinProviders(this, ["google", "kubernetes", "helm"]);
    addGoogleBackend(this, environment);
    const defaultLabels = standardTags(environment);
    new GoogleProvider(this, "google", { project, region, defaultLabels });
    Aspects.of(this).add(new ComponentTags("labels"));

    const network = new Network(this, "network", { name: prefix, project, region, ...environment.network });
    const { cluster, nodesReady } = this.addCluster(network);
    addClusterProviders(this, cluster.access);
    const identities = this.addIdentities(cluster);

    const { databaseRoles, externalSecrets } = identities;
    const operator = this.addOperatorIdentity(cluster);
    for (const { use, secret: ref, filledBy } of secretsToCreate(environment)) {
      const secret = this.addSecret(`secret-${use}`, ref.name);
      if (filledBy === "cluster") {
        databaseRoles.waitFor(
          secret.grantRead("database-roles", databaseRoles.member),
          secret.grantAdd("database-roles-add", databaseRoles.member),
        );
      }
      externalSecrets.waitFor(secret.grantRead("external-secrets", externalSecrets.member));
      if (operator !== undefined && isReadByOperator(environment, { use })) {
        operator.waitFor(secret.grantRead("operator", operator.member));
      }
    }
    const secrets = siteSecrets(environment);

    const database = new CloudSqlDatabase(this, "database", {
      ...environment.database,
      name: prefix,
      engineVersion: environment.database.version,
      project,
      region,
      networkId: network.networkId,
      subnetworkId: network.subnetworkId,
      secrets: secrets.database,
      keyId: this.names.keyId("data"),
      labels: defaultLabels,
      protection,
    });
    databaseRoles.waitFor(
      database.grantUserAdministration("database-roles", databaseRoles.member, this.names.role("database_users")),
    );

    if (cloudSnapshots > 0) {
      const { backupSnapshot } = identities;
      const role = this.names.role("database_backups");
      backupSnapshot.waitFor(database.grantBackups("backup", backupSnapshot.member, role));
    }

    const files = this.addFiles("files", network, {
      capacityGb: environment.files.capacityGb,
      reservedIpRange: environment.network.filesCidr,
      protection,
    });
    const objects = this.addObjects(identities);
    const backups = this.addBackups();
    grantBackups({
      backups,
      objects,
      identities: {
        snapshot: identities.backupSnapshot,
        verify: identities.backupVerify,
        prune: identities.backupPrune,
        restore: identities.backupRestore,
      },
      writerRole: this.names.role("backup_writer"),
      removerRole: this.names.role("backup_remover"),
    });
    const { edge, controller } = addGoogleEdge(this, {
      environment,
      namespace: identities.web.namespace,
      workloadPool: cluster.workloadPool,
    });
    if (monitoring !== undefined) {
      const { clusterName } = cluster;
      const gateway = edge.kind === "gateway" ? edge.route : undefined;
      new GoogleMonitoring(this, "monitoring", {
        environment,
        settings: monitoring,
        clusterName,
        database,
        gateway: gateway && { namespace: gateway.gatewayNamespace, name: gateway.gatewayName },
      });
    }
    if (budget !== undefined) new BudgetAlarm(this, "budget", { ...budget, name: prefix, project, projectNumber });

    new Site(this, "site", {
      environment,
      cluster: cluster.access,
      nodesReady,
      identities: { ...identities, operator },
      secrets,
      database: database.endpoint,
      redis: this.addRedis(network, identities),
      objectStore: objects?.store,
      backupStore: backups.store,
      snapshotSource: database.snapshotSource,
      restoreStore: restoreFrom && { kind: "gcs", bucketName: restoreFrom.bucket, region, ready: [] },
      files: files.fileSystem,
      edge,
      controller,
      models: environment.inference && this.addModels(cluster, network),
      podCidrs: [environment.network.podsCidr],
    });
  }

  private addCluster(network: Network): {
    readonly cluster: GkeCluster;
    readonly nodesReady: readonly ITerraformDependable[];
  } {
    const { prefix, project, region, zones, protection, cluster } = this.environment;
    const isRegional = cluster.location === "regional";
    const location = isRegional ? region : (zones[0] ?? "");
    const gke = new GkeCluster(this, "cluster", {
      ...cluster,
      name: prefix,
      project,
      location,
      zones: isRegional ? zones : [location],
      networkId: network.networkId,
      subnetworkId: network.subnetworkId,
      podsRangeName: network.podsRangeName,
      servicesRangeName: network.servicesRangeName,
      dependsOn: network.ready,
      databaseEncryptionKeyId: this.names.keyId("cluster"),
      imageRepositoryId: this.names.imageRepositoryId,
      protection,
    });
    const gpu =
      cluster.gpu &&
      new GpuNodePool(this, "gpu", {
        ...cluster.gpu,
        clusterName: gke.clusterName,
        project,
        location,
        zones: cluster.gpu.zones ?? (isRegional ? zones : undefined),
        acceleratorCount: cluster.gpu.count,
        nodeServiceAccountEmail: gke.nodeServiceAccountEmail,
      });
    return { cluster: gke, nodesReady: gpu?.ready ?? [] };
  }

  private addIdentities({ workloadPool }: GkeCluster): Record<SiteAccount, GoogleWorkloadIdentity> {
    const { project, projectNumber } = this.environment;
    const entries = Object.entries(SITE_ACCOUNTS).map(([use, account]) => [
      use,
      new GoogleWorkloadIdentity(this, `identity-${account.serviceAccountName}`, {
        project,
        projectNumber,
        workloadPool,
        ...account,
      }),
    ]);
    return Object.fromEntries(entries);
  }

  /** None where there is nothing for it to read. */
  private addOperatorIdentity({ workloadPool }: GkeCluster): GoogleWorkloadIdentity | undefined {
    const { project, projectNumber, delivery, secrets } = this.environment;
    if (delivery !== "operator" || secrets.store === "vault") return undefined;
    return new GoogleWorkloadIdentity(this, `identity-${OPERATOR_ACCOUNT.serviceAccountName}`, {
      project,
      projectNumber,
      workloadPool,
      ...OPERATOR_ACCOUNT,
    });
  }

  private addSecret(id: string, secretId: string): SecretManagerSecret {
    const { project, region, protection } = this.environment;
    return new SecretManagerSecret(this, id, {
      secretId,
      project,
      region,
      keyId: this.names.keyId("secrets"),
      protection,
    });
  }

  /** The bucket of Moodle's files, and the key by which its S3 interface is used. */
  private addObjects(identities: Record<SiteAccount, GoogleWorkloadIdentity>): GcsBucket | undefined {
    const { prefix, project, region, protection, moodle } = this.environment;
    if (moodle.fileStorage !== "object-store") return undefined;
    const secret = this.addSecret("objects-secret", `${prefix}-object-store`);
    const key = new ObjectStoreKey(this, "objects-key", {
      accountId: `${prefix}-obj`,
      project,
      displayName: "Moodle's ObjectFS",
      secret,
    });
    const bucket = new GcsBucket(this, "objects", {
      bucketName: `${prefix}-files-${project}`,
      project,
      location: region,
      keyId: this.names.keyId("data"),
      key,
      readingOrigins: FILE_READING_ORIGINS,
      protection,
    });
    // The web pods hold the key: what it may do is theirs.
    identities.web.waitFor(...bucket.grantWrite("objectfs", key.member));
    identities.externalSecrets.waitFor(secret.grantRead("external-secrets", identities.externalSecrets.member));
    return bucket;
  }

  private addFiles(
    use: "files" | "models-files",
    network: Network,
    props: Pick<FilestoreProps, "capacityGb" | "reservedIpRange" | "protection">,
  ): Filestore {
    const { prefix, project, region, zones, files } = this.environment;
    return new Filestore(this, use, {
      ...props,
      name: `${prefix}-${use}`,
      project,
      location: files.tier === "REGIONAL" ? region : (zones[0] ?? ""),
      tier: files.tier,
      networkName: network.networkName,
      clientCidrs: [network.nodesCidr],
      keyId: files.tier === "BASIC_HDD" ? undefined : this.names.keyId("data"),
    });
  }

  private addModels({ workloadPool }: GkeCluster, network: Network): ModelPlatform {
    const { project, projectNumber, region, protection, inference, files } = this.environment;
    const bucket = new GcsBucket(this, "models", {
      bucketName: modelBucketName(this.environment),
      project,
      location: region,
      keyId: this.names.keyId("data"),
      protection,
    });
    const identify = (use: "models" | "model-cache", account: typeof MODELS_ACCOUNT | typeof MODEL_CACHE_ACCOUNT) => {
      const place = { project, projectNumber, workloadPool };
      const identity = new GoogleWorkloadIdentity(this, `identity-${use}`, { ...place, ...account });
      identity.waitFor(...bucket.grantRead(use, identity.member));
      return identity;
    };
    const platform = { identity: identify("models", MODELS_ACCOUNT), store: bucket.store };
    if (inference?.models.some(isCached) !== true) return platform;
    const cacheFiles = this.addFiles("models-files", network, {
      capacityGb: files.modelsCapacityGb,
      reservedIpRange: this.environment.network.modelsCidr,
      // Whatever is on it comes from the bucket.
      protection: "disposable",
    });
    return {
      ...platform,
      cache: { identity: identify("model-cache", MODEL_CACHE_ACCOUNT), files: cacheFiles.fileSystem },
    };
  }

  private addBackups(): GcsBucket {
    const { prefix, project, region, protection, backups } = this.environment;
    const bucket = new GcsBucket(this, "backups", {
      bucketName: `${prefix}-backups-${project}`,
      project,
      location: region,
      keyId: this.names.keyId("backups"),
      objectRetention: backups.lockDays > 0,
      protection,
    });
    for (const [index, member] of backups.readers.entries()) bucket.grantRead(`reader-${index + 1}`, member);
    return bucket;
  }

  private addRedis(network: Network, { externalSecrets }: Record<SiteAccount, GoogleWorkloadIdentity>): RedisEndpoints {
    const { prefix, project, region, protection, redis } = this.environment;
    const add = (use: "sessions" | "cache", memoryGb: number, reservedIpRange: string, isShared: boolean) => {
      const secret = this.addSecret(`redis-${use}-secret`, `${prefix}-redis-${use}`);
      externalSecrets.waitFor(secret.grantRead("external-secrets", externalSecrets.member));
      return new MemorystoreRedis(this, `redis-${use}`, {
        name: `${prefix}-${use}`,
        project,
        region,
        memoryGb,
        networkId: network.networkId,
        reservedIpRange,
        evictionPolicy: use === "sessions" && !isShared ? "noeviction" : "allkeys-lru",
        secret,
        keyId: this.names.keyId("data"),
        rdbSnapshotPeriod: use === "sessions" && protection !== "disposable" ? "SIX_HOURS" : undefined,
        protection,
      }).endpoint;
    };
    const { sessionsCidr, cacheCidr } = this.environment.network;
    const isShared = redis.groups === "shared";
    const sessions = add("sessions", redis.sessionsMemoryGb, sessionsCidr, isShared);
    return { sessions, cache: isShared ? sessions : add("cache", redis.cacheMemoryGb, cacheCidr, false) };
  }
}
