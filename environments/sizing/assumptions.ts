/**
 * The rules by which a number of students becomes figures, each with its words and its source beside it: `npm run size`
 * prints them, and `docs/sizing.md` is generated from them.
 */

/** In words what a figure follows, and who says so. */
export interface Assumption {
  readonly rule: string;
  readonly sources: readonly Source[];
}

export interface Source {
  readonly name: string;
  /** Absent where it is this project's own. */
  readonly url?: string;
}

const UDELAR: Source = {
  name: "Udelar, quiz load test of Moodle 4.5, 2026",
  url: "https://www.proyectos.udelar.edu.uy/redmine/projects/moodleperf/wiki/Load_test_results_in_moodle_45_%28feb_2026%29",
};
const AZURE: Source = { name: "Azure, sizes of its Moodle templates", url: "https://github.com/Azure/Moodle" };
const OWN: Source = { name: "this project" };

export const REQUESTS = {
  secondsBetween: 10,
  rule: "at the peak of an exam, a student asks PHP for something every 10 s",
  sources: [OWN],
} as const;

export const CHILDREN = {
  children: 90,
  students: 2000,
  rule: "90 FPM children for 2,000 students who begin an exam together, served without an error",
  sources: [UDELAR],
} as const;

export const WEB_PODS = {
  /** Children of all pods at most, for each that is needed. */
  reserve: 1.5,
  /** Share of the most pods that is always there. */
  atLeast: 0.25,
  rule: "half as many children again: what is left without one zone of three, or at 65 % CPU, is enough; a quarter always, so that two doublings reach the most",
  sources: [OWN],
} as const;

export const CRON = {
  replicas: 2,
  rule: "two, of which one may be lost: Moodle's locks keep a scheduled task from running twice",
  sources: [OWN],
} as const;

export const ADHOC = { studentsPerWorker: 1000, rule: "one for 1,000 students", sources: [OWN] } as const;

export const DATABASE_PROCESSORS = {
  studentsPerProcessor: 250,
  rule: "one for 250 students: half of the 500 that Udelar had, twice the 125 that Azure sells; read replicas are not counted",
  sources: [UDELAR, AZURE],
} as const;

export const MAX_CONNECTIONS = {
  perGb: 80,
  most: 5000,
  rule: "80 for each GiB of memory, 5,000 at most: a little less than RDS's own {DBInstanceClassMemory/9531392} for PostgreSQL and {DBInstanceClassMemory/12582880} for MySQL",
  sources: [
    {
      name: "Amazon RDS, maximum number of database connections",
      url: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html",
    },
  ],
} as const;

/** Connections beside those of web pods and workers. */
export const OTHER_CONNECTIONS = {
  "the install Job": 2,
  metrics: 2,
  backup: 8,
  "database roles": 3,
  "administrators and the provider's own": 20,
} as const;

export const CONNECTIONS = {
  /** Of a web pod, beside its children's: PHP-FPM has two more that answer readiness probes. */
  probes: 2,
  /** Of web pods and workers: during an upgrade, new ones run beside the old ones. */
  generations: 2,
  rule: "one for each FPM child of all pods at most, two more a pod for its probes, and one for each worker, twice, because in an upgrade new pods run beside the old ones; and 35 for install, metrics, backup, roles, administrators and the provider",
  sources: [OWN],
} as const;

export const SESSIONS = {
  kbPerStudent: 160,
  rule: "160 KiB a student: ten sessions in the eight hours that one lasts, of 16 KiB each (a student's of Moodle 4.5 measures 9 KB)",
  sources: [OWN],
} as const;

export const CACHE = {
  mbAtLeast: 256,
  kbPerStudent: 256,
  rule: "256 MiB, and 256 KiB a student, for courses and strings; a full cache drops what is oldest",
  sources: [OWN],
} as const;

export const REDIS_MEMORY = {
  /** Share of a node's memory that data may take. */
  share: 0.75,
  /** Students up to whom a node may share its processors. */
  burstableUpTo: 1000,
  rule: "a quarter of a node stays free; on AWS, no burstable node for more than 1,000 students",
  sources: [
    {
      name: "Amazon ElastiCache, reserved-memory-percent",
      url: "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html",
    },
  ],
} as const;

export const NODES = {
  /** Processors and GiB of what runs beside web pods and workers: backup, install, controllers. */
  others: { cpu: 4, memoryGb: 8 },
  antivirus: { cpu: 1, memoryGb: 4 },
  /** On Google Cloud, the limit counts the nodes of the system pool as well. */
  systemPool: { aws: { cpu: 0, memoryGb: 0 }, google: { cpu: 12, memoryGb: 48 } },
  /** What a node keeps for itself and cannot fill. */
  slack: 1.25,
  memoryGbPerCpu: 4,
  /** Limits are rounded up to this many processors. */
  step: 8,
  rule: "room for twice the most web pods, which an upgrade needs, for all workers, for models at their most replicas, once more where two versions run side by side, and a quarter more that nodes cannot fill; 4 GiB a processor; a limit, not what is bought",
  sources: [OWN],
} as const;

export const SHARED_FILES = {
  mbPerStudent: 50,
  /** Of Filestore, in GiB: the least that there is, for all the students that a size is for. */
  leastGb: 1024,
  rule: "50 MiB a student for uploads on their way to the bucket and for course backups; where all files stay here, it is the courses that count",
  sources: [OWN],
} as const;
