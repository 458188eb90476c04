import type { Condition } from "@moodle-platform/api";

/** What a reconciler found: its time is known here. */
export type Finding = Pick<Condition, "type" | "status" | "reason" | "message">;

/** Conditions with these findings; a time moves only where a status does. Those not found any more are left out. */
export function withFindings(
  before: readonly Condition[] | undefined,
  findings: readonly Finding[],
  generation: number,
  now: string,
): Condition[] {
  return findings.map((finding) => {
    const known = before?.find(({ type }) => type === finding.type);
    const lastTransitionTime = known?.status === finding.status ? known.lastTransitionTime : now;
    return { ...finding, message: finding.message.slice(0, 4096), observedGeneration: generation, lastTransitionTime };
  });
}

/** Findings whose status or reason differ from what was: worth an event. */
export function transitions(before: readonly Condition[] | undefined, findings: readonly Finding[]): Finding[] {
  return findings.filter(({ type, status, reason }) => {
    const known = before?.find((condition) => condition.type === type);
    return known?.status !== status || known.reason !== reason;
  });
}
