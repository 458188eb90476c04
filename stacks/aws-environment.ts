import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import { type App, Aspects } from "cdktf";
import { backupPermissions } from "../constructs/aws/backup-permissions";
import { BudgetAlarm } from "../constructs/aws/budget-alarm";
import { ClusterPlanner } from "../constructs/aws/cluster-planner";
import { EbsVolumeClass } from "../constructs/aws/ebs-volume-class";
import { EksCluster } from "../constructs/aws/eks-cluster";
import { ElastiCacheRedis, type ElastiCacheRedisProps } from "../constructs/aws/elasticache-redis";
import { type PolicyStatement, partition } from "../constructs/aws/iam-policy";
import { Karpenter } from "../constructs/aws/karpenter";
import { KmsKey, type KmsKeyProps } from "../constructs/aws/kms-key";
import { ObjectBucket } from "../constructs/aws/object-bucket";
import { ObjectBucketReplica } from "../constructs/aws/object-bucket-replica";
import { PermissionsBoundary } from "../constructs/aws/permissions-boundary";
import { PodIdentity } from "../constructs/aws/pod-identity";
import { rdsAdministration } from "../constructs/aws/rds-administration";
import { RdsDatabase } from "../constructs/aws/rds-database";
import { rdsSnapshots } from "../constructs/aws/rds-snapshots";
import { Runner } from "../constructs/aws/runner";
import { SecretsManagerSecret } from "../constructs/aws/secrets-manager-secret";
import { SharedFiles, type SharedFilesProps } from "../constructs/aws/shared-files";
import { Vpc } from "../constructs/aws/vpc";
import { ComponentTags } from "../constructs/core/component-tags";
import { pinProviders } from "../constructs/core/providers";
import type { ClusterAccess } from "../constructs/ports";
import { isCached } from "../constructs/workloads/inference-model";
import type { AwsEnvironment } from "../environments/defaults";
import { addAwsBackend } from "./aws-backend";
import { addAwsEdge } from "./aws-edge";
import { AwsMonitoring } from "./aws-monitoring";
import { awsNames } from "./aws-names";
import { addClusterProviders } from "./cluster-providers";
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

/** Network, key and protection of all that holds data. */
type DataTier = Omit<ElastiCacheRedisProps, "name" | "nodeType" | "evictionPolicy"> &
  Pick<SharedFilesProps, "subnetIds" | "keyArn">;

/** A whole environment on AWS: network, cluster, data, edge, and the site in the cluster. */
export class AwsEnvironmentStack extends PlatformStack {
  private readonly place: { readonly name: string; readonly account: string; readonly region: string };
  private readonly tags: Readonly<Record<string, string>>;

