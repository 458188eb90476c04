import { Log } from "../../../../services/rollout/src/log";
import { reconcile } from "../../../../services/rollout/src/reconcile";
import type { Policy, Rollout } from "../../../../services/rollout/src/rollout";
import type { State } from "../../../../services/rollout/src/state";
import { readKept } from "../../../../services/rollout/src/store";
import { FakeCluster } from "./fake-cluster";
import { FakePrometheus } from "./fake-prometheus";
import { KnativeModel } from "./knative-model";

export const POLICY: Policy = {
  steps: [10, 25, 50, 100],
  holdSeconds: 600,
  maximumErrorRate: 0.01,
  maximumLatencyP95Seconds: 1.5,
  minimumSamples: 100,
  deadlineSeconds: 3600,
};

export function asked(version: string, mode: Rollout["mode"] = "Knative", policy: Partial<Policy> = {}): object {
  const spec = {
    predictor: { model: { modelFormat: { name: "sklearn" }, storageUri: `s3://models/bert/${version}` } },
  };
  const annotations = { "serving.kserve.io/deploymentMode": mode };
  const route = { parentRefs: [{ name: "gateway" }], hostnames: ["bert.example.edu"], metrics: "istio" };
  return {
    model: "bert",
    version,
    mode,
    policy: { ...POLICY, ...policy },
    metadata: { annotations },
    spec,
    ...(mode === "Standard" ? { route } : {}),
  };
}

/** A model, what serves it, and the clock: everything around the program. */
export class World {
  readonly cluster = new FakeCluster();
  readonly prometheus = new FakePrometheus();
  readonly kserve = new KnativeModel("bert");
  readonly lines: Record<string, unknown>[] = [];
  time = Date.parse("2026-03-01T08:00:00Z");
  private readonly log = new Log((line) => this.lines.push(JSON.parse(line)));

  /** What Helm writes. */
  want(version: string, mode?: Rollout["mode"], policy?: Partial<Policy>): void {
    this.cluster.put({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "bert-rollout" },
      data: { "rollout.json": JSON.stringify(asked(version, mode, policy)) },
    });
  }

  /** One run of the program, `minutes` after the last. */
  async run(minutes = 1): Promise<State | undefined> {
    this.time += minutes * 60_000;
    const now = () => new Date(this.time);
    return reconcile("bert", { cluster: this.cluster, prometheus: this.prometheus, now, log: this.log });
  }

  /** Lets KServe and Knative come to rest. */
  follow(): void {
    const service = this.cluster.objects.get("InferenceService/bert");
    if (service !== undefined) this.cluster.setStatus("InferenceService", "bert", this.kserve.settle(service));
  }

  /** A run, and what follows in the cluster. */
  async step(minutes = 1): Promise<State | undefined> {
    const state = await this.run(minutes);
    this.follow();
    return state;
  }

  /** Steps until something is so. */
  async until(isDone: (state: State) => boolean, minutes = 1, most = 200): Promise<State> {
    for (let steps = 0; steps < most; steps++) {
      const state = await this.step(minutes);
      if (state !== undefined && isDone(state)) return state;
    }
    throw new Error(`not after ${most} runs: ${JSON.stringify(await this.state())}`);
  }

  async state(): Promise<State | undefined> {
    return (await readKept(this.cluster, "bert"))?.state;
  }

  /** Version `from` serves everything, and is known to. */
  async serve(from: string): Promise<void> {
    this.want(from);
    await this.until(({ phase, settledAt }) => phase === "Idle" && settledAt !== undefined);
  }

  get percentage(): number | undefined {
    const { spec } = this.cluster.objects.get("InferenceService/bert") ?? { spec: { predictor: {} } };
    return (spec as { predictor: { canaryTrafficPercent?: number } }).predictor.canaryTrafficPercent;
  }

  /** Reasons of the events, in order. */
  get reasons(): string[] {
    return this.lines.flatMap(({ reason, severity }) =>
      typeof reason === "string" && severity === "INFO" && /^[A-Z]/.test(reason) ? [reason] : [],
    );
  }
}
