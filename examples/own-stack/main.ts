import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { HelmProvider } from "@cdktf/provider-helm/lib/provider";
import { KubernetesProvider } from "@cdktf/provider-kubernetes/lib/provider";
import { App, S3Backend, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import {
  BackupCronJobs,
  type ClusterAccess,
  DatabaseRoles,
  ExternalSecrets,
  MoodleWeb,
  PlatformNamespace,
  pinProviders,
  type RedisEndpoint,
  type SecretStore,
  type SharedFileSystem,
  type SiteRoute,
} from "moodle-platform";
import {
  backupPermissions,
  EbsVolumeClass,
  EksCluster,
  Karpenter,
  KmsKey,
  ObjectBucket,
  PodIdentity,
  type PolicyStatement,
  RdsDatabase,
  rdsAdministration,
  SecretsManagerSecret,
  Vpc,
} from "moodle-platform/aws";

const NAME = "campus-moodle";
const NAMESPACE = "moodle";
const PLACE = { name: NAME, account: "111122223333", region: "eu-central-1" };
const REGISTRY = "registry.example.edu/moodle-platform";

// What exists already: its ports are filled in by hand.

const redis: RedisEndpoint = {
  host: "redis.example.edu",
  port: 6379,
  cidrs: ["192.0.2.0/28"],
  secret: { store: "aws-secrets-manager", name: "shared/redis" },
  ready: [],
};

const files: SharedFileSystem = {
  csiDriver: "nfs.csi.k8s.io",
  volumeHandle: "files.example.edu/moodle",
  volumeAttributes: { server: "files.example.edu", share: "/moodle" },
  mountOptions: ["nfsvers=4.1"],
  capacityGb: 500,
  ready: [],
};

const route: SiteRoute = { kind: "ingress", className: "nginx", controllerNamespace: "ingress-nginx" };

/** A site of one's own: network, cluster, database and buckets are made here, Redis and the file server are not. */
class CampusMoodle extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    pinProviders(this, ["aws", "kubernetes", "helm", "random"]);
    new S3Backend(this, {
      bucket: "campus-terraform-state",
      key: `${id}.tfstate`,
      region: PLACE.region,
      encrypt: true,
    });
    new AwsProvider(this, "aws", { region: PLACE.region, allowedAccountIds: [PLACE.account] });

    const key = new KmsKey(this, "key", { ...PLACE, description: "Moodle", services: ["logs", "ebs"] });
    const { keyArn } = key;
    const network = new Vpc(this, "network", {
      ...PLACE,
      cidr: "10.40.0.0/16",
      zones: ["a", "b", "c"].map((letter) => PLACE.region + letter),
      natGateways: "per-zone",
      clusterName: NAME,
      keyArn,
    });
    const cluster = new EksCluster(this, "cluster", {
      ...PLACE,
      kubernetesVersion: "1.35",
      subnetIds: network.privateSubnetIds,
      intraSubnetIds: network.intraSubnetIds,
      serviceIpv4Cidr: "172.20.0.0/16",
      publicAccessCidrs: ["203.0.113.0/24"],
      deployerArn: `arn:aws:iam::${PLACE.account}:role/deployer`,
      keyArn,
      systemNodes: { instanceType: "m7g.large", count: 2 },
      dependsOn: network.ready,
    });
    this.addClusterProviders(cluster.access);
    const karpenter = new Karpenter(this, "karpenter", {
      ...PLACE,
      clusterName: cluster.clusterName,
      clusterEndpoint: cluster.endpoint,
      clusterSecurityGroupId: cluster.clusterSecurityGroupId,
      keyArn,
      nodes: { capacityType: "on-demand", cpuLimit: 64, memoryLimitGb: 256 },
      dependsOn: cluster.access.ready,
    });

    const secret = (use: string) =>
      new SecretsManagerSecret(this, `secret-${use}`, {
        name: `${NAME}/${use}`,
        description: `Moodle: ${use}`,
        keyArn,
      });
    const application = secret("database-application");
    const backupReader = secret("database-backup");
    const reader = secret("database-reader");
    const administrator = secret("administrator");
    const signing = secret("backup-signing");
    const secrets = [application, backupReader, reader, administrator, signing];
    const readSecrets = secrets.flatMap((one) => one.readStatements());

    const database = new RdsDatabase(this, "database", {
      name: NAME,
      engine: "postgresql",
      engineVersion: "17",
      instanceClass: "db.m7g.large",
      storageGb: 100,
      maxStorageGb: 1000,
      readReplicas: 1,
      vpcId: network.vpcId,
      subnetIds: network.databaseSubnetIds,
      subnetCidrs: network.databaseSubnetCidrs,
      clientSecurityGroupIds: [cluster.clusterSecurityGroupId],
      keyArn,
      region: PLACE.region,
      secrets: { application: application.ref, backup: backupReader.ref, reader: reader.ref },
    });
    const bucket = (use: string) =>
      new ObjectBucket(this, use, { bucketName: `${NAME}-${use}-${PLACE.account}`, keyArn, region: PLACE.region });
    const objects = bucket("files");
    const backups = bucket("backups");

    const identity = (serviceAccountName: string, statements: readonly PolicyStatement[], namespace = NAMESPACE) =>
      new PodIdentity(this, `identity-${serviceAccountName}`, {
        ...PLACE,
        clusterName: cluster.clusterName,
        namespace,
        serviceAccountName,
        statements,
      });
    const stores: SecretStore[] = [{ store: "aws-secrets-manager", region: PLACE.region }];
    const volumes = new EbsVolumeClass(this, "volumes", { name: NAME, keyArn, dependsOn: cluster.access.ready });
    const access = { ...cluster.access, volumeClassName: volumes.className };
    const namespace = new PlatformNamespace(this, "namespace", { name: NAMESPACE, dependsOn: access.ready });
    const operators = new PlatformNamespace(this, "operators", { name: "external-secrets", dependsOn: access.ready });
    const externalSecrets = new ExternalSecrets(this, "external-secrets", {
      cluster: access,
      identity: identity("external-secrets", readSecrets, operators.namespaceName),
      stores,
      siteNamespaces: [namespace.namespaceName],
      dependsOn: [...namespace.ready, ...operators.ready],
    });
    const roles = new DatabaseRoles(this, "database-roles", {
      cluster: access,
      identity: identity("database-roles", [
        ...readSecrets,
        ...secrets.flatMap((one) => one.writeStatements()),
        ...rdsAdministration(database, keyArn),
      ]),
      database: database.endpoint,
      stores,
      generated: [
        { secret: administrator.ref, keys: ["adminPassword"] },
        { secret: signing.ref, keys: ["signingSecret"] },
      ],
      image: `${REGISTRY}/database-roles:0.1.0`,
      dependsOn: [...karpenter.ready, ...namespace.ready],
    });
    const site = new MoodleWeb(this, "site", {
      name: NAME,
      cluster: access,
      identity: identity("moodle", [...objects.readStatements(), ...objects.writeStatements()]),
      database: database.endpoint,
      redis: { sessions: redis, cache: redis },
      objectStore: objects.store,
      files,
      route,
      domain: "moodle.example.edu",
      siteName: "Example University",
      adminEmail: "moodle@example.edu",
      administratorSecret: administrator.ref,
      image: `${REGISTRY}/moodle:0.1.0`,
      web: { minReplicas: 3, maxReplicas: 12, cpu: 2, memoryMb: 3072 },
      dependsOn: [...karpenter.ready, ...externalSecrets.ready, ...roles.ready],
    });
    const permissions = backupPermissions({ backups, objects });
    new BackupCronJobs(this, "backup", {
      cluster: access,
      identities: {
        snapshot: identity("moodle-backup", permissions.snapshot),
        verify: identity("moodle-backup-verify", permissions.verify),
        prune: identity("moodle-backup-prune", permissions.prune),
        restore: identity("moodle-backup-restore", permissions.restore),
      },
      database: database.endpoint,
      objectStore: objects.store,
      filesClaimName: site.filesClaimName,
      backupStore: backups.store,
      signingSecret: signing.ref,
      retention: { keepDaily: 14, keepWeekly: 8, keepMonthly: 12 },
      lockDays: 0,
      image: `${REGISTRY}/backup:0.1.0`,
      dependsOn: site.ready,
    });
  }

  private addClusterProviders({ host, caCertificate, exec }: ClusterAccess): void {
    const connection = { host, clusterCaCertificate: caCertificate };
    const credentials = { ...exec, args: [...exec.args] };
    new KubernetesProvider(this, "kubernetes", { ...connection, exec: [credentials] });
    new HelmProvider(this, "helm", { kubernetes: { ...connection, exec: credentials } });
  }
}

const app = new App();
new CampusMoodle(app, "campus");
app.synth();
