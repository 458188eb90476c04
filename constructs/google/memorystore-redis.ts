import { RedisInstance } from "@cdktf/provider-google/lib/redis-instance";
import { Fn, Token } from "cdktf";
import { Construct } from "constructs";
import { prefixLength } from "../core/cidr";
import { refuse } from "../core/errors";
import { isGuarded, type Protection } from "../core/protection";
import type { RedisEndpoint } from "../ports";
import type { SecretManagerSecret } from "./secret-manager-secret";

export interface MemorystoreRedisProps {
  /** 2 to 41 lower-case letters, digits and hyphens, such as `moodle-staging-1-sessions`. */
  readonly name: string;
  readonly project: string;
  readonly region: string;
  /** GiB, 1 to 300. */
  readonly memoryGb: number;
  /** The network from which it is reached, by a peering of its own. */
  readonly networkId: string;
  /** A /29 that no subnet or peering of the network uses. */
  readonly reservedIpRange: string;
  /**
   * What happens when the memory is full. Sessions must never be evicted: `noeviction`. Caches must: `allkeys-lru`.
   */
  readonly evictionPolicy: "noeviction" | "allkeys-lru" | "volatile-lru";
  /** Holds the password for pods. */
  readonly secret: SecretManagerSecret;
  /** Cloud KMS key of the same region. @default a key of Google's */
  readonly keyId?: string;
  /** How often a snapshot is taken, to survive the loss of every node. @default never */
  readonly rdbSnapshotPeriod?: "ONE_HOUR" | "SIX_HOURS" | "TWELVE_HOURS" | "TWENTY_FOUR_HOURS";
  /**
   * `protected` runs a replica in a second zone and fails over to it (STANDARD_HA); `disposable` runs one node (BASIC).
   * @default "protected"
   */
  readonly protection?: Protection;
}

/** With TLS on, Memorystore listens there and nowhere else. */
const TLS_PORT = 6378;

/**
 * Memorystore for Redis with a password and TLS. It is the only one of Google's Redis services with a password: the
 * others take tokens that expire within the hour, which PHP's session handler cannot renew.
 *
 * Clients verify the server by the instance's own authority, whose certificate names the instance by its address
 * (https://cloud.google.com/memorystore/docs/redis/in-transit-encryption). The password is made by Google and is an
 * attribute of the instance: it lands in Terraform's state, and whoever refreshes that state may read it.
 */
export class MemorystoreRedis extends Construct {
  readonly endpoint: RedisEndpoint;

  constructor(scope: Construct, id: string, props: MemorystoreRedisProps) {
    super(scope, id);
    this.check(props);
    const { name, project, region, reservedIpRange, rdbSnapshotPeriod, secret } = props;
    const isDisposable = props.protection === "disposable";
    const instance = new RedisInstance(this, "instance", {
      project,
      region,
      name,
      tier: isDisposable ? "BASIC" : "STANDARD_HA",
      memorySizeGb: props.memoryGb,
      redisVersion: "REDIS_7_2",
      redisConfigs: { "maxmemory-policy": props.evictionPolicy },
      readReplicasMode: "READ_REPLICAS_DISABLED",
      connectMode: "DIRECT_PEERING",
      authorizedNetwork: props.networkId,
      reservedIpRange,
      authEnabled: true,
      transitEncryptionMode: "SERVER_AUTHENTICATION",
      customerManagedKey: props.keyId,
      persistenceConfig:
        rdbSnapshotPeriod === undefined
          ? { persistenceMode: "DISABLED" }
          : { persistenceMode: "RDB", rdbSnapshotPeriod },
      maintenancePolicy: { weeklyMaintenanceWindow: [{ day: "SUNDAY", startTime: { hours: 3 } }] },
      lifecycle: { preventDestroy: isGuarded(props.protection) },
    });
    const version = secret.write("redis-password", { password: instance.authString }, instance);
    this.endpoint = {
      host: instance.host,
      port: TLS_PORT,
      caCertificates: Fn.join("\n", Token.asList(instance.interpolationForAttribute("server_ca_certs[*].cert"))),
      cidrs: [reservedIpRange],
      secret: secret.ref,
      ready: [instance, version],
    };
  }

  private check({ name, memoryGb, reservedIpRange }: MemorystoreRedisProps): void {
    const { path } = this.node;
    if (!Token.isUnresolved(name) && !/^[a-z][a-z0-9-]{0,39}[a-z0-9]$/.test(name)) {
      refuse(path, {
        path: "name",
        given: name,
        allowed: "2 to 41 lower-case letters, digits and hyphens, a letter first and no hyphen last",
        remedy: "shorten the name",
      });
    }
    if (!Token.isUnresolved(memoryGb) && !(memoryGb >= 1 && memoryGb <= 300)) {
      refuse(path, { path: "memoryGb", given: memoryGb, allowed: "1 to 300", remedy: "change the value" });
    }
    if (!Token.isUnresolved(reservedIpRange) && prefixLength(reservedIpRange) !== 29) {
      refuse(path, {
        path: "reservedIpRange",
        given: reservedIpRange,
        allowed: "a /29: an instance without read replicas takes no other",
        remedy: "give the range a prefix of 29",
      });
    }
  }
}
