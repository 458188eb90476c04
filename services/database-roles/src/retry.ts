import { setTimeout as sleep } from "node:timers/promises";
import { describeError, type Log } from "./log";

/** What every retry of one run shares. */
export interface Patience {
  /** Milliseconds since 1970 after which nothing is tried again. */
  readonly deadline: number;
  readonly log: Log;
}

export interface RetryOptions {
  /** Milliseconds before the second attempt; each further wait is up to twice as long. @default 500 */
  readonly firstDelay?: number;
  /** Longest wait in milliseconds. @default 15000 */
  readonly longestDelay?: number;
}

/**
 * Calls `attempt` until it succeeds, fails with an error that is not `transient`, or the deadline would pass. Waits grow
 * exponentially, with jitter so that two runs do not go on colliding.
 */
export async function retry<T>(
  what: string,
  { deadline, log }: Patience,
  transient: (error: unknown) => boolean,
  attempt: () => Promise<T>,
  { firstDelay = 500, longestDelay = 15_000 }: RetryOptions = {},
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const delay = Math.min(firstDelay * 2 ** (tries - 1), longestDelay) * (0.5 + Math.random() / 2);
      if (!transient(error) || Date.now() + delay > deadline) throw error;
      log.info(`${what}: not yet, trying again`, { tries, reason: describeError(error) });
      await sleep(delay);
    }
  }
}

/** Something that is not so yet, but will be. */
export class NotYet extends Error {
  override readonly name = "NotYet";
}

/** Polls until `done` returns something. Throws when the deadline would pass. */
export async function until<T>(
  what: string,
  patience: Patience,
  done: () => Promise<T | undefined>,
  options?: RetryOptions,
): Promise<T> {
  return retry(
    what,
    patience,
    (error) => error instanceof NotYet,
    async () => {
      const value = await done();
      if (value === undefined) throw new NotYet(`${what} takes longer than the deadline allows`);
      return value;
    },
    options,
  );
}
