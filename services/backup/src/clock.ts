import { setTimeout as sleep } from "node:timers/promises";

/** Time as the program sees it. Tests turn it by hand. */
export interface Clock {
  /** Wall clock. It may be wrong: nothing that protects data depends on it. */
  now(): Date;
  /** Milliseconds that never go back, for durations and deadlines. */
  elapsed(): number;
  /** Rejects when `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  elapsed: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
};
