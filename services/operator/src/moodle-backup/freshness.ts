import type { MoodleBackupSpec, MoodleBackupStatus } from "@moodle-platform/api";
import type { Finding } from "../kernel/conditions";
import type { Workload } from "../release/readiness";

/** What is judged by its age: a prune that did not run leaves too much, not too little. */
const JUDGED = ["snapshot", "verify", "drill"] as const;

export interface Freshness {
  readonly finding: Finding;
  readonly runs: NonNullable<MoodleBackupStatus["runs"]>;
  /** Milliseconds until something becomes too old by time alone. */
  readonly again?: number;
}

/** How old the last success of everything is that is scheduled. CronJobs know it. */
export function freshnessOf(spec: MoodleBackupSpec, cronJobs: readonly Workload[], now: number): Freshness {
  const runs = Object.keys(spec.values.schedules)
    .sort()
    .map((command) => runOf(command, cronJobs));
  const scheduled = JUDGED.filter((command) => spec.values.schedules[command] !== undefined);
  const ages = scheduled.map((command) => {
    const limit = spec.maxAgeHours[command] * 3_600_000;
    const { lastSuccess, since } = successOf(command, cronJobs);
    return { command, lastSuccess, limit, age: since === undefined ? 0 : now - since };
  });
  const old = ages.filter(({ age, limit }) => age > limit);
  const left = ages.map(({ age, limit }) => limit - age).filter((time) => time >= 0);
  return { finding: findingOf(ages, old), runs, again: left.length === 0 ? undefined : Math.min(...left) + 1000 };
}

interface Age {
  readonly command: string;
  readonly lastSuccess?: string;
  readonly limit: number;
}

function findingOf(ages: readonly Age[], old: readonly Age[]): Finding {
  const type = "BackupFresh";
  if (old.length > 0) {
    const message = old.map(({ command, lastSuccess, limit }) => {
      const last = lastSuccess === undefined ? "never succeeded" : `last succeeded at ${lastSuccess}`;
      return `${command} ${last}, which must not be more than ${limit / 3_600_000} hours ago`;
    });
    return { type, status: "False", reason: "TooOld", message: message.join("; ") };
  }
  if (ages.some(({ command, lastSuccess }) => command === "snapshot" && lastSuccess === undefined)) {
    return { type, status: "Unknown", reason: "NoSnapshotYet", message: "the first snapshot has not been made" };
  }
  return { type, status: "True", reason: "Fresh", message: "" };
}

/** Until the first success, the age of the CronJob counts. */
function successOf(command: string, cronJobs: readonly Workload[]) {
  const cronJob = find(command, cronJobs);
  const lastSuccess = cronJob?.status?.lastSuccessfulTime;
  const since = lastSuccess ?? cronJob?.metadata.creationTimestamp;
  return { lastSuccess, since: since === undefined ? undefined : Date.parse(since) };
}

function runOf(command: string, cronJobs: readonly Workload[]) {
  const { lastScheduleTime, lastSuccessfulTime } = find(command, cronJobs)?.status ?? {};
  return { command, lastSchedule: lastScheduleTime, lastSuccess: lastSuccessfulTime };
}

function find(command: string, cronJobs: readonly Workload[]): Workload | undefined {
  return cronJobs.find(({ metadata }) => metadata.labels?.["app.kubernetes.io/component"] === command);
}
