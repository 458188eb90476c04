import { setMaxListeners } from "node:events";

/**
 * Works through `items` with up to `limit` at once. The first failure ends it: nothing further is begun, and it is thrown
 * when all that had begun is over.
 */
export async function forEachConcurrent<T>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let failure: { readonly error: unknown } | undefined;
  const worker = async () => {
    try {
      while (failure === undefined) {
        const { done, value } = await iterator.next();
        if (done === true || failure !== undefined) return;
        await work(value);
      }
    } catch (error) {
      failure ??= { error };
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failure === undefined) return;
  await iterator.return?.();
  throw failure.error;
}

/** Does several things at once. The first failure aborts the others; it is thrown when all are over. */
export async function together<T extends readonly unknown[]>(
  signal: AbortSignal,
  begin: (signal: AbortSignal) => { readonly [K in keyof T]: Promise<T[K]> },
): Promise<T> {
  const failed = new AbortController();
  let failure: { readonly error: unknown } | undefined;
  const either = AbortSignal.any([signal, failed.signal]);
  setMaxListeners(0, either);
  const all = begin(either).map((work) =>
    work.catch((error: unknown) => {
      failure ??= { error };
      failed.abort(error);
    }),
  );
  const results = await Promise.all(all);
  if (failure !== undefined) throw failure.error;
  return results as unknown as T;
}

/** Turns pages into their items. */
export async function* itemsOf<T>(pages: AsyncIterable<readonly T[]>): AsyncIterable<T> {
  for await (const page of pages) yield* page;
}

/** Passes pages on and lets `look` see each. */
export async function* observe<T>(
  pages: AsyncIterable<readonly T[]>,
  look: (page: readonly T[]) => void,
): AsyncIterable<readonly T[]> {
  for await (const page of pages) {
    look(page);
    yield page;
  }
}

/**
 * One sequence after the other, in their order, while up to `parallel` of them are read ahead. Of each, no more than
 * `buffer` values wait.
 */
export async function* readAhead<T>(
  sequences: readonly (() => AsyncIterable<T>)[],
  parallel: number,
  buffer = 8,
): AsyncIterable<T> {
  const queues: Queue<T>[] = [];
  let next = 0;
  const open = () => {
    const sequence = sequences[next++];
    if (sequence !== undefined) queues.push(new Queue(sequence(), buffer));
  };
  while (next < Math.min(parallel, sequences.length)) open();
  try {
    for (let queue = queues.shift(); queue !== undefined; queue = queues.shift()) {
      try {
        for (let value = await queue.take(); value !== undefined; value = await queue.take()) yield value.value;
      } finally {
        queue.stop();
      }
      open();
    }
  } finally {
    for (const queue of queues) queue.stop();
  }
}

/** Pulls a sequence before its values are asked for. */
class Queue<T> {
  private readonly values: { readonly value: T }[] = [];
  private ended: { readonly error?: unknown } | undefined;
  private stopped = false;
  private wake: () => void = () => {};

  constructor(
    sequence: AsyncIterable<T>,
    private readonly buffer: number,
  ) {
    void this.pull(sequence);
  }

  async take(): Promise<{ readonly value: T } | undefined> {
    while (this.values.length === 0 && this.ended === undefined) await this.change();
    const value = this.values.shift();
    this.wake();
    if (value === undefined && this.ended !== undefined && "error" in this.ended) throw this.ended.error;
    return value;
  }

  stop(): void {
    this.stopped = true;
    this.wake();
  }

  private async pull(sequence: AsyncIterable<T>): Promise<void> {
    try {
      for await (const value of sequence) {
        this.values.push({ value });
        this.wake();
        while (this.values.length >= this.buffer && !this.stopped) await this.change();
        if (this.stopped) break;
      }
      this.ended = {};
    } catch (error) {
      this.ended = { error };
    }
    this.wake();
  }

  /** Puller and taker never wait at the same time: one needs an empty queue, the other a full one. */
  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

/** Lets in what weighs no more than `capacity` together, in the order of asking; what alone weighs more comes alone. */
export class Budget {
  private used = 0;
  private readonly waiting: { readonly weight: number; readonly enter: () => void }[] = [];

  constructor(private readonly capacity: number) {}

  async use<T>(weight: number, action: () => Promise<T>): Promise<T> {
    const bounded = Math.min(weight, this.capacity);
    await new Promise<void>((enter) => {
      this.waiting.push({ weight: bounded, enter });
      this.admit();
    });
    try {
      return await action();
    } finally {
      this.used -= bounded;
      this.admit();
    }
  }

  private admit(): void {
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      if (this.used + first.weight > this.capacity) return;
      this.waiting.shift();
      this.used += first.weight;
      first.enter();
    }
  }
}
