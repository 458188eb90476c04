import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { ElasticacheParameterGroup } from "@cdktf/provider-aws/lib/elasticache-parameter-group";
import { ElasticacheReplicationGroup } from "@cdktf/provider-aws/lib/elasticache-replication-group";
import { ElasticacheSubnetGroup } from "@cdktf/provider-aws/lib/elasticache-subnet-group";
import { SecretsmanagerSecretVersion } from "@cdktf/provider-aws/lib/secretsmanager-secret-version";
import { Password } from "@cdktf/provider-random/lib/password";
import { Fn } from "cdktf";
import { Construct } from "constructs";
import { refuse } from "../core/errors";
import { isGuarded, type Protection } from "../core/protection";
import type { RedisEndpoint } from "../ports";
import { REDIS_ENGINES } from "../versions";
import { DataSecurityGroup } from "./data-security-group";
import type { PolicyStatement } from "./iam-policy";
import { SecretsManagerSecret } from "./secrets-manager-secret";

export interface ElastiCacheRedisProps {
  /** The replication group's id, such as `moodle-production-1-sessions`: 40 characters at most. */
  readonly name: string;
  /** @default "valkey" */
  readonly engine?: "valkey" | "redis";
  /** Major and minor version. @default the one in `constructs/versions.ts` */
  readonly engineVersion?: string;
  /** Such as `cache.t4g.small`. */
  readonly nodeType: string;
  /** Replicas that can take over, each in another zone; 5 at most. @default 1 */
  readonly replicas?: number;
  /** What happens when memory is full: sessions must never be evicted, caches may be. */
  readonly evictionPolicy: "noeviction" | "allkeys-lru" | "allkeys-lfu" | "volatile-lru" | "volatile-lfu";
  /** Weekly, UTC. @default "sun:03:30-sun:04:30" */
  readonly maintenanceWindow?: string;
  /**
   * Whether what restarts nodes is done at once, or in the maintenance window. Another engine or major version needs it: the old
   * parameter group is deleted in the same deploy, which ElastiCache refuses while a group has it.
   * @default true where disposable, otherwise false
   */
  readonly applyImmediately?: boolean;
  /** Days that the slow log is kept. @default 90 */
  readonly logRetentionDays?: number;
  /** Raise it to rotate the AUTH token: the former one stays valid until the next rotation. @default 1 */
  readonly authTokenVersion?: number;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  /** Address ranges of the subnets, for NetworkPolicies. */
  readonly subnetCidrs: readonly string[];
  /** Security groups that may connect. */
  readonly clientSecurityGroupIds: readonly string[];
  /** Encrypts data, the slow log and the secret: its policy must let CloudWatch Logs use it. */
  readonly keyArn: string;
  /** @default "protected" */
  readonly protection?: Protection;
}

/**
 * Redis or Valkey on Amazon ElastiCache: one shard, TLS required, encrypted at rest, with automatic failover to another
 * zone where it has replicas.
 *
 * It takes no snapshots, not even a last one: restored sessions would let in whoever had logged out, and restored
 * caches contradict the database.
 *
 * Clients authenticate with an AUTH token, made at random. ElastiCache has no write-only argument for it, so it is in
 * Terraform's state, and nowhere else but in the secret `<name>-auth-token`. User groups with passwords would put theirs
 * there as well; users that authenticate by IAM need a token that expires, which PHP's sessions cannot renew.
 *
 * The stack needs the `random` provider beside `aws`.
 *
 * @throws ConfigurationError for a name or a number of replicas that ElastiCache refuses
 */
export class ElastiCacheRedis extends Construct {
  readonly endpoint: RedisEndpoint;
  /** Ids of the nodes, by which CloudWatch knows them. */
  readonly nodeIds: readonly string[];
  private readonly secret: SecretsManagerSecret;

