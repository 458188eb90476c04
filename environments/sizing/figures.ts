import type { Protection } from "../../constructs/core/protection";
import type { DatabaseClass, RedisNode } from "./classes";

/** For whom a site is sized, and on what. */
export interface Demand {
  readonly concurrentStudents: number;
  readonly cloud: "aws" | "google";
  readonly engine: "postgresql" | "mysql" | "mariadb";
  readonly protection: Protection;
  /** Whether the database is a Multi-AZ DB cluster of RDS. */
  readonly isCluster: boolean;
  /** Edition of Cloud SQL. */
  readonly edition: "ENTERPRISE" | "ENTERPRISE_PLUS";
  readonly readReplicas: number;
  /** Whether sessions and caches share one Redis. */
  readonly sharesRedis: boolean;
  /** Whether uploads move on to a bucket. */
  readonly usesObjectStore: boolean;
  readonly antivirus: boolean;
  /** What models and the server of analytics ask nodes for, at most. */
  readonly models: NodeShare;
}

/** A part of what nodes have. */
export interface NodeShare {
  readonly cpu: number;
  readonly memoryGb: number;
}

/** A site to rely on, as it is where its environment says no more than cloud, engine and students. */
export const PROTECTED_SITE = {
  protection: "protected",
  isCluster: false,
  edition: "ENTERPRISE",
  readReplicas: 0,
  sharesRedis: false,
  usesObjectStore: true,
  antivirus: false,
  models: { cpu: 0, memoryGb: 0 },
} as const satisfies Partial<Demand>;

export interface WebFigures {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Processors of one pod. */
  readonly cpu: number;
  /** Memory of one pod, in MiB. */
  readonly memoryMb: number;
}

export interface WorkerFigures {
  readonly replicas: number;
  /** Memory of one worker, in MiB. */
  readonly memoryMb: number;
}

/** Most that all nodes together may have. */
export interface NodeFigures {
  readonly cpuLimit: number;
  readonly memoryLimitGb: number;
}

/** What a site is made of, as far as its size decides it. */
export interface Figures {
  readonly web: WebFigures;
  readonly cron: WorkerFigures;
  readonly adhoc: WorkerFigures;
  readonly database: DatabaseClass;
  readonly maxConnections: number;
  /** For sessions, and for the cache as well where one Redis is shared; `undefined` for a type that is not known. */
  readonly sessions: RedisNode | undefined;
  readonly cache: RedisNode | undefined;
  readonly nodes: NodeFigures;
  /** GiB of the shared file system; `undefined` where it grows by itself. */
  readonly filesGb: number | undefined;
}

/** Figures that are given: they stand, and the others follow from them. */
export interface Given {
  readonly web?: Partial<WebFigures>;
  readonly cron?: Partial<WorkerFigures>;
  readonly adhoc?: Partial<WorkerFigures>;
  readonly database?: DatabaseClass;
  readonly maxConnections?: number;
  readonly nodes?: Partial<NodeFigures>;
}
