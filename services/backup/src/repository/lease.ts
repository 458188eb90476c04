import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import { z } from "zod";
import type { Clock } from "../clock";
import { BackupError, LeaseHeld } from "../errors";
import type { Progress } from "../progress";
import { isStoreFailure, type ObjectState, type ObjectStore } from "../stores/store";
import { putOnce, readObject } from "../stores/whole";
import { LEASE_KEY } from "./layout";

const leaseSchema = z.strictObject({
  format: z.literal(1),
  /** Random: neither host names nor process ids tell two containers apart. */
  holder: z.uuid(),
  /** Grows with every holder. */
  token: z.int().min(1),
  command: z.string(),
  acquiredAt: z.iso.datetime(),
  seconds: z.int().min(1),
  /** Makes every renewal another content, so that each is another state to stores that compare contents. */
  renewals: z.int().min(0),
  released: z.boolean(),
  /** When a holder last lost it without giving it back, by the store's clock. */
  takenOverAt: z.iso.datetime().optional(),
});

type LeaseContent = z.output<typeof leaseSchema>;

export interface LeaseOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** What the holder does, for people. */
  readonly command: string;
  /** Seconds without renewal after which others may take it. @default 300 */
  readonly seconds?: number;
  /** Seconds to wait while another holds it. @default 0 */
  readonly wait?: number;
}

/** Milliseconds between looks at a lease that another holds. */
const POLL = 2_000;

/** The right to write and delete in a repository, as long as it is renewed. */
export class Lease {
  /** Aborts when the lease is lost, and with the signal given. */
  readonly signal: AbortSignal;
  /** When it was acquired, by the store's clock. */
  readonly acquiredAt: Date;
  private readonly lost = new AbortController();
  private readonly stopped = new AbortController();
  private readonly renewing: Promise<void>;
  private renewedAt: number;

  private constructor(
    private readonly options: LeaseOptions,
    private content: LeaseContent,
    private state: ObjectState,
  ) {
    this.acquiredAt = state.storeTime;
    this.renewedAt = options.clock.elapsed();
    this.signal = AbortSignal.any([options.signal, this.lost.signal]);
    // Every request under way listens.
    setMaxListeners(0, options.signal, this.signal, this.lost.signal, this.stopped.signal);
    this.renewing = this.keepRenewing();
  }

  /** Grows with every lease of the repository. */
  get token(): number {
    return this.content.token;
  }

  /** When a holder last lost the lease without giving it back: it may be suspended, and still believe that it has it. */
  get takenOverAt(): Date | undefined {
    const { takenOverAt } = this.content;
    return takenOverAt === undefined ? undefined : new Date(takenOverAt);
  }

  /** Throws `LeaseHeld` where another holds it for longer than `wait`. */
  static async acquire(options: LeaseOptions): Promise<Lease> {
    const { clock, wait = 0, signal } = options;
    const deadline = clock.elapsed() + wait * 1000;
    for (;;) {
      const attempt = await tryAcquire(options);
      if ("content" in attempt) return new Lease(options, attempt.content, attempt.state);
      if (clock.elapsed() + POLL > deadline) throw new LeaseHeld(attempt.held);
      await clock.sleep(POLL, signal);
    }
  }

  /** Throws where another has taken it. Before every step that cannot be taken back. */
  async check(): Promise<void> {
    this.lost.signal.throwIfAborted();
    const current = await readLease(this.options.store);
    if (current?.content.holder !== this.content.holder || current.content.token !== this.content.token) {
      this.lose(takenOver(current?.content));
    }
    this.lost.signal.throwIfAborted();
  }

  /** Lets others in at once. Does not throw: without it the lease runs out. */
  async release(): Promise<void> {
    this.stopped.abort();
    await this.renewing;
    if (this.lost.signal.aborted) return;
    try {
      await write(this.options.store, { ...this.content, released: true }, this.state);
    } catch (error) {
      this.options.progress({
        kind: "warning",
        message: `the lease could not be released and runs out by itself: ${(error as Error).message}`,
      });
    }
  }