  constructor(
    app: App,
    id: string,
    private readonly environment: AwsEnvironment,
  ) {
    super(app, id);
    const { account, region, prefix, protection, ci, budget, monitoring } = environment;
    this.place = { name: prefix, account, region };
    this.tags = standardTags(environment);
    pinProviders(this, ["aws", "kubernetes", "helm", "random"]);
    addAwsBackend(this, environment);
    new AwsProvider(this, "aws", { region, allowedAccountIds: [account], defaultTags: [{ tags: this.tags }] });
    new RandomProvider(this, "random");
    Aspects.of(this).add(new ComponentTags("tags"));
    if (ci !== undefined) Aspects.of(this).add(new PermissionsBoundary(awsNames(environment).boundaryArn));

    const keys = {
      cluster: this.addKey("cluster", "Kubernetes secrets, logs and volumes", [
        ...(monitoring === undefined ? [] : (["alarms"] as const)),
        "logs",
        "ebs",
      ]),
      data: this.addKey("data", "Database, files, caches and secrets", ["logs"]),
      backups: this.addKey("backups", "Backups", undefined, environment.backups.readingAccounts),
    };
    const vpc = new Vpc(this, "network", {
      ...this.place,
      cidr: environment.network.cidr,
      zones: environment.zones,
      natGateways: environment.network.natGateways,
      clusterName: prefix,
      keyArn: keys.cluster.keyArn,
    });
    const cluster = this.addCluster(vpc, keys.cluster);
    addClusterProviders(this, cluster.access);
    if (ci !== undefined) {
      new ClusterPlanner(this, "planner", {
        clusterName: cluster.clusterName,
        principalArn: awsNames(environment).planRoleArn,
        dependsOn: cluster.access.ready,
      });
    }
    if (ci?.runner === true && ci.connectionArn !== undefined) {
      new Runner(this, "runner", {
        name: prefix,
        connectionArn: ci.connectionArn,
        roleArn: awsNames(environment).runnerRoleArn,
        githubRepository: ci.githubRepository,
        vpcId: vpc.vpcId,
        subnetIds: vpc.privateSubnetIds,
        clusterSecurityGroupId: cluster.clusterSecurityGroupId,
        keyArn: keys.cluster.keyArn,
      });
    }
    const karpenter = new Karpenter(this, "karpenter", {
      ...this.place,
      clusterName: cluster.clusterName,
      clusterEndpoint: cluster.endpoint,
      clusterSecurityGroupId: cluster.clusterSecurityGroupId,
      keyArn: keys.cluster.keyArn,
      nodes: environment.cluster.nodes,
      gpu: environment.cluster.gpu,
      instanceTags: this.tags,
      chartRegistry: environment.chartRegistry,
      dependsOn: cluster.access.ready,
    });

    const dataTier = {
      vpcId: vpc.vpcId,
      subnetIds: vpc.databaseSubnetIds,
      subnetCidrs: vpc.databaseSubnetCidrs,
      clientSecurityGroupIds: [cluster.clusterSecurityGroupId],
      keyArn: keys.data.keyArn,
      protection,
    };
    const secrets = siteSecrets(environment);
    const createdSecrets = secretsToCreate(environment).map(({ use, secret, filledBy }) => ({
      use,
      filledBy,
      secret: new SecretsManagerSecret(this, `secret-${use}`, {
        name: secret.name,
        description: `Moodle: ${use}`,
        keyArn: keys.data.keyArn,
        protection,
      }),
    }));
    const database = new RdsDatabase(this, "database", {
      ...environment.database,
      ...dataTier,
      name: prefix,
      engineVersion: environment.database.version,
      region,
      secrets: secrets.database,
    });
    const redis = this.addRedis(dataTier);
    const files = new SharedFiles(this, "files", {
      ...dataTier,
      name: prefix,
      throughput: environment.files.throughput,
    });
    const objects = this.addObjects(keys.data);
    const backups = this.addBackups(keys.backups);
    const { restoreFrom, cloudSnapshots } = environment.backups;
    const snapshots = rdsSnapshots({
      databaseArn: database.databaseArn,
      of: environment.database.topology === "multi-az-cluster" ? "cluster" : "instance",
      region,
    });
    const backup = backupPermissions({
      backups,
      objects,
      restoreFrom: restoreFrom && {
        bucketArn: `arn:${partition(region)}:s3:::${restoreFrom.bucket}`,
        keyArn: restoreFrom.keyArn,
      },
    });

    const { clusterName, clusterSecurityGroupId } = cluster;
    const { edge, controller, watched } = addAwsEdge(this, { environment, vpc, clusterName, clusterSecurityGroupId });
    const watching =
      monitoring &&
      new AwsMonitoring(this, "monitoring", {
        environment,
        settings: monitoring,
        clusterName: cluster.clusterName,
        keyArn: keys.cluster.keyArn,
        database,
        redis,
        files,
        edge: watched,
      });
    if (budget !== undefined) new BudgetAlarm(this, "budget", { ...budget, name: prefix });

    new Site(this, "site", {
      environment,
      cluster: this.withVolumes(cluster.access, keys.cluster),
      nodesReady: karpenter.ready,
      identities: {
        web: this.addIdentity("web", cluster, [
          ...(objects?.readStatements() ?? []),
          ...(objects?.writeStatements() ?? []),
        ]),
        backupSnapshot: this.addIdentity("backupSnapshot", cluster, [
          ...backup.snapshot,
          ...(cloudSnapshots > 0 ? snapshots.statements : []),
        ]),
        backupVerify: this.addIdentity("backupVerify", cluster, backup.verify),
        backupPrune: this.addIdentity("backupPrune", cluster, backup.prune),
        backupRestore: this.addIdentity("backupRestore", cluster, backup.restore),
        databaseRoles: this.addIdentity("databaseRoles", cluster, [
          ...createdSecrets
            .filter(({ filledBy }) => filledBy === "cluster")
            .flatMap(({ secret }) => [...secret.readStatements(), ...secret.writeStatements()]),
          ...rdsAdministration(database, keys.data.keyArn),
        ]),
        externalSecrets: this.addIdentity("externalSecrets", cluster, [
          ...createdSecrets.flatMap(({ secret }) => secret.readStatements()),
          ...redis.all.flatMap((group) => group.readStatements()),
        ]),
        operator: this.addOperatorIdentity(
          cluster,
          createdSecrets.filter((one) => isReadByOperator(environment, one)).map(({ secret }) => secret),
        ),
      },
      secrets,
      database: database.endpoint,
      redis: { sessions: redis.sessions.endpoint, cache: redis.cache.endpoint },
      objectStore: objects?.store,
      backupStore: backups.store,
      snapshotSource: snapshots.source,
      restoreStore: restoreFrom && {
        kind: "s3",
        bucketName: restoreFrom.bucket,
        region: restoreFrom.region ?? region,
        ready: [],
      },
      files: files.fileSystem,
      edge,
      controller,
      alertTopic: watching?.alertTopic,
      logs: watching?.logs,
      models: environment.inference && this.addModels(cluster, dataTier),
      podCidrs: [environment.network.cidr],
    });
  }

