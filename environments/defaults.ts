/** Defaults that follow from other fields. What has a fixed default has it in the schema. */
import type { ParsedEnvironment } from "./schema";

type AwsParsed = Extract<ParsedEnvironment, { cloud: "aws" }>;
type GoogleParsed = Extract<ParsedEnvironment, { cloud: "google" }>;

export type AwsEnvironment = ReturnType<typeof resolveAws>;
export type GoogleEnvironment = ReturnType<typeof resolveGoogle>;
/** An environment that has been checked and has every default filled in. */
export type Environment = AwsEnvironment | GoogleEnvironment;

export function resolve(parsed: ParsedEnvironment): Environment {
  return parsed.cloud === "aws" ? resolveAws(parsed) : resolveGoogle(parsed);
}

function resolveAws(parsed: AwsParsed) {
  const isProtected = parsed.protection === "protected";
  const { database } = parsed;
  return {
    ...parsed,
    prefix: namePrefix(parsed),
    backups: { ...parsed.backups, lockDays: parsed.backups.lockDays ?? (isProtected ? 30 : 0) },
    zones: parsed.zones ?? ["a", "b", "c"].map((letter) => `${parsed.region}${letter}`),
    network: { ...parsed.network, natGateways: parsed.network.natGateways ?? (isProtected ? "per-zone" : "single") },
    database: {
      ...database,
      topology: database.topology ?? (isProtected ? "multi-az" : "single"),
      masterPassword: database.masterPassword ?? (database.readReplicas > 0 ? "write-only" : "rds-managed"),
      backupRetentionDays: database.backupRetentionDays ?? (isProtected ? 14 : 1),
    },
    redis: { ...parsed.redis, groups: parsed.redis.groups ?? (isProtected ? "separate" : "shared") },
    edge: { ...parsed.edge, waf: parsed.edge.waf ?? isProtected },
    state: { ...parsed.state, bucket: parsed.state.bucket ?? `moodle-${parsed.name}-state-${parsed.account}` },
    images: {
      ...parsed.images,
      registry:
        parsed.images.registry ?? `${parsed.account}.dkr.ecr.${parsed.region}.amazonaws.com/moodle-${parsed.name}`,
    },
  } as const;
}

function resolveGoogle(parsed: GoogleParsed) {
  const isProtected = parsed.protection === "protected";
  const { database } = parsed;
  return {
    ...parsed,
    prefix: namePrefix(parsed),
    backups: { ...parsed.backups, lockDays: parsed.backups.lockDays ?? (isProtected ? 30 : 0) },
    zones: parsed.zones ?? ["a", "b", "c"].map((letter) => `${parsed.region}-${letter}`),
    cluster: { ...parsed.cluster, location: parsed.cluster.location ?? (isProtected ? "regional" : "zonal") },
    database: {
      ...database,
      availability: database.availability ?? (isProtected ? "REGIONAL" : "ZONAL"),
      backupRetentionDays: database.backupRetentionDays ?? (isProtected ? 7 : 1),
    },
    redis: { ...parsed.redis, groups: parsed.redis.groups ?? (isProtected ? "separate" : "shared") },
    files: { ...parsed.files, tier: parsed.files.tier ?? (isProtected ? "REGIONAL" : "BASIC_HDD") },
    edge: { ...parsed.edge, cloudArmor: parsed.edge.cloudArmor ?? isProtected },
    state: { ...parsed.state, bucket: parsed.state.bucket ?? `moodle-${parsed.name}-state-${parsed.project}` },
    images: {
      ...parsed.images,
      registry: parsed.images.registry ?? `${parsed.region}-docker.pkg.dev/${parsed.project}/moodle-${parsed.name}`,
    },
  } as const;
}

/** First part of every name in the environment stack. Bootstrap's names, which outlive it, have no incarnation. */
function namePrefix({ name, incarnation }: ParsedEnvironment): string {
  return `moodle-${name}-${incarnation}`;
}
