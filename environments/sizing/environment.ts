/**
 * How the figures of a size and the fields of an environment correspond. Where a file is wrong, what is wrong is not
 * there, whole sections included.
 */
import { resolveModel } from "../../constructs/workloads/inference-model";
import type { ParsedEnvironment } from "../schema";
import { cloudSqlTier, elastiCacheNode, memorystore, rdsClass } from "./classes";
import type { Demand, Figures, Given, NodeShare } from "./figures";
import { size } from "./size";

type AwsParsed = Extract<ParsedEnvironment, { cloud: "aws" }>;
type GoogleParsed = Extract<ParsedEnvironment, { cloud: "google" }>;

/** An environment whose figures are all there: those of the file, and the others by its number of students. */
export type SizedEnvironment = SizedAws | SizedGoogle;
export type SizedAws = ReturnType<typeof sizedAws>;
export type SizedGoogle = ReturnType<typeof sizedGoogle>;

export function sized(parsed: ParsedEnvironment): SizedEnvironment {
  return parsed.cloud === "aws" ? sizedAws(parsed) : sizedGoogle(parsed);
}

function sizedAws(parsed: AwsParsed) {
  const { database, redis } = parsed;
  const demand = demandOf(parsed);
  const figures = size(demand, {
    ...given(parsed),
    database: database?.instanceClass === undefined ? undefined : rdsClass(database.instanceClass),
  });
  return {
    ...parsed,
    ...fields(parsed, demand, figures),
    database: { ...database, instanceClass: figures.database.name, maxConnections: figures.maxConnections },
    redis: {
      ...redis,
      groups: redisGroups(parsed),
      sessionsNodeType: redis?.sessionsNodeType ?? figures.sessions.name,
      cacheNodeType: redis?.cacheNodeType ?? figures.cache.name,
    },
    cluster: { ...parsed.cluster, nodes: { ...parsed.cluster?.nodes, ...figures.nodes } },
  };
}

function sizedGoogle(parsed: GoogleParsed) {
  const { database, redis, files } = parsed;
  const demand = demandOf(parsed);
  const figures = size(demand, {
    ...given(parsed),
    database: database?.tier === undefined ? undefined : cloudSqlTier(database.tier),
  });
  return {
    ...parsed,
    ...fields(parsed, demand, figures),
    database: { ...database, tier: figures.database.name, maxConnections: figures.maxConnections },
    redis: {
      ...redis,
      groups: redisGroups(parsed),
      sessionsMemoryGb: redis?.sessionsMemoryGb ?? figures.sessions.memoryMb / 1024,
      cacheMemoryGb: redis?.cacheMemoryGb ?? figures.cache.memoryMb / 1024,
    },
    files: { ...files, capacityGb: files?.capacityGb ?? figures.filesGb },
    cluster: { ...parsed.cluster, nodes: { ...parsed.cluster?.nodes, ...figures.nodes } },
  };
}

/** For whom an environment is, and on what. */
export function demandOf(environment: ParsedEnvironment): Demand {
  const { cloud, protection, sizing, database, moodle } = environment;
  return {
    concurrentStudents: sizing?.concurrentStudents ?? (protection === "disposable" ? 100 : 1000),
    cloud,
    engine: database?.engine ?? "postgresql",
    protection,
    isCluster: cloud === "aws" && environment.database?.topology === "multi-az-cluster",
    edition: cloud === "google" ? (environment.database?.edition ?? "ENTERPRISE") : "ENTERPRISE",
    readReplicas: database?.readReplicas ?? 0,
    sharesRedis: redisGroups(environment) === "shared",
    usesObjectStore: moodle?.fileStorage !== "shared-files",
    antivirus: moodle?.antivirus === true,
    models: modelsOf(environment),
  };
}

/**
 * What models at their most replicas ask nodes for, and the server of analytics. A new version on Knative or with a rollout
 * has replicas of its own beside the old one's; a Deployment has one more. Karpenter's GPU nodes have a limit of their own,
 * while that of GKE is one for all.
 */
function modelsOf({ cloud, inference, knative, model: preset, moodle }: ParsedEnvironment): NodeShare {
  const models = (inference?.models ?? [])
    .map((model) => resolveModel(model, { knative: knative ?? preset === "serverless" }))
    .filter(({ device }) => cloud === "google" || device === "cpu")
    .map(({ cpu, memoryGb, maxReplicas, deploymentMode, device, rollout }) => {
      const isTwice = deploymentMode === "knative" || rollout !== undefined;
      const replicas = isTwice ? 2 * maxReplicas : maxReplicas + (device === "cpu" ? 1 : 0);
      return { cpu: replicas * cpu, memoryGb: replicas * memoryGb };
    });
  const shares = [...models, ...(moodle?.analytics === undefined ? [] : [moodle.analytics])];
  const sum = (field: keyof NodeShare) => shares.reduce((total, share) => total + share[field], 0);
  return { cpu: sum("cpu"), memoryGb: sum("memoryGb") };
}

/** The figures that an environment has in the end, wherever they come from. */
export function figuresOf(environment: SizedEnvironment): Figures {
  const { moodle, cluster } = environment;
  const own = { web: moodle.web, cron: moodle.cron, adhoc: moodle.adhoc, nodes: cluster.nodes };
  if (environment.cloud === "aws") {
    const { database, redis } = environment;
    return {
      ...own,
      database: rdsClass(database.instanceClass),
      maxConnections: database.maxConnections,
      sessions: elastiCacheNode(redis.sessionsNodeType),
      cache: elastiCacheNode(redis.cacheNodeType),
      filesGb: undefined,
    };
  }
  const { database, redis, files } = environment;
  return {
    ...own,
    database: cloudSqlTier(database.tier),
    maxConnections: database.maxConnections,
    sessions: memorystore(redis.sessionsMemoryGb),
    cache: memorystore(redis.cacheMemoryGb),
    filesGb: files.capacityGb,
  };
}

/** What the file itself says, of what all clouds have. */
function given({ model, moodle, cluster, database }: ParsedEnvironment): Given {
  return {
    // Knative starts the first pod when somebody comes.
    web: model === "serverless" ? { minReplicas: 0, ...moodle?.web } : moodle?.web,
    cron: moodle?.cron,
    adhoc: moodle?.adhoc,
    maxConnections: database?.maxConnections,
    nodes: cluster?.nodes,
  };
}

/** The filled fields that all clouds have. */
function fields({ moodle }: ParsedEnvironment, { concurrentStudents }: Demand, { web, cron, adhoc }: Figures) {
  return {
    sizing: { concurrentStudents },
    moodle: { ...moodle, web: { ...moodle?.web, ...web }, cron: { ...moodle?.cron, ...cron }, adhoc },
  };
}

/** Sessions must never be evicted and caches must, so a site to rely on has one Redis for each. */
function redisGroups({ protection, redis }: ParsedEnvironment): "separate" | "shared" {
  return redis?.groups ?? (protection === "disposable" ? "shared" : "separate");
}
