import type { Finding } from "../kernel/conditions";
import type { MoodleCluster } from "../kernel/types";
import type { Workload } from "../release/readiness";
import type { Difference } from "./check";
import { describeDifference } from "./check";

/** Milliseconds between two checks after which objects were changed; other differences wait for the regular check. */
const SETTLE = 15_000;

interface Known {
  readonly revision: number;
  readonly fingerprint: string;
  readonly at: number;
}

/** When releases are due to be compared with the cluster. */
export class DriftSchedule {
  private readonly known = new Map<string, Known>();

  constructor(
    /** Milliseconds between regular checks of one release. */
    private readonly interval: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds until a release is to be compared; 0 where it is now. */
  due(key: string, revision: number, workloads: readonly Workload[], now: number): number {
    const fingerprint = fingerprintOf(workloads);
    const known = this.known.get(key);
    if (known === undefined) {
      // After a start not all at once: as if each had been compared at some time in the last interval.
      this.known.set(key, { revision, fingerprint, at: now - this.random() * this.interval });
      return this.due(key, revision, workloads, now);
    }
    const isChanged = known.revision !== revision || known.fingerprint !== fingerprint;
    return Math.max(0, known.at + (isChanged ? Math.min(SETTLE, this.interval) : this.interval) - now);
  }

  compared(key: string, revision: number, workloads: readonly Workload[], now: number): void {
    this.known.set(key, { revision, fingerprint: fingerprintOf(workloads), at: now });
  }

  forget(key: string): void {
    this.known.delete(key);
  }
}

/** What every drift ends in: a condition that says which objects differ and in which fields. */
export function driftFinding(found: readonly Difference[], isRepaired: boolean): Finding {
  if (found.length === 0) return { type: "Drifted", status: "False", reason: "InSync", message: "" };
  const message = found.map(describeDifference).join("; ");
  if (isRepaired) return { type: "Drifted", status: "False", reason: "Repaired", message: `repaired: ${message}` };
  return { type: "Drifted", status: "True", reason: "ObjectsDiffer", message };
}

/** The last one found, until there is another. */
export function lastDriftFinding({ spec, status }: MoodleCluster): Finding[] {
  const known = status?.conditions?.find(({ type }) => type === "Drifted");
  return spec.drift === "off" || known === undefined ? [] : [known];
}

function fingerprintOf(workloads: readonly Workload[]): string {
  return workloads
    .map(({ kind, metadata }) => `${kind}/${metadata.name}@${metadata.generation}`)
    .sort()
    .join(" ");
}