  /** The role of CI; without one, the first administrator deploys. */
  private deployerArn(): string {
    const { ci, cluster } = this.environment;
    const [administrator] = cluster.administrators;
    return ci === undefined && administrator !== undefined ? administrator : awsNames(this.environment).deployRoleArn;
  }

  private addKey(
    use: string,
    description: string,
    services?: KmsKeyProps["services"],
    decryptingAccounts?: readonly string[],
  ): KmsKey {
    const { prefix, protection } = this.environment;
    return new KmsKey(this, `${use}-key`, {
      ...this.place,
      name: `${prefix}-${use}`,
      description,
      services,
      decryptingAccounts,
      protection,
    });
  }

  private addCluster(vpc: Vpc, key: KmsKey): EksCluster {
    const { cluster, network, protection } = this.environment;
    return new EksCluster(this, "cluster", {
      ...this.place,
      kubernetesVersion: cluster.kubernetesVersion,
      subnetIds: vpc.privateSubnetIds,
      intraSubnetIds: vpc.intraSubnetIds,
      serviceIpv4Cidr: network.serviceCidr,
      publicAccessCidrs: cluster.publicAccessCidrs,
      deployerArn: this.deployerArn(),
      administrators: cluster.administrators,
      keyArn: key.keyArn,
      systemNodes: cluster.systemNodes,
      addonVersions: cluster.addonVersions,
      instanceTags: this.tags,
      protection,
      dependsOn: vpc.ready,
    });
  }

  /** The cluster with disks for single pods: of a scanner, which keeps its signatures, and of backups while they run. */
  private withVolumes(access: ClusterAccess, { keyArn }: KmsKey): ClusterAccess {
    const { prefix } = this.environment;
    const { className, ready } = new EbsVolumeClass(this, "volumes", { name: prefix, keyArn, dependsOn: access.ready });
    return { ...access, volumeClassName: className, ready: [...access.ready, ...ready] };
  }

