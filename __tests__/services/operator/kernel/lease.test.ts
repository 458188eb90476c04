import { ApiError } from "../../../../services/operator/src/api-server/errors";
import type { KubeObject } from "../../../../services/operator/src/api-server/object";
import { LeaderElection, LeaseLost } from "../../../../services/operator/src/kernel/lease";
import { silent } from "../support/log";

type Lease = KubeObject & { spec: { holderIdentity?: string; leaseTransitions?: number } };

/** One lease, replaced only at the version that was read. */
class LeaseServer {
  lease: Lease | undefined;
  isDown = false;
  private version = 0;

  async get<Item extends KubeObject>() {
    this.mustBeUp();
    return structuredClone(this.lease) as unknown as Item | undefined;
  }

  async create<Item extends KubeObject>(_type: unknown, item: Item) {
    this.mustBeUp();
    if (this.lease !== undefined) throw new ApiError(409, "AlreadyExists", "it exists");
    return this.keep(item);
  }

  async replace<Item extends KubeObject>(_type: unknown, item: Item) {
    this.mustBeUp();
    if (item.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) {
      throw new ApiError(409, "Conflict", "it has changed");
    }
    return this.keep(item);
  }

  private keep<Item extends KubeObject>(item: Item): Item {
    this.lease = structuredClone({
      ...item,
      metadata: { ...item.metadata, resourceVersion: String(++this.version) },
    }) as unknown as Lease;
    return structuredClone(this.lease) as unknown as Item;
  }

  private mustBeUp() {
    if (this.isDown) throw new Error("connection refused");
  }
}

const TIMES = { duration: 15_000, deadline: 10_000, retry: 2_000 };

let server: LeaseServer;

const election = (identity: string) =>
  new LeaderElection({ resources: server, namespace: "n", name: "l", identity, times: TIMES, log: silent });

beforeEach(() => {
  jest.useFakeTimers();
  server = new LeaseServer();
});
afterEach(() => jest.useRealTimers());

const never = () => new AbortController().signal;

test("the first process leads, and the second does not while the first renews", async () => {
  const [first, second] = [election("first"), election("second")];
  await first.acquire(never());
  const end = new AbortController();
  const held = first.hold(end.signal);
  void second.acquire(end.signal);
  await jest.advanceTimersByTimeAsync(60_000);
  expect([first.isLeader, second.isLeader]).toEqual([true, false]);
  end.abort();
  await held;
});

test("a leader that died is replaced in less than 20 seconds, and not before its lease has ended", async () => {
  const [first, second] = [election("first"), election("second")];
  await first.acquire(never());
  const acquired = second.acquire(never());
  await jest.advanceTimersByTimeAsync(14_000);
  expect(second.isLeader).toBe(false);
  await jest.advanceTimersByTimeAsync(5_000);
  await acquired;
  expect(server.lease?.spec).toMatchObject({ holderIdentity: "second", leaseTransitions: 1 });
});

test("a lease that was given back is taken at once", async () => {
  const [first, second] = [election("first"), election("second")];
  await first.acquire(never());
  await first.release();
  await second.acquire(never());
  expect(second.isLeader).toBe(true);
});

test("of two that try at the same time, one leads", async () => {
  const elections = ["a", "b", "c"].map(election);
  const end = new AbortController();
  for (const one of elections) void one.acquire(end.signal);
  await jest.advanceTimersByTimeAsync(5_000);
  expect(elections.filter(({ isLeader }) => isLeader)).toHaveLength(1);
  end.abort();
});

test("a leader stops when another has the lease", async () => {
  const first = election("first");
  await first.acquire(never());
  const held = first.hold(never());
  const lost = expect(held).rejects.toThrow(LeaseLost);
  if (server.lease !== undefined)
    await server.replace(undefined, { ...server.lease, spec: { holderIdentity: "other" } });
  await jest.advanceTimersByTimeAsync(2_000);
  await lost;
  expect(first.isLeader).toBe(false);
});

test("a leader that cannot renew stops before another may begin", async () => {
  const first = election("first");
  await first.acquire(never());
  let isLost = false;
  const lost = first.hold(never()).catch((error: unknown) => {
    isLost = error instanceof LeaseLost;
  });
  server.isDown = true;
  await jest.advanceTimersByTimeAsync(9_000);
  expect(isLost).toBe(false);
  await jest.advanceTimersByTimeAsync(5_000);
  await lost;
  expect(isLost).toBe(true);
});

test("a short outage does not end it", async () => {
  const first = election("first");
  await first.acquire(never());
  const end = new AbortController();
  const held = first.hold(end.signal);
  server.isDown = true;
  await jest.advanceTimersByTimeAsync(6_000);
  server.isDown = false;
  await jest.advanceTimersByTimeAsync(60_000);
  expect(first.isLeader).toBe(true);
  end.abort();
  await held;
});
