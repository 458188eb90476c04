import fc from "fast-check";
import type { RecordStatus, ReleaseRecord } from "../../../../services/operator/src/helm/records";
import { type Observed, planRelease, type Step } from "../../../../services/operator/src/release/plan";

const ATTEMPTS = 3;

/** A cluster in which Helm is interrupted and revisions fail as they are told to, and an operator that forgets nothing but itself. */
class Simulation {
  records: ReleaseRecord[] = [];
  upgrades = 0;
  private verified: Observed["verified"];
  private failure: Observed["failure"];
  private now = 0;

  constructor(private readonly badDigests: ReadonlySet<string>) {}

  /** Takes one step; `isKilled` ends the operator in the middle of it. */
  step(digest: string, generation: number, isKilled: boolean): Step {
    const [latest] = this.records;
    const isBad = latest?.digest !== undefined && this.badDigests.has(latest.digest);
    const step = planRelease({
      digest,
      generation,
      records: this.records,
      verified: this.verified,
      failure: this.failure,
      readiness: isBad ? { state: "failed", message: "bad" } : { state: "ready", message: "" },
      cannotGoBack: false,
      rollout: { timeoutSeconds: 600, attempts: ATTEMPTS, test: true },
      now: this.now,
    });
    this.now += 1000;
    this.act(step, digest, isKilled);
    return step;
  }

  private act(step: Step, digest: string, isKilled: boolean): void {
    switch (step.kind) {
      case "upgrade":
        this.upgrades++;
        this.helm(digest, isKilled ? "pending-upgrade" : "deployed");
        break;
      case "rollback": {
        const good = this.records.find(({ revision }) => revision === step.revision);
        this.helm(good?.digest, isKilled ? "pending-rollback" : "deployed");
        break;
      }
      case "unlock":
        if (!isKilled) this.records = this.records.filter((record) => record !== step.record);
        break;
      case "verify":
        if (!isKilled) {
          this.verified = { revision: step.revision, digest };
          this.failure = undefined;
        }
        break;
      case "fail":
        if (!isKilled) this.failure = step.failure;
        break;
      case "wait":
        this.now = Math.max(this.now, step.until);
        break;
    }
  }

  private helm(digest: string | undefined, status: RecordStatus): void {
    const revision = (this.records[0]?.revision ?? 0) + 1;
    if (status === "deployed") {
      this.records = this.records.map((old) => (old.status === "deployed" ? { ...old, status: "superseded" } : old));
    }
    const object = { metadata: { name: `v${revision}` } };
    this.records.unshift({ revision, status, digest, kind: "MoodleCluster", made: this.now, object });
  }
}

const kills = fc.array(fc.boolean(), { maxLength: 40 });

/** Until there is nothing to do; at last without kills, which must be enough. */
function settle(simulation: Simulation, digest: string, generation: number, killed: readonly boolean[]): Step {
  for (const isKilled of killed) simulation.step(digest, generation, isKilled);
  for (let steps = 0; steps < 60; steps++) {
    const step = simulation.step(digest, generation, false);
    if (step.kind === "rest" || step.kind === "stalled") return step;
  }
  throw new Error("it never settles");
}

test("wherever it is killed, a good specification ends in place and tested, and then nothing is done any more", () => {
  fc.assert(
    fc.property(kills, (killed) => {
      const simulation = new Simulation(new Set());
      expect(settle(simulation, "one", 1, killed)).toMatchObject({ kind: "rest" });
      expect(simulation.records[0]).toMatchObject({ status: "deployed", digest: "one" });
      const { upgrades } = simulation;
      for (let times = 0; times < 5; times++) simulation.step("one", 1, false);
      expect(simulation.upgrades).toBe(upgrades);
    }),
  );
});

test("wherever it is killed, a bad specification ends rolled back and stalled", () => {
  fc.assert(
    fc.property(kills, kills, (before, killed) => {
      const simulation = new Simulation(new Set(["bad"]));
      settle(simulation, "one", 1, before);
      expect(settle(simulation, "bad", 2, killed)).toMatchObject({ kind: "stalled", reason: "RolledBack" });
      expect(simulation.records[0]).toMatchObject({ status: "deployed", digest: "one" });
    }),
  );
});

test("without kills a bad specification is tried as often as it may be, and no oftener", () => {
  const simulation = new Simulation(new Set(["bad"]));
  settle(simulation, "one", 1, []);
  settle(simulation, "bad", 2, []);
  expect(simulation.upgrades).toBe(1 + ATTEMPTS);
});

test("a first installation that is bad ends stalled, and a better one ends in place", () => {
  const simulation = new Simulation(new Set(["bad"]));
  expect(settle(simulation, "bad", 1, [])).toMatchObject({ kind: "stalled", reason: "RolloutFailed" });
  expect(settle(simulation, "one", 2, [])).toMatchObject({ kind: "rest" });
});
