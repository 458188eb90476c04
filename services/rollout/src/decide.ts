import { type Policy, type Rollout, type Served, wanted } from "./rollout";
import type { GateAnswer, Idle, Progressing, Restoring, State, Withdrawing } from "./state";

/** What a mode says of the objects that are there. */
export interface Observation {
  /** Whether the state is in effect: the objects are what it says, and the controllers behind them have followed. */
  readonly settled: boolean;
  /** What is waited for, where it is not. */
  readonly waitingFor?: string;
  /** Name of the newest revision, in mode Knative. */
  readonly latestCreatedRevision?: string;
  /** In mode Knative, where the candidate was ready and has failed since: whether a share of the traffic or all of it is stuck to it. */
  readonly stuck?: "share" | "all";
}

/** What a step means to whoever watches: a Kubernetes event. */
export interface Transition {
  readonly reason:
    | "Adopted"
    | "Installed"
    | "Started"
    | "Stepped"
    | "Promoted"
    | "RolledBack"
    | "Superseded"
    | "Restored"
    | "Retried";
  readonly message: string;
}

export interface Decision {
  readonly state: State;
  /** Present where a step is taken; other changes of the state only note what was seen. */
  readonly transition?: Transition;
}

export interface Situation {
  readonly rollout: Rollout;
  readonly state: State;
  readonly observed: Observation;
  /** What Prometheus says of the candidate since the step took effect; absent where nobody asked. */
  readonly gate?: GateAnswer;
  /** A person asks for another try of what was refused. */
  readonly retry?: boolean;
  readonly now: Date;
}

/**
 * Time after which all traffic that is still stuck to a candidate that is withdrawn is no passing failure: three runs.
 * One that is ready again before loses it at once; with the old manifest at 100 percent it has all of it until the old
 * version has started anew.
 */
const STUCK_SECONDS = 180;

/** Whether a decision needs the gate's answer: a share of the traffic goes to the candidate. */
export function needsGate(state: State): state is Progressing & { settledAt: string } {
  return state.phase === "Progressing" && state.settledAt !== undefined && state.percent > 0;
}

/** The one step that follows, if any. Pure: the same situation gives the same decision. */
export function decide(situation: Situation): Decision {
  const { state } = situation;
  switch (state.phase) {
    case "Idle":
      return decideIdle(situation, state);
    case "Progressing":
      return decideProgressing(situation, state);
    case "Withdrawing":
      return decideWithdrawing(situation, state);
    case "Restoring":
      return decideRestoring(situation, state);
  }
}

/** The state of a model that nothing serves yet, or that something serves which is not the rollout's own. */
export function begin(rollout: Rollout, adopted: Served | undefined, now: Date): Decision {
  const stable = adopted ?? wanted(rollout);
  const since = now.toISOString();
  return {
    state: { phase: "Idle", mode: rollout.mode, since, stable, proven: adopted !== undefined },
    transition:
      adopted === undefined
        ? { reason: "Installed", message: `${stable.version} is the first version` }
        : { reason: "Adopted", message: `${stable.version} is served already` },
  };
}

function decideIdle({ rollout, observed, retry, now }: Situation, state: Idle): Decision {
  const { mode, stable, refused } = state;
  const next = wanted(rollout);
  const since = now.toISOString();
  if (next.id === stable.id) {
    return { state: settle({ ...state, refused: undefined, proven: state.proven || observed.settled }, observed, now) };
  }
  if (!state.proven && !observed.settled) {
    const message = `${stable.version} never became ready: nothing is lost with it`;
    return {
      state: { phase: "Idle", mode, since, stable: next, proven: false },
      transition: { reason: "Installed", message },
    };
  }
  if (next.id === refused?.id) {
    if (retry !== true) return { state: settle(state, observed, now) };
    const message = `${next.version} is tried again`;
    return { state: { ...state, refused: undefined }, transition: { reason: "Retried", message } };
  }
  // Whatever came before must be over, or two rollouts would share the traffic.
  if (!observed.settled) return { state };
  const percent = firstPercent(rollout);
  return {
    state: {
      phase: "Progressing",
      mode,
      since,
      stable,
      proven: true,
      candidate: next,
      percent,
      revision: observed.latestCreatedRevision,
    },
    transition: { reason: "Started", message: `${next.version} gets ${percent} percent beside ${stable.version}` },
  };
}

/** A Knative revision gets nothing until it is ready; an InferenceService of its own must be waited for. */
function firstPercent({ mode, policy }: Rollout): number {
  return mode === "Knative" ? (policy.steps[0] ?? 100) : 0;
}

