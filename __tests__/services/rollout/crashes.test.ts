/** A run is killed at each of its writings in turn, before it reaches the API server and before the answer comes back. */
import type { State } from "../../../services/rollout/src/state";
import { type Fault, Killed } from "./support/fake-cluster";
import { FAILING, GOOD } from "./support/fake-prometheus";
import { World } from "./support/world";

const POLICY = { steps: [25, 100], holdSeconds: 60, deadlineSeconds: 300 };

/**
 * Serves v1.2.0, wants v1.3.0, and lets the rollout end. From `failsAt` on every answer of Prometheus is a breach, or the
 * candidate's pods crash.
 */
async function rollOut(
  failsAt: number | undefined,
  way: "answers" | "pods",
  fault?: Fault,
): Promise<{ world: World; highest: number }> {
  const world = new World();
  let highest = 0;
  world.cluster.fault = fault;
  world.want("v1.2.0", "Knative", POLICY);
  const isDone = ({ phase, settledAt }: State) => phase === "Idle" && settledAt !== undefined;
  const run = async (): Promise<State | undefined> => {
    try {
      return await world.step();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      // What a killed run has left behind is acted on as well.
      world.follow();
      return world.state();
    } finally {
      highest = Math.max(highest, world.kserve.shareOf("v1.3.0"));
    }
  };
  const until = async (isSo: (state: State) => boolean) => {
    for (let runs = 0; runs < 200; runs++) {
      const state = await run();
      if (state !== undefined && isSo(state)) return;
    }
    throw new Error("does not come to an end");
  };
  await until(isDone);
  world.want("v1.3.0", "Knative", POLICY);
  world.prometheus.answer = GOOD;
  if (failsAt !== undefined) {
    await until((state) => state.phase === "Progressing" && state.percent === failsAt && state.settledAt !== undefined);
    if (way === "answers") world.prometheus.answer = FAILING;
    else world.kserve.crash("v1.3.0");
    world.follow();
  }
  await until((state) => isDone(state) && (state.refused !== undefined || state.stable.version === "v1.3.0"));
  return { world, highest };
}

const WAYS: [failsAt: number | undefined, way: "answers" | "pods", served: string, highest: number][] = [
  [undefined, "answers", "v1.3.0", 100],
  [25, "answers", "v1.2.0", 25],
  [100, "answers", "v1.2.0", 100],
  [25, "pods", "v1.2.0", 25],
  [100, "pods", "v1.2.0", 100],
];

describe.each(WAYS)("a rollout that fails at %s percent by its %s", (failsAt, way, served, most) => {
  test("ends alike wherever it is killed, and gives no larger share than without", async () => {
    const { world } = await rollOut(failsAt, way);
    const { writes } = world.cluster;
    const revisions = world.kserve.revisions.length;
    expect(writes).toBeGreaterThan(15);
    for (let write = 1; write <= writes; write++) {
      for (const when of ["before", "after"] as const) {
        const killed = await rollOut(failsAt, way, { write, when });
        expect({ write, when, share: killed.world.kserve.shareOf(served) }).toEqual({ write, when, share: 100 });
        expect(killed.world.percentage).toBeUndefined();
        expect(killed.highest).toBe(most);
        // Nothing is done twice.
        expect(killed.world.kserve.revisions).toHaveLength(revisions);
      }
    }
  });
});