  private addIdentity(
    use: SiteAccount,
    { clusterName }: EksCluster,
    statements: readonly PolicyStatement[],
  ): PodIdentity {
    const account = SITE_ACCOUNTS[use];
    return new PodIdentity(this, `identity-${account.serviceAccountName}`, {
      ...this.place,
      ...account,
      clusterName,
      statements,
    });
  }

  /** None where there is nothing for it to read. */
  private addOperatorIdentity(
    { clusterName }: EksCluster,
    secrets: readonly SecretsManagerSecret[],
  ): PodIdentity | undefined {
    if (secrets.length === 0) return undefined;
    return new PodIdentity(this, `identity-${OPERATOR_ACCOUNT.serviceAccountName}`, {
      ...this.place,
      ...OPERATOR_ACCOUNT,
      clusterName,
      statements: secrets.flatMap((secret) => secret.readStatements()),
    });
  }

  private addRedis(dataTier: DataTier) {
    const { prefix, redis, protection } = this.environment;
    const add = (use: "sessions" | "cache", nodeType: string, evictionPolicy: "noeviction" | "allkeys-lru") =>
      new ElastiCacheRedis(this, `redis-${use}`, {
        ...dataTier,
        name: `${prefix}-${use}`,
        engine: redis.engine,
        applyImmediately: redis.applyImmediately,
        nodeType,
        replicas: protection === "disposable" ? 0 : 1,
        evictionPolicy,
      });
    if (redis.groups === "shared") {
      const sessions = add("sessions", redis.sessionsNodeType, "allkeys-lru");
      return { sessions, cache: sessions, all: [sessions] };
    }
    const sessions = add("sessions", redis.sessionsNodeType, "noeviction");
    const cache = add("cache", redis.cacheNodeType, "allkeys-lru");
    return { sessions, cache, all: [sessions, cache] };
  }

  private addObjects(key: KmsKey): ObjectBucket | undefined {
    const { prefix, account, region, protection, moodle } = this.environment;
    if (moodle.fileStorage !== "object-store") return undefined;
    const bucketName = `${prefix}-files-${account}`;
    return new ObjectBucket(this, "objects", {
      bucketName,
      keyArn: key.keyArn,
      region,
      readingOrigins: FILE_READING_ORIGINS,
      protection,
    });
  }

  private addModels({ clusterName }: EksCluster, dataTier: DataTier): ModelPlatform {
    const { prefix, region, protection, inference } = this.environment;
    const bucketName = modelBucketName(this.environment);
    const bucket = new ObjectBucket(this, "models", { bucketName, keyArn: dataTier.keyArn, region, protection });
    const identify = (id: string, account: typeof MODELS_ACCOUNT | typeof MODEL_CACHE_ACCOUNT) =>
      new PodIdentity(this, id, { ...this.place, ...account, clusterName, statements: bucket.readStatements() });
    const platform = { identity: identify("identity-models", MODELS_ACCOUNT), store: bucket.store };
    if (inference?.models.some(isCached) !== true) return platform;
    const { fileSystem: files } = new SharedFiles(this, "models-files", {
      ...dataTier,
      name: `${prefix}-models`,
      // The user of KServe's storage initializer.
      posixId: 1000,
      // Whatever is on it comes from the bucket.
      protection: "disposable",
    });
    return { ...platform, cache: { identity: identify("identity-model-cache", MODEL_CACHE_ACCOUNT), files } };
  }

  private addBackups(key: KmsKey): ObjectBucket {
    const { prefix, account, region, protection, backups } = this.environment;
    const { lockDays, replicaRegion, readingAccounts } = backups;
    const replica =
      replicaRegion === undefined
        ? undefined
        : new ObjectBucketReplica(this, "backups-replica", {
            bucketName: `${prefix}-backups-${account}-${replicaRegion}`,
            account,
            region: replicaRegion,
            lockDays,
            protection,
          });
    const bucketName = `${prefix}-backups-${account}`;
    return new ObjectBucket(this, "backups", {
      bucketName,
      keyArn: key.keyArn,
      region,
      lockDays,
      readingAccounts,
      replica,
      protection,
    });
  }
}
