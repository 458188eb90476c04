/** Runs, kills, controllers that follow late and in any order, and answers of Prometheus, at random. */
import fc from "fast-check";
import type { Measurement } from "../../../services/rollout/src/gate";
import type { State } from "../../../services/rollout/src/state";
import { type Fault, Killed } from "./support/fake-cluster";
import { FAILING, FEW, GOOD, NAN, SILENT, SLOW } from "./support/fake-prometheus";
import { POLICY, World } from "./support/world";

type Event =
  | { readonly kind: "run"; readonly minutes: number; readonly fault?: Fault }
  | { readonly kind: "controller"; readonly turn: (typeof TURNS)[number] }
  | { readonly kind: "follow" }
  | { readonly kind: "crash" | "recover" }
  | { readonly kind: "answer"; readonly answer: Measurement | Error }
  | { readonly kind: "want"; readonly version: string };

const TURNS = ["reconcileService", "reconcileConfiguration", "becomeReady", "reconcileRoute", "status"] as const;
const ANSWERS = [GOOD, FAILING, SLOW, SILENT, NAN, FEW, new Error("connect ECONNREFUSED")];

const fault = fc.record({ write: fc.integer({ min: 1, max: 3 }), when: fc.constantFrom("before", "after") });
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("run"), minutes: fc.integer({ min: 0, max: 30 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("run"), minutes: fc.constant(1), fault }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("controller"), turn: fc.constantFrom(...TURNS) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("follow") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("crash", "recover") }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("answer"), answer: fc.constantFrom(...ANSWERS) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("want"), version: fc.constantFrom("v1.2.0", "v1.3.0", "v1.4.0") }),
  },
);

/** A world in which every step is held against the promises. */
class Watched extends World {
  /** The largest share that each version was ever granted. */
  readonly granted = new Map<string, number>([["v1.2.0", 100]]);
  private before: State | undefined;

  async happen(what: Event): Promise<void> {
    switch (what.kind) {
      case "run":
        return this.runWith(what);
      case "controller":
        return this.turn(what.turn);
      case "follow":
        return this.follow();
      case "crash":
        return this.crash();
      case "recover":
        return this.recover();
      case "answer":
        this.prometheus.answer = what.answer;
        return;
      case "want":
        return this.want(what.version);
    }
  }

  recover(): void {
    for (const version of this.kserve.broken) this.kserve.recover(version);
  }

  async watch(): Promise<void> {
    const state = await this.state();
    if (state !== undefined) this.check(state);
    this.before = state;
    for (const [version, most] of this.granted) expect(this.kserve.shareOf(version)).toBeLessThanOrEqual(most);
  }

  private async runWith({ minutes, fault }: Extract<Event, { kind: "run" }>): Promise<void> {
    if (fault !== undefined) this.cluster.fault = { ...fault, write: this.cluster.writes + fault.write };
    await this.run(minutes).catch((error) => {
      if (!(error instanceof Killed)) throw error;
    });
    this.cluster.fault = undefined;
  }

  /** The candidate's pods, and KServe says so. */
  private crash(): void {
    if (this.before?.phase !== "Progressing") return;
    this.kserve.crash(this.before.candidate.version);
    this.turn("status");
  }

  private turn(turn: (typeof TURNS)[number]): void {
    const service = this.cluster.objects.get("InferenceService/bert");
    if (service === undefined) return;
    if (turn === "reconcileService") this.kserve.reconcileService(service);
    else if (turn === "status") this.cluster.setStatus("InferenceService", "bert", this.kserve.status());
    else this.kserve[turn]();
  }

  private check(state: State): void {
    const { before } = this;
    if (state.phase === "Progressing") {
      const granted = this.granted.get(state.candidate.version) ?? 0;
      this.granted.set(state.candidate.version, Math.max(granted, state.percent));
    } else if (!this.granted.has(state.stable.version)) {
      this.granted.set(state.stable.version, 100);
    }
    if (before?.phase !== "Progressing") return;
    const { candidate, percent, settledAt, since } = before;
    const isStep = state.phase === "Progressing" && state.percent > percent;
    const isPromotion = state.phase === "Idle" && state.stable.id === candidate.id;
    if (isPromotion) expect(percent).toBe(100);
    if (isStep) expect(POLICY.steps[POLICY.steps.indexOf(percent) + 1]).toBe(state.percent);
    if (!isStep && !isPromotion) return;
    expect(this.prometheus.answer).toBe(GOOD);
    expect(this.kserve.broken).not.toContain(candidate.version);
    expect(Date.parse(settledAt ?? "")).toBeGreaterThanOrEqual(Date.parse(since));
    expect(this.time - Date.parse(settledAt ?? "")).toBeGreaterThanOrEqual(POLICY.holdSeconds * 1000);
  }
}

async function begin(events: Event[]): Promise<Watched> {
  const world = new Watched();
  await world.serve("v1.2.0");
  for (const one of events) {
    await world.happen(one);
    await world.watch();
  }
  return world;
}

const isAtRest = ({ phase, settledAt }: State) => phase === "Idle" && settledAt !== undefined;

test("whatever happens, no step without enough good requests, and no share beyond what was granted", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
      await begin(events);
    }),
    { numRuns: 60 },
  );
});

test("whatever happened, a good version ends with all traffic and no percentage", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
      const world = await begin(events);
      world.recover();
      world.want("v2.0.0");
      world.prometheus.answer = GOOD;
      const state = await world.until((one) => isAtRest(one) && one.stable.version === "v2.0.0", 20);
      world.follow();
      expect(state.refused).toBeUndefined();
      expect(world.percentage).toBeUndefined();
      expect(world.kserve.shareOf("v2.0.0")).toBe(100);
    }),
    { numRuns: 25 },
  );
});

test("whatever happened, a failing version ends with no traffic, and the one before it has all", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
      const world = await begin(events);
      world.recover();
      world.want("v2.0.0");
      world.prometheus.answer = FAILING;
      const state = await world.until((one) => isAtRest(one) && one.refused?.version === "v2.0.0", 20);
      world.follow();
      expect(world.percentage).toBeUndefined();
      expect(world.kserve.shareOf("v2.0.0")).toBe(0);
      expect(world.kserve.shareOf(state.stable.version)).toBe(100);
    }),
    { numRuns: 25 },
  );
});
