import {
  ADHOC,
  type Assumption,
  CACHE,
  CHILDREN,
  CONNECTIONS,
  CRON,
  DATABASE_PROCESSORS,
  MAX_CONNECTIONS,
  NODES,
  REDIS_MEMORY,
  REQUESTS,
  SESSIONS,
  SHARED_FILES,
  type Source,
  WEB_PODS,
} from "./assumptions";
import type { RedisNode } from "./classes";
import {
  childrenFor,
  childrenOf,
  childrenOfPod,
  connectionsFor,
  connectionsOfPod,
  nodesFor,
  otherConnections,
  requestsPerSecond,
} from "./demands";
import type { Demand, Figures } from "./figures";

/** One figure of a site, why it is so large, and how far it goes. */
export interface Limit {
  readonly figure: string;
  readonly value: string;
  readonly rule: string;
  readonly sources: readonly Source[];
  /** Students at whom it gives out; absent where it limits nothing by itself. */
  readonly students?: number;
}

/** Every figure with its rule, its source and the number of students at whom it gives out. */
export function limits(demand: Demand, figures: Figures): Limit[] {
  const { web, cron, adhoc, database, maxConnections, nodes } = figures;
  const { studentsPerProcessor } = DATABASE_PROCESSORS;
  const connections = connectionsFor(figures, demand);
  return [
    limit("requests", `${requestsPerSecond(demand.concurrentStudents)} a second at the peak`, [REQUESTS]),
    limit(
      "FPM children",
      `${childrenFor(demand.concurrentStudents)} needed, ${childrenOf(web)} at most, ${childrenOfPod(web)} a pod`,
      [CHILDREN],
      studentsOf(childrenOf(web)),
    ),
    limit("web pods", `${web.minReplicas} to ${web.maxReplicas} of ${web.cpu} CPU and ${web.memoryMb} MiB`, [WEB_PODS]),
    limit("cron workers", `${cron.replicas} of ${cron.memoryMb} MiB`, [CRON]),
    limit("ad-hoc workers", `${adhoc.replicas} of ${adhoc.memoryMb} MiB`, [ADHOC]),
    limit(
      "database",
      `${database.name}: ${database.processors} processors and ${gib(database.memoryMb)}`,
      [DATABASE_PROCESSORS],
      database.processors * studentsPerProcessor,
    ),
    limit("max_connections", `${maxConnections}`, [MAX_CONNECTIONS]),
    limit(
      "connections",
      `${connections} of ${maxConnections} at the worst moment`,
      [CONNECTIONS],
      studentsOf(childrenOfPod(web) * webPodsOnConnections(demand, figures)),
    ),
    ...redis(demand, figures),
    limit(
      "nodes",
      `up to ${nodes.cpuLimit} CPU and ${nodes.memoryLimitGb} GiB${describeModels(demand)}`,
      [NODES],
      studentsOf(webPodsOnNodes(demand, figures) * childrenOfPod(web)),
    ),
    sharedFiles(demand, figures),
  ];
}

/** The figure that gives out at the fewest students. */
export function firstToGiveOut(all: readonly Limit[]): Limit & { readonly students: number } {
  const [first] = all
    .flatMap((one) => (one.students === undefined ? [] : [{ ...one, students: one.students }]))
    .sort((left, right) => left.students - right.students);
  if (first === undefined) throw new Error("none of the figures limits anything");
  return first;
}

function redis({ sharesRedis }: Demand, { sessions, cache }: Figures): Limit[] {
  if (sharesRedis) {
    const kbPerStudent = SESSIONS.kbPerStudent + CACHE.kbPerStudent;
    const students = studentsOfMemory(sessions, CACHE.mbAtLeast, kbPerStudent);
    return [limit("Redis", describeNode(sessions), [SESSIONS, CACHE, REDIS_MEMORY], students)];
  }
  return [
    limit(
      "Redis sessions",
      describeNode(sessions),
      [SESSIONS, REDIS_MEMORY],
      studentsOfMemory(sessions, 0, SESSIONS.kbPerStudent),
    ),
    limit(
      "Redis cache",
      describeNode(cache),
      [CACHE, REDIS_MEMORY],
      studentsOfMemory(cache, CACHE.mbAtLeast, CACHE.kbPerStudent),
    ),
  ];
}

/** EFS grows by itself. */
function sharedFiles({ cloud, usesObjectStore }: Demand, { filesGb }: Figures): Limit {
  if (cloud === "aws" || filesGb === undefined) return limit("shared files", "EFS, of any size", [SHARED_FILES]);
  const students = (filesGb * 1024) / SHARED_FILES.mbPerStudent;
  return limit("shared files", `${filesGb} GiB`, [SHARED_FILES], usesObjectStore ? students : undefined);
}

function limit(figure: string, value: string, assumptions: readonly Assumption[], students?: number): Limit {
  return {
    figure,
    value,
    rule: assumptions.map(({ rule }) => rule).join("; "),
    sources: [...new Set(assumptions.flatMap(({ sources }) => sources))],
    ...(students === undefined ? {} : { students: Math.max(0, Math.floor(students)) }),
  };
}

/** The students whom this many FPM children serve. */
function studentsOf(children: number): number {
  return (children * CHILDREN.students) / CHILDREN.children;
}

/** `undefined` for a node whose memory is not known. */
function studentsOfMemory(node: RedisNode | undefined, mbAtLeast: number, kbPerStudent: number): number | undefined {
  return node && ((node.memoryMb * REDIS_MEMORY.share - mbAtLeast) * 1024) / kbPerStudent;
}

/** Web pods whose connections the database takes twice, beside everything else; a part of a pod counts. */
function webPodsOnConnections(demand: Demand, { web, cron, adhoc, maxConnections }: Figures): number {
  const free = (maxConnections - otherConnections(demand)) / CONNECTIONS.generations - cron.replicas - adhoc.replicas;
  return free / connectionsOfPod(web);
}

/** Web pods that the nodes hold twice, beside everything else. */
function webPodsOnNodes(demand: Demand, figures: Figures): number {
  const { web, nodes } = figures;
  const beside = nodesFor({ ...figures, web: { ...web, maxReplicas: 0 } }, demand);
  const byCpu = (nodes.cpuLimit / NODES.slack - beside.cpuLimit) / (2 * web.cpu);
  const byMemory = (nodes.memoryLimitGb / NODES.slack - beside.memoryLimitGb) / ((2 * web.memoryMb) / 1024);
  return Math.floor(Math.min(byCpu, byMemory));
}

function describeModels({ models: { cpu, memoryGb } }: Demand): string {
  return cpu === 0 ? "" : `, of them ${Math.ceil(cpu)} and ${Math.ceil(memoryGb)} for models and analytics`;
}

function describeNode(node: RedisNode | undefined): string {
  return node === undefined ? "a type whose memory is not known here" : `${node.name}: ${gib(node.memoryMb)}`;
}

function gib(memoryMb: number): string {
  return `${Number((memoryMb / 1024).toFixed(1))} GiB`;
}
