import { begin, type Decision, decide, needsGate } from "./decide";
import { recordEvent } from "./events";
import { askGate } from "./gate";
import type { Cluster } from "./kubernetes/cluster";
import { describeError, type Log } from "./log";
import type { Prometheus } from "./metrics/prometheus";
import { knative } from "./modes/knative";
import { type Mode, owned } from "./modes/mode";
import { standard } from "./modes/standard";
import type { Rollout } from "./rollout";
import type { State } from "./state";
import { type Asked, readAsked, readKept, writeState } from "./store";

export interface Surroundings {
  readonly cluster: Cluster;
  readonly prometheus: Prometheus;
  readonly now: () => Date;
  readonly log: Log;
}

/** The mode was changed under a rollout. */
export class ModeChanged extends Error {
  override readonly name = "ModeChanged";
}

/**
 * One run for one model: observes, takes at most one step, writes it, and makes the objects what the state says. It may
 * die anywhere: the next one goes on from what is in the cluster. Returns the state, or undefined where Helm has no
 * ConfigMap for the model yet.
 */
export async function reconcile(model: string, surroundings: Surroundings): Promise<State | undefined> {
  const asked = await readAsked(surroundings.cluster, model);
  if (asked === undefined) {
    surroundings.log.warning("no ConfigMap asks for anything", { model });
    return undefined;
  }
  const { rollout } = asked;
  return rollout.mode === "Knative"
    ? reconcileIn(knative, { ...asked, rollout }, surroundings)
    : reconcileIn(standard, { ...asked, rollout }, surroundings);
}

async function reconcileIn<Live, R extends Rollout>(
  mode: Mode<Live, R>,
  { object, rollout }: Asked & { readonly rollout: R },
  { cluster, prometheus, now, log }: Surroundings,
): Promise<State> {
  const { model } = rollout;
  const owner = { apiVersion: "v1", kind: "ConfigMap", name: object.metadata.name, uid: object.metadata.uid ?? "" };
  const kept = await readKept(cluster, model);
  if (kept !== undefined && kept.state.mode !== rollout.mode) {
    throw new ModeChanged(
      `${model} is served in mode ${kept.state.mode}: remove it from the models before it has another`,
    );
  }
  const live = await mode.read(cluster, rollout);
  const at = now();

  const decideNow = async (): Promise<Decision> => {
    if (kept === undefined) return begin(rollout, mode.adopt(live, rollout), at);
    const { state, retry } = kept;
    const subject = needsGate(state) ? mode.subject(live, rollout, state) : undefined;
    const gate =
      subject && needsGate(state)
        ? await askGate(
            prometheus,
            { namespace: cluster.namespace, subject, from: new Date(state.settledAt), now: at },
            rollout.policy,
          )
        : undefined;
    const observed = mode.observe(live, rollout, state);
    const isRetry = retry !== undefined && retry === state.refused?.version;
    if (!observed.settled) log.info("waiting", { model, phase: state.phase, for: observed.waitingFor ?? "" });
    return decide({ rollout, state, observed, gate, retry: isRetry, now: at });
  };

  const { state, transition } = await decideNow();
  if (kept === undefined || JSON.stringify(state) !== JSON.stringify(kept.state)) {
    await writeState(cluster, model, state, kept, owner);
  }
  for (const wanted of mode.objects(live, rollout, state)) await cluster.apply(owned(wanted, owner));
  for (const { kind, name } of mode.obsolete(live, rollout, state)) {
    await cluster.delete(kind, name);
    log.info("deleted", { model, kind, name });
  }

  const { gate } = state;
  if (state.phase === "Progressing" && gate !== undefined) {
    log.info("gate", { model, version: state.candidate.version, percent: state.percent, ...gate });
  }
  if (transition !== undefined) {
    log.info(transition.message, { model, reason: transition.reason });
    // Nobody's traffic depends on an event.
    await recordEvent(cluster, object, transition, at).catch((error) =>
      log.warning("no event was written", { model, error: describeError(error) }),
    );
  }
  return state;
}
