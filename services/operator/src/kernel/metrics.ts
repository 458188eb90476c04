import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { CallObserver } from "../api-server/api-server";
import type { ControllerObserver } from "./controller";
import type { QueueObserver, WorkQueue } from "./queue";

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1200];

/**
 * Metrics under the names that dashboards of controller-runtime and client-go know:
 * https://book.kubebuilder.io/reference/metrics-reference
 */
export class Metrics {
  readonly registry = new Registry();
  private readonly own = { registers: [this.registry] };
  private readonly byController = { labelNames: ["controller"], ...this.own } as const;
  private readonly byQueue = { labelNames: ["name", "controller"], ...this.own } as const;

  private readonly requests = new Counter({
    name: "rest_client_requests_total",
    help: "Requests to the API server, by status and method.",
    labelNames: ["code", "method"],
    ...this.own,
  });
  private readonly reconciliations = new Counter({
    name: "controller_runtime_reconcile_total",
    help: "Reconciliations, by result.",
    labelNames: ["controller", "result"],
    ...this.own,
  });
  private readonly errors = new Counter({
    name: "controller_runtime_reconcile_errors_total",
    help: "Reconciliations that failed.",
    ...this.byController,
  });
  private readonly durations = new Histogram({
    name: "controller_runtime_reconcile_time_seconds",
    help: "Time of a reconciliation.",
    buckets: SECONDS,
    ...this.byController,
  });
  private readonly active = new Gauge({
    name: "controller_runtime_active_workers",
    help: "Workers that reconcile now.",
    ...this.byController,
  });
  private readonly workers = new Gauge({
    name: "controller_runtime_max_concurrent_reconciles",
    help: "Workers that there are.",
    ...this.byController,
  });
  private readonly depth = new Gauge({ name: "workqueue_depth", help: "Keys that wait.", ...this.byQueue });
  private readonly adds = new Counter({ name: "workqueue_adds_total", help: "Keys that were added.", ...this.byQueue });
  private readonly retries = new Counter({
    name: "workqueue_retries_total",
    help: "Keys that were added after a failure.",
    ...this.byQueue,
  });
  private readonly waits = new Histogram({
    name: "workqueue_queue_duration_seconds",
    help: "Time that a key waited.",
    buckets: SECONDS,
    ...this.byQueue,
  });
  private readonly work = new Histogram({
    name: "workqueue_work_duration_seconds",
    help: "Time that a key was worked on.",
    buckets: SECONDS,
    ...this.byQueue,
  });
  private readonly longest = new Gauge({
    name: "workqueue_longest_running_processor_seconds",
    help: "Time that the longest work has been going on.",
    ...this.byQueue,
  });
  private readonly leader = new Gauge({
    name: "leader_election_master_status",
    help: "1 where this process leads.",
    labelNames: ["name"],
    ...this.own,
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  readonly calls: CallObserver = { called: (method, code) => this.requests.inc({ method, code }) };

  setLeader(name: string, leads: boolean): void {
    this.leader.set({ name }, leads ? 1 : 0);
  }

  queue(name: string): QueueObserver {
    const labels = { name, controller: name };
    return {
      added: (depth) => {
        this.adds.inc(labels);
        this.depth.set(labels, depth);
      },
      taken: (depth, waitedSeconds) => {
        this.depth.set(labels, depth);
        this.waits.observe(labels, waitedSeconds);
      },
      finished: (seconds) => this.work.observe(labels, seconds),
      retried: () => this.retries.inc(labels),
    };
  }

  controller(controller: string, workers: number): ControllerObserver {
    this.workers.set({ controller }, workers);
    return {
      began: () => this.active.inc({ controller }),
      ended: (result, seconds) => {
        this.active.dec({ controller });
        this.reconciliations.inc({ controller, result });
        if (result === "error") this.errors.inc({ controller });
        this.durations.observe({ controller }, seconds);
      },
    };
  }

  /** What only a look at the queue tells, when somebody scrapes. */
  watch(name: string, queue: WorkQueue): void {
    const labels = { name, controller: name };
    const update = () => {
      const since = Math.min(Date.now(), ...queue.running.values());
      this.longest.set(labels, (Date.now() - since) / 1000);
    };
    this.collectors.push(update);
  }

  /** A gauge of the program's own, filled when somebody scrapes. */
  gauge(name: string, help: string, labelNames: readonly string[], fill: (set: SetGauge) => void): void {
    const gauge = new Gauge({ name, help, labelNames: [...labelNames], ...this.own });
    this.collectors.push(() => {
      gauge.reset();
      fill((labels, value) => gauge.set(labels, value));
    });
  }

  async text(): Promise<string> {
    for (const collect of this.collectors) collect();
    return this.registry.metrics();
  }

  private readonly collectors: (() => void)[] = [];
}

export type SetGauge = (labels: Readonly<Record<string, string>>, value: number) => void;
