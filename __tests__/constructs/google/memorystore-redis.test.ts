import { MemorystoreRedis, type MemorystoreRedisProps } from "../../../constructs/google/memorystore-redis";
import { SecretManagerSecret } from "../../../constructs/google/secret-manager-secret";
import { Template } from "../../support/template";

const KEY = "projects/example-moodle/locations/europe-west3/keyRings/moodle/cryptoKeys/data";

function build(more: Partial<MemorystoreRedisProps> = {}) {
  let redis!: MemorystoreRedis;
  const template = Template.from((scope) => {
    const project = "example-moodle";
    const region = "europe-west3";
    redis = new MemorystoreRedis(scope, "redis", {
      name: "moodle-production-1-sessions",
      project,
      region,
      memoryGb: 2,
      networkId: "projects/example-moodle/global/networks/moodle",
      reservedIpRange: "10.37.0.0/29",
      evictionPolicy: "noeviction",
      secret: new SecretManagerSecret(scope, "secret", { secretId: "redis", project, region }),
      keyId: KEY,
      ...more,
    });
  });
  return { redis, template, instance: template.only("google_redis_instance") };
}

describe("MemorystoreRedis", () => {
  const { redis, template, instance } = build();

  test("asks for a password and speaks TLS only", () => {
    expect(instance).toMatchObject({ auth_enabled: true, transit_encryption_mode: "SERVER_AUTHENTICATION" });
    expect(redis.endpoint.port).toBe(6378);
  });

  test("is reached by a peering of its own in the range that was given", () => {
    expect(instance).toMatchObject({ connect_mode: "DIRECT_PEERING", reserved_ip_range: "10.37.0.0/29" });
    expect(redis.endpoint.cidrs).toEqual(["10.37.0.0/29"]);
  });

  test("hands the password to pods through the secret, and keeps no copy of it elsewhere", () => {
    const [id] = Object.keys(template.all("google_redis_instance"));
    expect(JSON.parse(template.only("google_secret_manager_secret_version").secret_data_wo)).toEqual({
      password: `\${google_redis_instance.${id}.auth_string}`,
    });
    expect(redis.endpoint.secret.name).toBe("redis");
  });

  test("fails over to a second zone where protected, and is not destroyed", () => {
    expect(instance).toMatchObject({ tier: "STANDARD_HA", lifecycle: { prevent_destroy: true } });
  });

  test("is one node where disposable", () => {
    expect(build({ protection: "disposable" }).instance).toMatchObject({
      tier: "BASIC",
      lifecycle: { prevent_destroy: false },
    });
  });

  test("evicts by the policy that was given", () => {
    expect(instance.redis_configs).toEqual({ "maxmemory-policy": "noeviction" });
  });

  test("takes snapshots where asked, and else none", () => {
    expect(instance.persistence_config).toEqual({ persistence_mode: "DISABLED" });
    expect(build({ rdbSnapshotPeriod: "SIX_HOURS" }).instance.persistence_config).toEqual({
      persistence_mode: "RDB",
      rdb_snapshot_period: "SIX_HOURS",
    });
  });

  test("encrypts with the key that was given", () => {
    expect(instance.customer_managed_key).toBe(KEY);
  });

  // Source: the pattern in the google provider's google_redis_instance
  test.each(["m", "1moodle", "Moodle", "moodle-", "m".repeat(42)])("refuses the name %p", (name) => {
    expect(() => build({ name })).toThrow(/redis\.name/);
  });

  test.each(["10.37.0.0/28", "10.37.0.0/30"])("refuses the range %p", (reservedIpRange) => {
    expect(() => build({ reservedIpRange })).toThrow(/redis\.reservedIpRange/);
  });

  test.each([0, 301])("refuses %p GiB", (memoryGb) => {
    expect(() => build({ memoryGb })).toThrow(/redis\.memoryGb/);
  });
});
