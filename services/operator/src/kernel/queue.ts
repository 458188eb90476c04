import { TokenBucket } from "./rate-limiter";

/** What counts a queue's work, under the names of client-go's metrics. */
export interface QueueObserver {
  added(depth: number): void;
  taken(depth: number, waitedSeconds: number): void;
  finished(seconds: number): void;
  retried(): void;
}

/** Milliseconds between the tries of one key: the first, and the longest. */
const RETRY = { first: 500, longest: 300_000 };

/**
 * Keys that want work. A key is in the queue once however often it is added, no two workers have it at a time, and one
 * that is added while a worker has it comes back once that worker is done.
 */
export class WorkQueue {
  private readonly queue: string[] = [];
  /** Wants work: in `queue`, or waiting until its worker is done. */
  private readonly dirty = new Map<string, number>();
  private readonly processing = new Map<string, number>();
  private readonly failures = new Map<string, number>();
  private readonly delayed = new Map<string, { readonly at: number; readonly timer: NodeJS.Timeout }>();
  private readonly waiters: ((key: string | undefined) => void)[] = [];
  private closed = false;

  constructor(
    private readonly observer?: QueueObserver,
    private readonly bucket = new TokenBucket(20, 200),
  ) {}

  get depth(): number {
    return this.queue.length;
  }

  /** Since when each key is being worked on. */
  get running(): ReadonlyMap<string, number> {
    return this.processing;
  }

  add(key: string): void {
    if (this.closed || this.dirty.has(key)) return;
    this.dirty.set(key, Date.now());
    if (!this.processing.has(key)) this.push(key);
  }

  /** Adds it later; an earlier time that is already set stays. */
  addAfter(key: string, milliseconds: number): void {
    if (this.closed) return;
    if (milliseconds <= 0) {
      this.add(key);
      return;
    }
    const at = Date.now() + milliseconds;
    const known = this.delayed.get(key);
    if (known !== undefined) {
      if (known.at <= at) return;
      clearTimeout(known.timer);
    }
    const fire = () => {
      this.delayed.delete(key);
      this.add(key);
    };
    // Longer than a timer can be set: it is looked at again then.
    this.delayed.set(key, { at, timer: setTimeout(fire, Math.min(milliseconds, 2 ** 31 - 1)) });
  }

  /** Adds it after a failure: later each time, and not everything at once. */
  retry(key: string): void {
    const failures = this.failures.get(key) ?? 0;
    this.failures.set(key, failures + 1);
    this.observer?.retried();
    const own = Math.min(RETRY.longest, RETRY.first * 2 ** Math.min(failures, 20));
    this.addAfter(key, Math.max(own, this.bucket.reserve()));
  }

  failuresOf(key: string): number {
    return this.failures.get(key) ?? 0;
  }

  /** It succeeded: the next failure is the first. */
  forget(key: string): void {
    this.failures.delete(key);
  }

  /** The next key, or undefined when the queue is closed. */
  take(): Promise<string | undefined> {
    if (this.closed) return Promise.resolve(undefined);
    const key = this.queue.shift();
    if (key !== undefined) return Promise.resolve(this.begin(key));
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  done(key: string): void {
    const since = this.processing.get(key);
    if (since === undefined) return;
    this.processing.delete(key);
    this.observer?.finished((Date.now() - since) / 1000);
    if (this.dirty.has(key)) this.push(key);
  }

  /** No more keys come out; what is being worked on may still be done. */
  close(): void {
    this.closed = true;
    this.queue.length = 0;
    for (const { timer } of this.delayed.values()) clearTimeout(timer);
    this.delayed.clear();
    for (const resolve of this.waiters.splice(0)) resolve(undefined);
  }

  private push(key: string): void {
    if (this.closed) return;
    const waiter = this.waiters.shift();
    this.observer?.added(this.queue.length + (waiter === undefined ? 1 : 0));
    if (waiter === undefined) this.queue.push(key);
    else waiter(this.begin(key));
  }

  private begin(key: string): string {
    const now = Date.now();
    this.observer?.taken(this.queue.length, (now - (this.dirty.get(key) ?? now)) / 1000);
    this.dirty.delete(key);
    this.processing.set(key, now);
    return key;
  }
}
