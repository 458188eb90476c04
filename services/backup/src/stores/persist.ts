import { type Clock, systemClock } from "../clock";
import { isStoreFailure } from "./store";

const ATTEMPTS = 4;
/** Milliseconds before the second attempt; each further wait is twice as long. */
const FIRST_DELAY = 500;

/**
 * Repeats what a transient failure ended. The clients behind a store repeat their requests themselves, but not the reading
 * of a body that breaks off.
 */
export async function persist<T>(
  action: () => Promise<T>,
  { signal, clock = systemClock }: { readonly signal?: AbortSignal; readonly clock?: Clock } = {},
): Promise<T> {
  for (let attempt = 1, delay = FIRST_DELAY; ; attempt++, delay *= 2) {
    try {
      return await action();
    } catch (error) {
      signal?.throwIfAborted();
      if (attempt === ATTEMPTS || !isStoreFailure(error, "transient")) throw error;
      await clock.sleep(delay, signal);
    }
  }
}