  constructor(scope: Construct, id: string, props: ElastiCacheRedisProps) {
    super(scope, id);
    const { name, keyArn, protection } = props;
    const isDisposable = protection === "disposable";
    const engine = props.engine ?? "valkey";
    const version = props.engineVersion ?? REDIS_ENGINES[engine];
    const replicas = props.replicas ?? 1;
    this.check(props, replicas);

    const family = `${engine}${version.split(".")[0]}`;
    const parameters = new ElasticacheParameterGroup(this, "parameters", {
      name: `${name}-${family}`,
      description: `Parameters of ${name}`,
      family,
      parameter: [{ name: "maxmemory-policy", value: props.evictionPolicy }],
      lifecycle: { createBeforeDestroy: true },
    });
    const subnets = new ElasticacheSubnetGroup(this, "subnets", {
      name,
      description: `Subnets of ${name}`,
      subnetIds: [...props.subnetIds],
    });
    const securityGroup = new DataSecurityGroup(this, "security-group", {
      name,
      description: `Clients of ${name}`,
      vpcId: props.vpcId,
      port: 6379,
      clientSecurityGroupIds: props.clientSecurityGroupIds,
    });
    // Vended logs share one resource policy of limited size, unless the group's name begins like this.
    const slowLog = new CloudwatchLogGroup(this, "slow-log", {
      name: `/aws/vendedlogs/elasticache/${name}/slow-log`,
      retentionInDays: props.logRetentionDays ?? 90,
      kmsKeyId: keyArn,
    });
    const authTokenVersion = props.authTokenVersion ?? 1;
    // Letters and digits alone: ElastiCache refuses most other characters, and nothing needs to be escaped in JSON.
    const authToken = new Password(this, "auth-token", {
      length: 64,
      special: false,
      keepers: { version: String(authTokenVersion) },
    });
    const group = new ElasticacheReplicationGroup(this, "group", {
      replicationGroupId: name,
      description: `${name} for Moodle`,
      engine,
      engineVersion: version,
      nodeType: props.nodeType,
      port: 6379,
      numCacheClusters: replicas + 1,
      automaticFailoverEnabled: replicas > 0,
      multiAzEnabled: replicas > 0,
      parameterGroupName: parameters.name,
      subnetGroupName: subnets.name,
      securityGroupIds: [securityGroup.securityGroupId],
      atRestEncryptionEnabled: "true",
      kmsKeyId: keyArn,
      transitEncryptionEnabled: true,
      transitEncryptionMode: "required",
      authToken: authToken.result,
      authTokenUpdateStrategy: "ROTATE",
      // It would raise 8.0 to 8.1, which Terraform, to whom the version is given, takes for a downgrade. Patches come anyway.
      autoMinorVersionUpgrade: "false",
      applyImmediately: props.applyImmediately ?? isDisposable,
      maintenanceWindow: props.maintenanceWindow ?? "sun:03:30-sun:04:30",
      snapshotRetentionLimit: 0,
      logDeliveryConfiguration: [
        {
          destination: slowLog.name,
          destinationType: "cloudwatch-logs",
          logFormat: "json",
          logType: "slow-log",
        },
      ],
      lifecycle: { preventDestroy: isGuarded(protection) },
    });

    this.secret = new SecretsManagerSecret(this, "secret", {
      name: `${name}-auth-token`,
      description: `AUTH token of ${name}`,
      keyArn,
      protection,
    });
    const secretValue = new SecretsmanagerSecretVersion(this, "secret-value", {
      secretId: this.secret.secretArn,
      secretStringWo: JSON.stringify({ password: authToken.result }),
      secretStringWoVersion: authTokenVersion,
      // During a rotation, pods get the new token once the group knows it.
      dependsOn: [group],
    });
    const nodes = Fn.sort(Fn.tolist(group.memberClusters));
    this.nodeIds = Array.from({ length: replicas + 1 }, (_, index) => Fn.element(nodes, index));
    this.endpoint = {
      host: group.primaryEndpointAddress,
      port: 6379,
      cidrs: props.subnetCidrs,
      secret: this.secret.ref,
      ready: [group, secretValue, ...securityGroup.ingressRules],
    };
  }

  /** To read the AUTH token. */
  readStatements(): PolicyStatement[] {
    return this.secret.readStatements();
  }

  /** Source: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html */
  private check({ name }: ElastiCacheRedisProps, replicas: number): void {
    if (!/^(?!.*--)[a-z][a-z0-9-]{0,38}[a-z0-9]$/.test(name)) {
      refuse(this.node.path, {
        path: "name",
        given: name,
        allowed: "2 to 40 lower-case letters, digits and single hyphens, a letter first",
        remedy: "choose a shorter or simpler name",
      });
    }
    if (!Number.isInteger(replicas) || replicas < 0 || replicas > 5) {
      refuse(this.node.path, {
        path: "replicas",
        given: replicas,
        allowed: "0 to 5",
        remedy: "change the number of replicas",
      });
    }
  }
}
