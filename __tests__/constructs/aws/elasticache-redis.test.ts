import { ElastiCacheRedis, type ElastiCacheRedisProps } from "../../../constructs/aws/elasticache-redis";
import { ConfigurationError } from "../../../constructs/core/errors";
import { type Resource, Template } from "../../support/template";

const base: ElastiCacheRedisProps = {
  name: "moodle-production-1-sessions",
  nodeType: "cache.t4g.small",
  evictionPolicy: "noeviction",
  vpcId: "vpc-1",
  subnetIds: ["subnet-1", "subnet-2"],
  subnetCidrs: ["10.0.0.0/24"],
  clientSecurityGroupIds: ["sg-cluster"],
  keyArn: "arn:aws:kms:eu-central-1:111122223333:key/1",
};

function build(props: Partial<ElastiCacheRedisProps> = {}) {
  let redis: ElastiCacheRedis | undefined;
  const template = Template.from((scope) => {
    redis = new ElastiCacheRedis(scope, "redis", { ...base, ...props });
  });
  return { template, redis: redis as unknown as ElastiCacheRedis };
}

describe("a group with a replica", () => {
  const { template, redis } = build();
  const group = template.only("aws_elasticache_replication_group");
  const secretValue = template.only("aws_secretsmanager_secret_version");
  const password = template.only("random_password");

  test("fails over to another zone", () => {
    expect(group).toMatchObject({ num_cache_clusters: 2, automatic_failover_enabled: true, multi_az_enabled: true });
  });

  test("requires TLS and is encrypted at rest by the given key", () => {
    expect(group).toMatchObject({
      transit_encryption_enabled: true,
      transit_encryption_mode: "required",
      kms_key_id: base.keyArn,
    });
    expect(String(group.at_rest_encryption_enabled)).toBe("true");
  });

  test("never evicts a session", () => {
    expect(template.only("aws_elasticache_parameter_group")).toMatchObject({
      family: "valkey8",
      parameter: [{ name: "maxmemory-policy", value: "noeviction" }],
    });
    expect(group).toMatchObject({ engine: "valkey", engine_version: "8.0" });
  });

  test("keeps the version it is given: an upgrade by ElastiCache itself would make the next plan a downgrade", () => {
    expect(String(group.auto_minor_version_upgrade)).toBe("false");
  });

  test("takes no snapshot: restored sessions would let in whoever had logged out", () => {
    expect(group.snapshot_retention_limit).toBe(0);
    expect(group.final_snapshot_identifier).toBeUndefined();
  });

  test("writes its slow log, as JSON, to an encrypted group that expires", () => {
    const log = template.only("aws_cloudwatch_log_group");
    expect(log).toMatchObject({ kms_key_id: base.keyArn, retention_in_days: 90 });
    expect(log.name).toMatch(/^\/aws\/vendedlogs\//);
    expect(group.log_delivery_configuration).toEqual([
      expect.objectContaining({ log_type: "slow-log", log_format: "json", destination_type: "cloudwatch-logs" }),
    ]);
  });

  test("has an AUTH token of a length and of characters that ElastiCache takes", () => {
    expect(password.special).toBe(false);
    expect(password.length).toBeGreaterThanOrEqual(16);
    expect(password.length).toBeLessThanOrEqual(128);
  });

  test("gives the token to pods as JSON in a secret, by a write-only argument", () => {
    const [id] = Object.keys(template.all("random_password"));
    expect(JSON.parse(secretValue.secret_string_wo)).toEqual({ password: `\${random_password.${id}.result}` });
    expect(secretValue.secret_string).toBeUndefined();
    expect(redis.endpoint.secret).toEqual({
      store: "aws-secrets-manager",
      name: "moodle-production-1-sessions-auth-token",
    });
  });

  test("is reached on one port, from the given security groups", () => {
    expect(template.only("aws_vpc_security_group_ingress_rule")).toMatchObject({
      referenced_security_group_id: "sg-cluster",
      from_port: 6379,
      to_port: 6379,
    });
  });

  test("needs no authority of its own: a public one signs its certificate", () => {
    expect(redis.endpoint.caCertificates).toBeUndefined();
    expect(redis.endpoint.port).toBe(6379);
  });

  test("grants the token's readers nothing else", () => {
    expect(redis.readStatements().flatMap(({ Action = [] }) => Action)).toEqual([
      "secretsmanager:GetSecretValue",
      "secretsmanager:DescribeSecret",
      "kms:Decrypt",
    ]);
  });
});

test("a single node has nothing to fail over to", () => {
  expect(build({ replicas: 0 }).template.only("aws_elasticache_replication_group")).toMatchObject({
    num_cache_clusters: 1,
    automatic_failover_enabled: false,
    multi_az_enabled: false,
  });
});

test("Redis has its own version and family", () => {
  const { template } = build({ engine: "redis" });
  expect(template.only("aws_elasticache_replication_group").engine_version).toBe("7.1");
  expect(template.only("aws_elasticache_parameter_group").family).toBe("redis7");
});

test.each([
  [{}, false],
  [{ protection: "disposable" }, true],
  [{ applyImmediately: true }, true],
] as const)("with %j, whether what restarts nodes is done at once: %s", (props, atOnce) => {
  expect(build(props).template.only("aws_elasticache_replication_group").apply_immediately).toBe(atOnce);
});

test("raising the token's version makes a new token, and writes it", () => {
  const { template } = build({ authTokenVersion: 2 });
  expect(template.only("random_password").keepers).toEqual({ version: "2" });
  expect(template.only("aws_secretsmanager_secret_version").secret_string_wo_version).toBe(2);
  expect(template.only("aws_elasticache_replication_group").auth_token_update_strategy).toBe("ROTATE");
});

test("protection decides whether it can be destroyed", () => {
  const guarded = ({ template }: { template: Template }): Resource[] => [
    template.only("aws_elasticache_replication_group").lifecycle,
    template.only("aws_secretsmanager_secret").lifecycle,
  ];
  expect(guarded(build())).toEqual([{ prevent_destroy: true }, { prevent_destroy: true }]);
  expect(guarded(build({ protection: "disposable" }))).toEqual([
    { prevent_destroy: false },
    { prevent_destroy: false },
  ]);
});

test.each([
  ["a name of 41 characters", { name: `moodle-${"a".repeat(34)}` }, "name"],
  ["two hyphens in a row", { name: "moodle--sessions" }, "name"],
  ["six replicas", { replicas: 6 }, "replicas"],
])("refuses %s", (_, props, path) => {
  expect(() => build(props)).toThrow(ConfigurationError);
  expect(() => build(props)).toThrow(`test/redis.${path}`);
});
