/** What a number of students, or a number of pods, needs. Pure arithmetic; the numbers are in `assumptions.ts`. */
import { fpmChildren, fpmResources } from "../../constructs/workloads/fpm-children";
import {
  CACHE,
  CHILDREN,
  CONNECTIONS,
  MAX_CONNECTIONS,
  NODES,
  OTHER_CONNECTIONS,
  REQUESTS,
  SESSIONS,
} from "./assumptions";
import type { DatabaseClass } from "./classes";
import type { Demand, Figures, NodeFigures, WebFigures } from "./figures";

type Pods = Pick<Figures, "web" | "cron" | "adhoc">;

export function requestsPerSecond(students: number): number {
  return Math.ceil(students / REQUESTS.secondsBetween);
}

export function childrenFor(students: number): number {
  return Math.ceil((students * CHILDREN.children) / CHILDREN.students);
}

export function childrenOfPod(pod: Pick<WebFigures, "cpu" | "memoryMb">): number {
  return fpmChildren(fpmResources(pod));
}

/** Connections to the database of one web pod at most. */
export function connectionsOfPod(pod: Pick<WebFigures, "cpu" | "memoryMb">): number {
  return childrenOfPod(pod) + CONNECTIONS.probes;
}

/** FPM children of all web pods at most. */
export function childrenOf(web: WebFigures): number {
  return web.maxReplicas * childrenOfPod(web);
}

const OTHERS = Object.values(OTHER_CONNECTIONS).reduce((sum, count) => sum + count, 0);

/** Connections beside those of web pods and workers. Each replica of MySQL and MariaDB reads the binary log by one. */
export function otherConnections({ readReplicas }: Pick<Demand, "readReplicas">): number {
  return OTHERS + readReplicas;
}

/** Connections to the database at the worst moment: an upgrade at the highest load, while a backup runs. */
export function connectionsFor({ web, cron, adhoc }: Pods, demand: Pick<Demand, "readReplicas">): number {
  const webPods = web.maxReplicas * connectionsOfPod(web);
  return CONNECTIONS.generations * (webPods + cron.replicas + adhoc.replicas) + otherConnections(demand);
}

/** The `max_connections` that a class of server gets. */
export function maxConnectionsOf({ memoryMb }: Pick<DatabaseClass, "memoryMb">): number {
  return Math.min(MAX_CONNECTIONS.most, Math.floor((memoryMb / 1024) * MAX_CONNECTIONS.perGb));
}

export function sessionsMb(students: number): number {
  return Math.ceil((students * SESSIONS.kbPerStudent) / 1024);
}

export function cacheMb(students: number): number {
  return CACHE.mbAtLeast + Math.ceil((students * CACHE.kbPerStudent) / 1024);
}

/** What the nodes must have room for: two generations of web pods, and everything else once. */
export function nodesFor(
  { web, cron, adhoc }: Pods,
  { cloud, antivirus, models }: Pick<Demand, "cloud" | "antivirus" | "models">,
) {
  const { others, systemPool } = NODES;
  const fixed = [others, systemPool[cloud], models, ...(antivirus ? [NODES.antivirus] : [])];
  const workersGb = (cron.replicas * cron.memoryMb + adhoc.replicas * adhoc.memoryMb) / 1024;
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
  return {
    cpuLimit: Math.ceil(
      2 * web.maxReplicas * web.cpu + cron.replicas + adhoc.replicas + sum(fixed.map(({ cpu }) => cpu)),
    ),
    memoryLimitGb: Math.ceil(
      (2 * web.maxReplicas * web.memoryMb) / 1024 + workersGb + sum(fixed.map(({ memoryGb }) => memoryGb)),
    ),
  } satisfies NodeFigures;
}
