import type { MoodleScalePolicySpec } from "@moodle-platform/api";
import { DateTime, IANAZone } from "luxon";

/** Bounds of a site's autoscaler, why they are so, and until when. */
export interface Bounds {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Names of the exams that are in effect. */
  readonly exams: readonly string[];
  /** Milliseconds since 1970; undefined where nothing changes any more. */
  readonly nextChange?: number;
}

/** When the pods of an exam are wanted: from its start less the lead time, up to its end. */
interface Window {
  readonly from: number;
  readonly until: number;
  readonly name: string;
  readonly minReplicas: number;
  readonly maxReplicas?: number;
}

/** An exam is in a time zone that nobody knows. */
export class UnknownTimeZone extends Error {
  override readonly name = "UnknownTimeZone";

  constructor(readonly timeZone: string) {
    super(`"${timeZone}" is no time zone: use a name of the IANA database, such as Europe/Vienna or Etc/UTC`);
  }
}

/**
 * The bounds at a moment. Where exams overlap, the highest hold; a maximum is never below the minimum that holds.
 *
 * @throws UnknownTimeZone
 */
export function boundsAt(policy: MoodleScalePolicySpec, now: number): Bounds {
  const windows = windowsOf(policy);
  const current = windows.filter(({ from, until }) => from <= now && now < until);
  const minReplicas = Math.max(policy.minReplicas, ...current.map((window) => window.minReplicas));
  const maxima = current.map((window) => window.maxReplicas ?? 0);
  const changes = windows.flatMap(({ from, until }) => [from, until]).filter((time) => time > now);
  return {
    minReplicas,
    maxReplicas: Math.max(policy.maxReplicas, minReplicas, ...maxima),
    exams: current.map(({ name }) => name).sort(),
    nextChange: changes.length === 0 ? undefined : Math.min(...changes),
  };
}

/** Time zones cost time, and a specification does not change once it is read. */
const known = new WeakMap<MoodleScalePolicySpec, readonly Window[]>();

function windowsOf(policy: MoodleScalePolicySpec): readonly Window[] {
  const windows = known.get(policy) ?? policy.exams.map((exam) => windowOf(exam, policy.timeZone));
  known.set(policy, windows);
  return windows;
}

function windowOf(exam: MoodleScalePolicySpec["exams"][number], standard: string): Window {
  const { name, minReplicas, maxReplicas } = exam;
  const zone = exam.timeZone ?? standard;
  const until = lastMoment(exam.end, zone);
  const start = firstMoment(exam.start, zone);
  return { from: start - exam.leadMinutes * 60_000, until, name, minReplicas, maxReplicas };
}

/** Of a time that the clocks show twice, the first; one that they skip is moved on by as much. */
function firstMoment(local: string, timeZone: string): number {
  return Math.min(...moments(local, timeZone));
}

function lastMoment(local: string, timeZone: string): number {
  return Math.max(...moments(local, timeZone));
}

function moments(local: string, timeZone: string): number[] {
  if (!IANAZone.isValidZone(timeZone)) throw new UnknownTimeZone(timeZone);
  const time = DateTime.fromISO(local, { zone: timeZone });
  return time.getPossibleOffsets().map((one) => one.toMillis());
}
