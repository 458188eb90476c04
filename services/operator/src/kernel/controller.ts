import { describeError, isConflict } from "../api-server/errors";
import type { Log } from "./log";
import type { WorkQueue } from "./queue";

/** What a reconciler wants: to be called again after so many milliseconds, or only when something changes. */
export interface Outcome {
  readonly again?: number;
}

/** Compares one resource with the world and takes the next step. Throws where the step failed. */
export type Reconcile = (key: string) => Promise<Outcome>;

/** What counts reconciliations, under controller-runtime's names. */
export interface ControllerObserver {
  began(): void;
  ended(result: "success" | "error" | "requeue_after", seconds: number): void;
}

export interface ControllerProps {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly reconcile: Reconcile;
  readonly workers: number;
  readonly observer?: ControllerObserver;
  readonly log: Log;
}

/** Workers that take keys from a queue. */
export class Controller {
  private readonly workers: Promise<void>[] = [];

  constructor(private readonly props: ControllerProps) {}

  start(): void {
    for (let count = 0; count < this.props.workers; count++) this.workers.push(this.work());
  }

  /** Takes nothing more, and waits for what is under way: Helm must not be left in the middle. */
  async stop(): Promise<void> {
    this.props.queue.close();
    await Promise.all(this.workers);
  }

  private async work(): Promise<void> {
    const { queue } = this.props;
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await this.reconcile(key);
      queue.done(key);
    }
  }

  private async reconcile(key: string): Promise<void> {
    const { queue, observer, log, name } = this.props;
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    observer?.began();
    try {
      const { again } = await this.props.reconcile(key);
      queue.forget(key);
      if (again !== undefined) queue.addAfter(key, again);
      observer?.ended(again === undefined ? "success" : "requeue_after", seconds());
    } catch (error) {
      // Somebody else wrote first: that is no failure, and what they wrote is looked at.
      if (isConflict(error)) log.debug({ controller: name, key, error: describeError(error) }, "conflict");
      else log.error({ controller: name, key, error: describeError(error) }, "reconciliation failed");
      observer?.ended("error", seconds());
      queue.retry(key);
    }
  }
}
