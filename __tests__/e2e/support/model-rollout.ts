/** A model on the testbed: the real API server and Prometheus, and a model of the controllers between them. */
import { request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiServer } from "../../../services/rollout/src/kubernetes/api-server";
import { type Cluster, type Kind, RESOURCES } from "../../../services/rollout/src/kubernetes/cluster";
import { Log } from "../../../services/rollout/src/log";
import { PrometheusServer } from "../../../services/rollout/src/metrics/prometheus";
import { reconcile } from "../../../services/rollout/src/reconcile";
import type { Rollout } from "../../../services/rollout/src/rollout";
import type { State } from "../../../services/rollout/src/state";
import { KnativeModel } from "../../services/rollout/support/knative-model";
import { asked } from "../../services/rollout/support/world";
import { type Access, administratorAccess } from "./access";
import { get, kubectl } from "./testbed";

/** What each scrape adds to the counters of one pod or service, and what they hold. */
export class Traffic {
  private good = 0;
  private failed = 0;
  private isSilent = true;
  private rate = { good: 0, failed: 0 };

  /** Requests that come between two scrapes from now on. */
  comes(rate: { good: number; failed: number }): void {
    this.isSilent = false;
    this.rate = rate;
  }

  /** Nobody exposes anything. */
  falls(): void {
    this.isSilent = true;
  }

  /** The process that counts begins anew. */
  reset(): void {
    this.good = 0;
    this.failed = 0;
  }

  /** Metrics of Knative's queue-proxy in the revision's pod. */
  page(namespace: string, revision: string): string {
    if (this.isSilent) return "";
    this.good += this.rate.good;
    this.failed += this.rate.failed;
    const labels = `namespace="${namespace}",pod="${revision}-deployment-6d8c-x7k2p"`;
    const name = "kn_serving_invocation_duration_seconds";
    return [
      `${name}_count{${labels},http_response_status_code="200"} ${this.good}`,
      ...(this.failed === 0 ? [] : [`${name}_count{${labels},http_response_status_code="500"} ${this.failed}`]),
      `${name}_bucket{${labels},http_response_status_code="200",le="0.5"} ${this.good}`,
      `${name}_bucket{${labels},http_response_status_code="200",le="1"} ${this.good}`,
      `${name}_bucket{${labels},http_response_status_code="200",le="+Inf"} ${this.good}`,
      "",
    ].join("\n");
  }
}

/** One model in a namespace of its own, driven by the service account of charts/model-rollout. */
export class ModelOnTestbed {
  readonly kserve = new KnativeModel("bert");
  readonly traffic = new Traffic();
  /** Under the rights of a run. */
  readonly cluster: ApiServer;
  /** Under those of an administrator, without a process for each request. */
  private readonly administrator: ApiServer;
  private readonly surroundings: Omit<Parameters<typeof reconcile>[1], "cluster">;

  private constructor(
    readonly namespace: string,
    private readonly access: Access,
    token: string,
    prometheus: string,
  ) {
    const { server, caCertificate } = access;
    this.cluster = new ApiServer({ server, namespace, caCertificate, token: () => token });
    this.administrator = new ApiServer({ server, namespace, caCertificate, token: () => access.token });
    this.surroundings = {
      prometheus: new PrometheusServer({ url: prometheus }),
      now: () => new Date(),
      log: new Log(() => {}),
    };
  }

  static async create(namespace: string, prometheus: string): Promise<ModelOnTestbed> {
    const token = await kubectl(["create", "token", "model-rollout", "--namespace", namespace]);
    return new ModelOnTestbed(namespace, administratorAccess(), token.trim(), prometheus);
  }

  /** What Helm writes. */
  async want(version: string, mode: Rollout["mode"] = "Knative"): Promise<void> {
    const policy = { steps: [50, 100], holdSeconds: 3, minimumSamples: 20, deadlineSeconds: 600 };
    const data = { "rollout.json": JSON.stringify(asked(version, mode, policy)) };
    const metadata = { name: "bert-rollout" };
    await this.administrator.apply({ apiVersion: "v1", kind: "ConfigMap", metadata, data });
  }

  async run(cluster: Cluster = this.cluster): Promise<State | undefined> {
    return reconcile("bert", { ...this.surroundings, cluster });
  }

  /** Runs, with the controllers following each, until something is so. */
  async until(isDone: (state: State) => boolean, cluster?: Cluster): Promise<State> {
    for (let triesLeft = 120; triesLeft > 0; triesLeft--) {
      const state = await this.run(cluster).catch((error) => {
        if (cluster === undefined) throw error;
        return undefined;
      });
      await this.follow();
      if (state !== undefined && isDone(state)) return state;
      await sleep(250);
    }
    throw new Error("does not come to an end");
  }

  /** Sets the status that KServe would set. */
  private async follow(): Promise<void> {
    const service = await this.cluster.get("InferenceService", "bert");
    if (service !== undefined) await this.setStatus("InferenceService", "bert", this.kserve.settle(service));
  }

  async setStatus(kind: Kind, name: string, status: unknown): Promise<void> {
    const { server, caCertificate, token } = this.access;
    const { apiVersion, plural } = RESOURCES[kind];
    const url = `${server}/apis/${apiVersion}/namespaces/${this.namespace}/${plural}/${name}/status`;
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/merge-patch+json" };
    const code = await new Promise((done, failed) => {
      request(url, { method: "PATCH", ca: caCertificate, headers }, (response) => {
        response.resume().on("end", () => done(response.statusCode));
      })
        .on("error", failed)
        .end(JSON.stringify({ status }));
    });
    if (code !== 200) throw new Error(`the status of ${kind} ${name} is refused: ${code}`);
  }

  // biome-ignore lint/suspicious/noExplicitAny: JSON is asserted on field by field
  service(): Promise<any> {
    return get(["inferenceservice", "bert", "--show-managed-fields"], this.namespace);
  }

  /** Reasons of the events on the model's ConfigMap, in order. */
  async reasons(): Promise<string[]> {
    const { items } = await get(["events.events.k8s.io"], this.namespace);
    type Event = { eventTime: string; reason: string; regarding: { name: string } };
    return items
      .filter(({ regarding }: Event) => regarding.name === "bert-rollout")
      .sort((a: Event, b: Event) => (a.eventTime < b.eventTime ? -1 : 1))
      .map(({ reason }: Event) => reason);
  }
}
