import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { type Clock, systemClock } from "../../../services/backup/src/clock";
import { LeaseHeld } from "../../../services/backup/src/errors";
import { breakLease, Lease, type LeaseOptions } from "../../../services/backup/src/repository/lease";
import { MemoryStore } from "./support/memory-store";

/** A clock that tests turn; what sleeps wakes when its time has come. */
class HandClock implements Clock {
  private time = 0;
  private sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  now = () => new Date("1999-01-01T00:00:00Z");
  elapsed = () => this.time;

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      this.sleepers.push({ at: this.time + milliseconds, wake: resolve });
    });
  }

  async turn(seconds: number): Promise<void> {
    for (let step = 0; step < seconds; step++) {
      this.time += 1000;
      const woken = this.sleepers.filter(({ at }) => at <= this.time);
      this.sleepers = this.sleepers.filter(({ at }) => at > this.time);
      for (const { wake } of woken) wake();
      await turnOfTheLoop();
    }
  }
}

describe("the lease", () => {
  let store: MemoryStore;
  let clock: HandClock;
  let storeTime: number;
  const held: Lease[] = [];

  beforeEach(() => {
    store = new MemoryStore("memory://repository");
    clock = new HandClock();
    storeTime = Date.UTC(2026, 2, 1);
    store.now = () => new Date(storeTime);
  });
  afterEach(async () => {
    await Promise.all(held.splice(0).map((lease) => lease.release()));
  });

  const acquire = async (options: Partial<LeaseOptions> = {}): Promise<Lease> => {
    const { signal } = new AbortController();
    const lease = await Lease.acquire({ store, clock, progress: () => {}, signal, command: "snapshot", ...options });
    held.push(lease);
    return lease;
  };

  test("is held by one", async () => {
    await acquire();
    await expect(acquire()).rejects.toThrow(
      "memory://repository is in use by a snapshot that began at 1999-01-01T00:00:00.000Z; if that run is dead its lease ends in 300 s",
    );
  });

  test("goes to one of many who come at the same time", async () => {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => acquire()));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("is free again when it is released, with a greater token", async () => {
    const first = await acquire();
    await first.release();
    expect((await acquire()).token).toBe(first.token + 1);
  });

  test("ends by the store's clock, whatever the clocks of its holders say", async () => {
    const dead = await acquire({ clock: systemClock });
    storeTime += 299_000;
    await expect(acquire()).rejects.toThrow(LeaseHeld);
    storeTime += 2_000;
    expect((await acquire()).token).toBe(dead.token + 1);
    await expect(dead.check()).rejects.toThrow("this run lost its lease: a snapshot took it over");
    expect(dead.signal.aborted).toBe(true);
  });

  test("is renewed while it is held", async () => {
    const lease = await acquire();
    for (let minute = 0; minute < 20; minute++) {
      storeTime += 60_000;
      await clock.turn(60);
    }
    await expect(acquire()).rejects.toThrow(LeaseHeld);
    await lease.check();
  });

  test("is given up by a holder that cannot renew it, before others may take it", async () => {
    const lease = await acquire();
    store.put = () => new Promise(() => {});
    await clock.turn(199);
    expect(lease.signal.aborted).toBe(false);
    await clock.turn(101);
    expect(lease.signal.reason).toMatchObject({ message: expect.stringContaining("could not be renewed in time") });
  });

  test("stays with its holder when the answer to a renewal is lost", async () => {
    const lease = await acquire();
    const put = store.put.bind(store);
    store.put = async (...args) => {
      store.put = put;
      await put(...args);
      throw new Error("connection reset");
    };
    storeTime += 120_000;
    await clock.turn(130);
    await lease.check();
    expect(lease.signal.aborted).toBe(false);
  });

  test("is lost when somebody breaks it", async () => {
    const lease = await acquire();
    expect(await breakLease(store)).toEqual({ command: "snapshot", token: lease.token });
    await expect(lease.check()).rejects.toThrow(LeaseHeld);
    expect(await breakLease(store)).toBeUndefined();
  });

  test("is waited for", async () => {
    const first = await acquire();
    const second = acquire({ wait: 60 });
    await clock.turn(10);
    await first.release();
    await clock.turn(10);
    expect((await second).token).toBe(first.token + 1);
  });

  test("is not taken where lease.json is something else", async () => {
    await store.put("lease.json", Buffer.from("{}"));
    await expect(acquire()).rejects.toThrow("lease.json is none of this program");
  });
});