function decideProgressing({ rollout, observed, gate, now }: Situation, state: Progressing): Decision {
  const { mode, stable, candidate, percent } = state;
  const { policy } = rollout;
  const since = now.toISOString();
  const next = wanted(rollout);
  if (next.id !== candidate.id) {
    const message = `${next.version} is wanted instead of ${candidate.version}`;
    return { state: withdraw(state, now), transition: { reason: "Superseded", message } };
  }
  const seen = unsettle(settle({ ...state, ...(gate === undefined ? {} : { gate }) }, observed, now), observed, now);
  if (gate?.verdict === "breach") return rollBack(seen, gate.reason, now);
  if (!observed.settled) {
    const since = seen.unsettledSince ?? seen.since;
    if (secondsSince(since, now) <= policy.deadlineSeconds) return { state: seen };
    const what = seen.settledAt === undefined ? "not in effect after" : "in effect no more for";
    return rollBack(seen, `${what} ${policy.deadlineSeconds} s: ${observed.waitingFor ?? "unknown"}`, now);
  }
  if (!isHeld(seen, policy, gate, now)) return { state: seen };
  const following = policy.steps.find((step) => step > percent);
  if (following !== undefined) {
    const stepped = { ...seen, since, percent: following, settledAt: undefined };
    const message = `${candidate.version} gets ${following} percent beside ${stable.version}`;
    return { state: stepped, transition: { reason: "Stepped", message } };
  }
  return {
    state: { phase: "Idle", mode, since, stable: candidate, proven: true, gate },
    transition: { reason: "Promoted", message: `${candidate.version} replaces ${stable.version}` },
  };
}

/** Nothing goes to a candidate at 0 percent, so nothing can be asked of it but that it is ready. */
function isHeld(state: Progressing, policy: Policy, gate: GateAnswer | undefined, now: Date): boolean {
  if (state.percent === 0) return true;
  // A step that was seen just now has no window in which its requests could have been counted.
  if (state.settledAt === undefined || gate?.verdict !== "good") return false;
  return secondsSince(state.settledAt, now) >= policy.holdSeconds;
}

function decideWithdrawing({ rollout, observed, now }: Situation, state: Withdrawing): Decision {
  const { mode, stable, refused } = state;
  const since = now.toISOString();
  const restored: Idle = { phase: "Idle", mode, since, stable, proven: true, refused };
  const message = `all traffic goes to ${stable.version}`;
  const revision = observed.latestCreatedRevision;
  const made = mode === "Knative" && revision !== undefined && revision !== state.revision;
  if (observed.settled) {
    if (!made) return { state: restored, transition: { reason: "Restored", message } };
    return { state: restoring(state, revision, 0, now) };
  }
  // The old manifest brings a revision to which traffic can be given.
  if (made && observed.stuck === "share") return { state: restoring(state, revision, 0, now) };
  if (made && observed.stuck === "all" && secondsSince(state.since, now) >= STUCK_SECONDS) {
    return { state: restoring(state, revision, 100, now) };
  }
  // No revision of the candidate was ever made: what serves is stable's own, and needs no percentage.
  const late = secondsSince(state.since, now) > rollout.policy.deadlineSeconds;
  if (mode === "Knative" && !made && late) return { state: restored, transition: { reason: "Restored", message } };
  return { state: settle(state, observed, now) };
}

function decideRestoring({ observed, now }: Situation, state: Restoring): Decision {
  if (!observed.settled) return { state };
  const { mode, stable, refused } = state;
  return {
    state: { phase: "Idle", mode, since: now.toISOString(), stable, proven: true, refused },
    transition: { reason: "Restored", message: `all traffic goes to ${stable.version}` },
  };
}

function rollBack(state: Progressing, reason: string, now: Date): Decision {
  const { candidate, percent } = state;
  const refused = { id: candidate.id, version: candidate.version, at: now.toISOString(), reason };
  const message = `${candidate.version} loses its ${percent} percent: ${reason}`;
  return { state: { ...withdraw(state, now), refused }, transition: { reason: "RolledBack", message } };
}

function withdraw({ mode, stable, candidate, revision, refused }: Progressing, now: Date): Withdrawing {
  return { phase: "Withdrawing", mode, since: now.toISOString(), stable, proven: true, candidate, revision, refused };
}

function restoring(
  { mode, stable, refused }: Withdrawing,
  withdrawnRevision: string,
  percent: Restoring["percent"],
  now: Date,
): Restoring {
  const since = now.toISOString();
  return { phase: "Restoring", mode, since, stable, proven: true, refused, withdrawnRevision, percent };
}

/** Notes when the state was first seen to be in effect. */
function settle<S extends State>(state: S, { settled }: Observation, now: Date): S {
  return settled && state.settledAt === undefined ? { ...state, settledAt: now.toISOString() } : state;
}

/** Notes since when a step that was in effect is so no more; where it is again, it is so from now on. */
function unsettle(state: Progressing, { settled }: Observation, now: Date): Progressing {
  // What it was meanwhile counts neither as held nor for the gate.
  if (settled && state.unsettledSince !== undefined) {
    return { ...state, unsettledSince: undefined, settledAt: now.toISOString() };
  }
  if (settled || state.settledAt === undefined || state.unsettledSince !== undefined) return state;
  return { ...state, unsettledSince: now.toISOString() };
}

/** A clock that was set back must not shorten anything: it gives 0. */
function secondsSince(time: string, now: Date): number {
  return Math.max(0, (now.getTime() - Date.parse(time)) / 1000);
}
