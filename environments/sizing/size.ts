import { ADHOC, CRON, DATABASE_PROCESSORS, NODES, REDIS_MEMORY, SHARED_FILES, WEB_PODS } from "./assumptions";
import {
  cloudSqlTiers,
  type DatabaseClass,
  elastiCacheNodes,
  memorystore,
  type RedisNode,
  rdsClasses,
} from "./classes";
import { cacheMb, childrenFor, childrenOfPod, connectionsFor, maxConnectionsOf, nodesFor, sessionsMb } from "./demands";
import type { Demand, Figures, Given, NodeFigures, WebFigures } from "./figures";

/** Memory of a worker that has none given, in MiB. */
const WORKER_MB = 1024;

/**
 * The figures of a site for a number of students. What is given stands, even where it is too small: `limits` says at
 * how many students each figure gives out. Where no class is large enough, the largest is taken, which the rules of the
 * environments then refuse.
 */
export function size(demand: Demand, given: Given = {}) {
  const { concurrentStudents: students } = demand;
  const pods = {
    web: webPods(demand, given.web),
    cron: { replicas: CRON.replicas, memoryMb: WORKER_MB, ...defined(given.cron) },
    adhoc: {
      replicas: Math.ceil(students / ADHOC.studentsPerWorker),
      memoryMb: WORKER_MB,
      ...defined(given.adhoc),
    },
  };
  const database = given.database ?? databaseClass(demand, connectionsFor(pods, demand));
  return {
    ...pods,
    database,
    maxConnections: given.maxConnections ?? maxConnectionsOf(database),
    sessions: redisNode(demand, sessionsMb(students) + (demand.sharesRedis ? cacheMb(students) : 0)),
    cache: redisNode(demand, cacheMb(students)),
    nodes: { ...nodeLimits(pods, demand), ...defined(given.nodes) },
    filesGb: filesGb(students),
  } satisfies Figures;
}

function webPods({ concurrentStudents, protection }: Demand, given: Given["web"] = {}): WebFigures {
  const children = childrenFor(concurrentStudents);
  // Small pods where two of them do: a pod is what is lost at once.
  const cpu = given.cpu ?? (children <= 14 ? 1 : 2);
  const memoryMb = given.memoryMb ?? Math.max(1024, Math.ceil(cpu * 1536));
  const needed = Math.ceil((children * WEB_PODS.reserve) / childrenOfPod({ cpu, memoryMb }));
  const zones = protection === "disposable" ? 2 : 3;
  const wanted = given.minReplicas ?? Math.max(zones, Math.ceil(needed * WEB_PODS.atLeast));
  const maxReplicas = given.maxReplicas ?? Math.max(needed, wanted + 1);
  return { minReplicas: given.minReplicas ?? Math.min(wanted, maxReplicas), maxReplicas, cpu, memoryMb };
}

/** The smallest class that has the processors for the students and the memory for the connections. */
function databaseClass(demand: Demand, connections: number): DatabaseClass {
  const classes = databaseClasses(demand);
  const processors = demand.concurrentStudents / DATABASE_PROCESSORS.studentsPerProcessor;
  const fitting = classes.find((one) => one.processors >= processors && maxConnectionsOf(one) >= connections);
  return fitting ?? largest(classes);
}

/** Among which a class is chosen, from small to large. */
export function databaseClasses({ cloud, protection, isCluster, edition }: Demand): DatabaseClass[] {
  const isDisposable = protection === "disposable";
  return cloud === "aws"
    ? rdsClasses({ burstable: isDisposable, localDisks: isCluster })
    : cloudSqlTiers(edition, isDisposable ? 1 : 2);
}

function redisNode({ cloud, concurrentStudents }: Demand, dataMb: number): RedisNode {
  const memoryMb = dataMb / REDIS_MEMORY.share;
  if (cloud === "google") return memorystore(Math.ceil(memoryMb / 1024));
  const nodes = elastiCacheNodes({ burstable: concurrentStudents <= REDIS_MEMORY.burstableUpTo });
  return nodes.find((node) => node.memoryMb >= memoryMb) ?? largest(nodes);
}

function nodeLimits(pods: Pick<Figures, "web" | "cron" | "adhoc">, demand: Demand): NodeFigures {
  const { slack, step, memoryGbPerCpu } = NODES;
  const needed = nodesFor(pods, demand);
  const cpu = Math.max(needed.cpuLimit, needed.memoryLimitGb / memoryGbPerCpu) * slack;
  const cpuLimit = Math.ceil(cpu / step) * step;
  return { cpuLimit, memoryLimitGb: cpuLimit * memoryGbPerCpu };
}

/** A capacity that every tier of Filestore has. */
function filesGb(students: number): number {
  const { leastGb, mbPerStudent } = SHARED_FILES;
  return Math.max(leastGb, Math.ceil((students * mbPerStudent) / 1024));
}

function largest<T>(ladder: readonly T[]): T {
  const last = ladder.at(-1);
  if (last === undefined) throw new Error("there is no class to choose from");
  return last;
}

/** Without the fields that are there but hold nothing: they would hide the computed ones. */
function defined<T extends object>(fields: Partial<T> = {}): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