  private async keepRenewing(): Promise<void> {
    const { clock, store } = this.options;
    const period = this.content.seconds * 1000;
    const signal = this.stopped.signal;
    while (!this.lost.signal.aborted) {
      await clock.sleep(period / 5, signal).catch(() => {});
      if (signal.aborted) return;
      let failure: unknown;
      try {
        // Measured before the call: it may take effect at once and answer late.
        const startedAt = clock.elapsed();
        this.content = { ...this.content, renewals: this.content.renewals + 1 };
        this.state = await within(clock, period / 5, write(store, this.content, this.state));
        this.renewedAt = startedAt;
      } catch (error) {
        failure = isStoreFailure(error, "precondition") ? await this.adopt().catch((reason) => reason) : error;
      }
      if (clock.elapsed() - this.renewedAt > (period * 2) / 3) {
        this.lose(new LeaseHeld(`the lease could not be renewed in time: ${(failure as Error).message}`));
      }
    }
  }

  /** An earlier renewal may have succeeded without an answer: then the lease is still one's own. */
  private async adopt(): Promise<void> {
    const { store, clock } = this.options;
    const current = await readLease(store);
    if (current?.content.holder !== this.content.holder) return this.lose(takenOver(current?.content));
    this.state = current.state;
    this.renewedAt = clock.elapsed() - ageOf(current.state);
  }

  private lose(error: BackupError): void {
    this.lost.abort(error);
  }
}

/** Ends whatever lease there is. Only for a person who knows that its holder is dead. Gives what it was. */
export async function breakLease(store: ObjectStore): Promise<{ command: string; token: number } | undefined> {
  const current = await readLease(store);
  if (current === undefined || current.content.released) return undefined;
  const { command, token } = current.content;
  const takenOverAt = current.state.storeTime.toISOString();
  await write(store, { ...current.content, released: true, holder: randomUUID(), takenOverAt }, current.state);
  return { command, token };
}

async function tryAcquire(
  options: LeaseOptions,
): Promise<{ content: LeaseContent; state: ObjectState } | { held: string }> {
  const { store, clock, command, seconds = 300 } = options;
  const current = await readLease(store);
  if (current !== undefined && !current.content.released) {
    const age = ageOf(current.state) / 1000;
    if (age <= current.content.seconds) {
      const left = Math.ceil(current.content.seconds - age);
      const { command: other, acquiredAt } = current.content;
      return {
        held: `${store.name} is in use by a ${other} that began at ${acquiredAt}; if that run is dead its lease ends in ${left} s`,
      };
    }
  }
  const content: LeaseContent = {
    format: 1,
    holder: randomUUID(),
    token: (current?.content.token ?? 0) + 1,
    command,
    acquiredAt: clock.now().toISOString(),
    seconds,
    renewals: 0,
    released: false,
    takenOverAt:
      current?.content.released === false ? current.state.storeTime.toISOString() : current?.content.takenOverAt,
  };
  try {
    return { content, state: await write(store, content, current?.state) };
  } catch (error) {
    if (!isStoreFailure(error, "precondition")) throw error;
    return { held: `another run has just begun in ${store.name}` };
  }
}

async function readLease(store: ObjectStore): Promise<{ content: LeaseContent; state: ObjectState } | undefined> {
  const object = await readObject(store, LEASE_KEY);
  if (object === undefined) return undefined;
  const parsed = leaseSchema.safeParse(parse(object.content.toString("utf8")));
  if (!parsed.success) {
    throw new BackupError(`${store.name}: ${LEASE_KEY} is none of this program; delete it if no run is under way`);
  }
  return { content: parsed.data, state: object.state };
}

function write(store: ObjectStore, content: LeaseContent, previous: ObjectState | undefined): Promise<ObjectState> {
  const condition = previous === undefined ? ({ absent: true } as const) : { tag: previous.tag };
  return putOnce(store, LEASE_KEY, `${JSON.stringify(content, undefined, 1)}\n`, { condition });
}

function takenOver(by: LeaseContent | undefined): LeaseHeld {
  const other = by === undefined ? "lease.json is gone" : `a ${by.command} took it over`;
  return new LeaseHeld(`this run lost its lease: ${other}`);
}

/** Milliseconds. Both times are the store's. */
function ageOf({ storeTime, lastModified }: ObjectState): number {
  return storeTime.getTime() - lastModified.getTime();
}

async function within<T>(clock: Clock, milliseconds: number, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = clock.sleep(milliseconds, over.signal).then(() => {
    throw new Error(`no answer within ${Math.round(milliseconds / 1000)} s`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
