import type { ReleaseStatus } from "@moodle-platform/api";
import type { ReleaseRecord } from "../helm/records";
import type { Readiness } from "./readiness";

/** Everything that decides on the next step of a release. Times are milliseconds since 1970. */
export interface Observed {
  /** Whose the release is, where it is not the resource's. */
  readonly owner?: string;
  /** Digest of chart and values that the specification asks for. */
  readonly digest: string;
  readonly generation: number;
  /** Revisions, newest first. */
  readonly records: readonly ReleaseRecord[];
  readonly verified?: ReleaseStatus["verified"];
  readonly failure?: ReleaseStatus["failure"];
  /** Of the newest revision's objects. */
  readonly readiness: Readiness;
  /** What Helm said last, where this process heard it. */
  readonly helmError?: string;
  /** Whether a rollback could harm: the newest revision has begun to change the database to another version. */
  readonly cannotGoBack: boolean;
  readonly rollout: { readonly timeoutSeconds: number; readonly attempts: number; readonly test: boolean };
  readonly now: number;
}

/** The next step of a release. */
export type Step =
  /** Nothing to do: what is asked for is in place, and was tested. */
  | { readonly kind: "rest"; readonly revision: number }
  /** Helm was interrupted: the record of its half revision goes, and what it made is taken over by the next. */
  | { readonly kind: "unlock"; readonly record: ReleaseRecord }
  | { readonly kind: "upgrade" }
  /** Whether it is tested, or ready is enough. */
  | { readonly kind: "verify"; readonly revision: number; readonly test: boolean }
  | { readonly kind: "wait"; readonly reason: WaitReason; readonly until: number; readonly message: string }
  /** A failure is written down before anything is done about it, and counts once whoever finds it. */
  | { readonly kind: "fail"; readonly failure: NonNullable<ReleaseStatus["failure"]> }
  | { readonly kind: "rollback"; readonly revision: number }
  | { readonly kind: "uninstall" }
  | { readonly kind: "stalled"; readonly reason: StallReason; readonly message: string };

export type WaitReason = "Progressing" | "BackingOff" | "HelmRunsElsewhere";

export type StallReason = "RolledBack" | "RolloutFailed" | "NeedsRestore" | "ReleaseTaken";

/** Milliseconds before another try, by the number of failures. */
const RETRY = { first: 15_000, longest: 300_000 };

/**
 * Observe, unlock a pending release, install or upgrade, test, roll back, give up after so many failures. A pure function:
 * whatever was interrupted, the next step follows from what is there.
 */
export function planRelease(observed: Observed): Step {
  const { records, digest, owner } = observed;
  const [latest] = records;
  if (latest === undefined) return tryAgain(observed) ?? { kind: "upgrade" };
  if (owner !== undefined) {
    const message = `the release is that of ${owner}: choose another name`;
    return { kind: "stalled", reason: "ReleaseTaken", message };
  }
  if (latest.status.startsWith("pending-")) return unlock(observed, latest);
  if (latest.status === "uninstalling") return { kind: "uninstall" };
  if (latest.status === "deployed" && latest.digest === digest) return settle(observed, latest);
  if (latest.digest === digest)
    return fail(observed, latest, observed.helmError ?? "Helm could not put the revision in place");
  return change(observed, latest);
}

/** The operator runs Helm for a release once at a time, and it alone: a pending revision of its own was interrupted. */
function unlock({ rollout, now }: Observed, record: ReleaseRecord): Step {
  const until = record.made + rollout.timeoutSeconds * 1000;
  if (record.digest !== undefined || now >= until) return { kind: "unlock", record };
  const message = `revision ${record.revision} is ${record.status}, and not by the operator`;
  return { kind: "wait", reason: "HelmRunsElsewhere", until, message };
}

