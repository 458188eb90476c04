/** Defaults that follow from other fields. What has a fixed default has it in the schema. */
import { defaultTier } from "../constructs/google/filestore-tiers";
import { gpusOfMachineType } from "../constructs/google/gpu-machine-types";
import { zonesOf } from "./google-zones";
import type { ParsedEnvironment } from "./schema";
import { cloudSqlTier } from "./sizing/classes";
import { maxConnectionsOf } from "./sizing/demands";
import type { SizedAws, SizedEnvironment, SizedGoogle } from "./sizing/environment";

export type AwsEnvironment = ReturnType<typeof resolveAws>;
export type GoogleEnvironment = ReturnType<typeof resolveGoogle>;
/** An environment that has been checked and has every default filled in. */
export type Environment = AwsEnvironment | GoogleEnvironment;

export function resolve(sized: SizedEnvironment): Environment {
  return sized.cloud === "aws" ? resolveAws(sized) : resolveGoogle(sized);
}

function resolveAws(parsed: SizedAws) {
  const isDisposable = parsed.protection === "disposable";
  const { database } = parsed;
  return {
    ...parsed,
    prefix: namePrefix(parsed),
    moodle: resolveMoodle(parsed),
    backups: {
      ...parsed.backups,
      lockDays: parsed.backups.lockDays ?? (isDisposable ? 0 : 30),
      drillGb: parsed.backups.drillGb ?? database.storageGb,
    },
    zones: parsed.zones ?? ["a", "b", "c"].map((letter) => `${parsed.region}${letter}`),
    network: { ...parsed.network, natGateways: parsed.network.natGateways ?? (isDisposable ? "single" : "per-zone") },
    database: {
      ...database,
      topology: database.topology ?? (isDisposable ? "single" : "multi-az"),
      masterPassword: database.masterPassword ?? (database.readReplicas > 0 ? "write-only" : "rds-managed"),
      backupRetentionDays: database.backupRetentionDays ?? (isDisposable ? 1 : 14),
    },
    ...resolveKnative(parsed),
    edge:
      parsed.edge.type === "alb"
        ? { ...parsed.edge, waf: parsed.edge.waf ?? !isDisposable }
        : { ...parsed.edge, acme: resolveAcme(parsed.edge.acme, parsed) },
    state: { ...parsed.state, bucket: parsed.state.bucket ?? `moodle-${parsed.name}-state-${parsed.account}` },
    images: {
      ...parsed.images,
      registry:
        parsed.images.registry ?? `${parsed.account}.dkr.ecr.${parsed.region}.amazonaws.com/moodle-${parsed.name}`,
    },
  } as const;
}

function resolveGoogle(parsed: SizedGoogle) {
  const isDisposable = parsed.protection === "disposable";
  const {
    database,
    cluster: { gpu },
  } = parsed;
  return {
    ...parsed,
    prefix: namePrefix(parsed),
    moodle: resolveMoodle(parsed),
    backups: {
      ...parsed.backups,
      lockDays: parsed.backups.lockDays ?? (isDisposable ? 0 : 30),
      drillGb: parsed.backups.drillGb ?? 100,
    },
    zones: parsed.zones ?? zonesOf(parsed.region),
    cluster: {
      ...parsed.cluster,
      location: parsed.cluster.location ?? (isDisposable ? "zonal" : "regional"),
      gpu: gpu && { ...gpu, count: gpu.count ?? gpusOfMachineType(gpu.machineType) ?? 1 },
    },
    database: {
      ...database,
      ...resolveReplicas(database),
      availability: database.availability ?? (isDisposable ? "ZONAL" : "REGIONAL"),
      backupRetentionDays: database.backupRetentionDays ?? (isDisposable ? 1 : 7),
    },
    files: { ...parsed.files, tier: parsed.files.tier ?? defaultTier(parsed.protection) },
    ...resolveKnative(parsed),
    edge:
      parsed.edge.type === "gateway"
        ? { ...parsed.edge, cloudArmor: parsed.edge.cloudArmor ?? !isDisposable }
        : { ...parsed.edge, acme: resolveAcme(parsed.edge.acme, parsed) },
    state: { ...parsed.state, bucket: parsed.state.bucket ?? `moodle-${parsed.name}-state-${parsed.project}` },
    images: {
      ...parsed.images,
      registry: parsed.images.registry ?? `${parsed.region}-docker.pkg.dev/${parsed.project}/moodle-${parsed.name}`,
    },
  } as const;
}

/**
 * A replica of PostgreSQL stops where it takes fewer connections than its primary, and Terraform changes the primary first:
 * replicas that are made larger ahead of it take as many as the primary will.
 * https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-ADMIN
 */
function resolveReplicas({ tier, replicaTier, maxConnections }: SizedGoogle["database"]) {
  if (replicaTier === undefined) return { replicaTier: tier, replicaMaxConnections: maxConnections };
  return {
    replicaTier,
    replicaMaxConnections: Math.max(maxConnections, maxConnectionsOf(cloudSqlTier(replicaTier))),
  };
}

function resolveMoodle(parsed: SizedEnvironment) {
  const { moodle, sizing } = parsed;
  return {
    ...moodle,
    mail: resolveMail(parsed),
    loginRequestsPerMinute: moodle.loginRequestsPerMinute ?? 2 * sizing.concurrentStudents,
  };
}

function resolveKnative({ model, knative, knativeIngress }: SizedEnvironment) {
  const isServerless = model === "serverless";
  return {
    knative: knative ?? isServerless,
    knativeIngress: knativeIngress ?? (isServerless ? ("kourier" as const) : undefined),
  };
}

type Acme = Extract<ParsedEnvironment["edge"], { type: "none" }>["acme"];

function resolveAcme(acme: Acme, { moodle }: Pick<ParsedEnvironment, "moodle">) {
  return { ...acme, email: acme.email ?? moodle.adminEmail };
}

/** Ports of submission by TLS: the registered one, and the one that Amazon SES has beside it. */
const TLS_PORTS: readonly number[] = [465, 2465];

function resolveMail({ domain, moodle: { mail } }: Pick<ParsedEnvironment, "domain" | "moodle">) {
  return (
    mail && {
      ...mail,
      security: mail.security ?? (TLS_PORTS.includes(mail.port) ? ("tls" as const) : ("starttls" as const)),
      noReplyAddress: mail.noReplyAddress ?? `noreply@${domain}`,
    }
  );
}

/** First part of every name in the environment stack. Bootstrap's names, which outlive it, have no incarnation. */
function namePrefix({ name, incarnation }: Pick<ParsedEnvironment, "name" | "incarnation">): string {
  return `moodle-${name}-${incarnation}`;
}
