import { setMaxListeners } from "node:events";
import { Interrupted } from "../errors";
import type { Writing } from "../operations";
import { Lease } from "./lease";
import { openForWriting, type WritableRepository } from "./repository";

/** What a command that writes works with. */
export interface Session {
  readonly repository: WritableRepository;
  readonly lease: Lease;
  /** Aborts when the run is interrupted or the lease is lost: for every call that takes a signal. */
  readonly signal: AbortSignal;
}

/** Opens the repository, takes its lease for `work` and gives it back, however that ends. */
export async function withLease<T>(
  command: string,
  options: Writing,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { store, clock, progress, signal, signingSecret, publicKey } = options;
  return interruptible(signal, async () => {
    const repository = await openForWriting(store, signingSecret, publicKey);
    const { leaseSeconds: seconds, retryLockSeconds: wait } = options;
    const lease = await Lease.acquire({ store, clock, progress, signal, command, seconds, wait });
    try {
      return await work({ repository, lease, signal: lease.signal });
    } catch (error) {
      // Whatever failed first, a lost lease is the reason.
      if (lease.signal.aborted) throw lease.signal.reason;
      throw error;
    } finally {
      await lease.release();
    }
  });
}

/** Turns whatever an aborted run fails with into `Interrupted`. */
export async function interruptible<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  // Every request under way listens.
  setMaxListeners(0, signal);
  try {
    signal.throwIfAborted();
    return await work();
  } catch (error) {
    throw signal.aborted ? new Interrupted() : error;
  }
}
