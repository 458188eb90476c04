import { type Clock, systemClock } from "../clock";
import { isStoreFailure } from "./store";

export interface Persistence {
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** @default 4 */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; each further wait is twice as long. @default 500 */
  readonly firstDelay?: number;
}

/**
 * Repeats what a transient failure ended. A store repeats its requests itself, but not the reading of a body that breaks
 * off.
 */
export async function persist<T>(
  action: () => Promise<T>,
  { signal, clock = systemClock, attempts = 4, firstDelay = 500 }: Persistence = {},
): Promise<T> {
  for (let attempt = 1, delay = firstDelay; ; attempt++, delay *= 2) {
    try {
      return await action();
    } catch (error) {
      signal?.throwIfAborted();
      if (attempt === attempts || !isStoreFailure(error, "transient")) throw error;
      await clock.sleep(delay, signal);
    }
  }
}