/** What is asked for is in place: is it ready, does it pass? */
function settle(observed: Observed, latest: ReleaseRecord): Step {
  const { verified, digest, readiness, rollout, now } = observed;
  if (verified?.revision === latest.revision) return { kind: "rest", revision: latest.revision };
  const written = observed.failure?.revision === latest.revision ? observed.failure : undefined;
  // Rolled back to what was there before, and now asked for again.
  const isKnown = verified?.digest === digest;
  // What was late and is ready now has not failed; what failed its test when it was ready has.
  if (readiness.state === "ready" && (isKnown || written?.tested !== true)) {
    return { kind: "verify", revision: latest.revision, test: !isKnown && rollout.test };
  }
  if (written !== undefined) return fail(observed, latest, written.message);
  if (readiness.state !== "progressing") return fail(observed, latest, readiness.message);
  const until = latest.made + rollout.timeoutSeconds * 1000;
  if (now < until) return { kind: "wait", reason: "Progressing", until, message: readiness.message };
  return fail(observed, latest, `not ready in ${rollout.timeoutSeconds} seconds: ${readiness.message}`);
}

/** What is asked for failed, and is still in place. */
function fail(observed: Observed, latest: ReleaseRecord, message: string): Step {
  const { records, verified, digest, generation, failure, readiness, cannotGoBack, now } = observed;
  const begun = cannotGoBack || undefined;
  if (failure?.revision !== latest.revision || failure.digest !== digest) {
    const time = new Date(now).toISOString();
    const count = attempts(observed) + 1;
    return { kind: "fail", failure: { digest, generation, revision: latest.revision, count, message, time, begun } };
  }
  // Somebody asks for the same again, after what they mended.
  if (failure.generation !== generation) return { kind: "upgrade" };
  if (cannotGoBack) {
    // The Job that shows it goes in time: it is written down.
    if (failure.begun !== true) return { kind: "fail", failure: { ...failure, begun } };
    const remedy =
      readiness.state === "progressing"
        ? "the upgrade may still end well: see the log of its Job before you restore the snapshot"
        : "the database may already be the new version's: mend the cause, or restore the snapshot";
    return { kind: "stalled", reason: "NeedsRestore", message: `${failure.message}; ${remedy}` };
  }
  const good = records.find((record) => record.revision === verified?.revision && record.revision < latest.revision);
  if (good !== undefined) return { kind: "rollback", revision: good.revision };
  const again = tryAgain(observed);
  if (again !== undefined) return again;
  // The same once more: its Job runs anew, and Helm writes another revision.
  return { kind: "upgrade" };
}

/** Something else is in place than what is asked for. */
function change(observed: Observed, latest: ReleaseRecord): Step {
  const { verified, records, digest } = observed;
  const failedBefore = attempts(observed) > 0;
  // The rollback that a failure asked for was not the last thing to happen.
  if (failedBefore && latest.status !== "deployed" && latest.digest !== digest) {
    const good = records.find((record) => record.revision === verified?.revision);
    if (good !== undefined) return { kind: "rollback", revision: good.revision };
  }
  return tryAgain(observed) ?? { kind: "upgrade" };
}

/** Undefined where another try may begin. */
function tryAgain(observed: Observed): Step | undefined {
  const { failure, rollout, now, records, digest } = observed;
  const count = attempts(observed);
  if (failure === undefined || count === 0) return undefined;
  if (count >= rollout.attempts) {
    const isBack = records[0] !== undefined && records[0].digest !== digest;
    const message = `failed ${count} times, last: ${failure.message}`;
    return { kind: "stalled", reason: isBack ? "RolledBack" : "RolloutFailed", message };
  }
  const until = Date.parse(failure.time) + Math.min(RETRY.longest, RETRY.first * 2 ** (count - 1));
  if (now >= until) return undefined;
  return { kind: "wait", reason: "BackingOff", until, message: `failed ${count} times, last: ${failure.message}` };
}

/** Failures of this very specification. */
function attempts({ failure, digest, generation }: Observed): number {
  return failure !== undefined && failure.digest === digest && failure.generation === generation ? failure.count : 0;
}
