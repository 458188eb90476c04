import { WorkQueue } from "../../../../services/operator/src/kernel/queue";
import { TokenBucket } from "../../../../services/operator/src/kernel/rate-limiter";

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const unlimited = () => new TokenBucket(1e9, 1e9);

test("a key is in the queue once, however often it is added", async () => {
  const queue = new WorkQueue();
  queue.add("a");
  queue.add("a");
  expect(queue.depth).toBe(1);
  expect(await queue.take()).toBe("a");
  expect(queue.depth).toBe(0);
});

test("no two workers have one key: added meanwhile, it comes back when its worker is done", async () => {
  const queue = new WorkQueue();
  queue.add("a");
  await queue.take();
  queue.add("a");
  queue.add("a");
  expect(queue.depth).toBe(0);
  queue.done("a");
  expect(queue.depth).toBe(1);
  expect(await queue.take()).toBe("a");
  queue.done("a");
  expect(queue.depth).toBe(0);
});

test("a worker that waits gets the next key", async () => {
  const queue = new WorkQueue();
  const taken = queue.take();
  queue.add("a");
  expect(await taken).toBe("a");
});

test("of two delays of one key the shorter holds", () => {
  const queue = new WorkQueue();
  queue.addAfter("a", 1000);
  queue.addAfter("a", 5000);
  jest.advanceTimersByTime(1000);
  expect(queue.depth).toBe(1);
  queue.addAfter("b", 5000);
  queue.addAfter("b", 1000);
  jest.advanceTimersByTime(1000);
  expect(queue.depth).toBe(2);
  jest.advanceTimersByTime(10_000);
  expect(queue.depth).toBe(2);
});

test("failures of one key come back at growing distance, up to five minutes", () => {
  const queue = new WorkQueue(undefined, unlimited());
  const delays: number[] = [];
  for (let failure = 0; failure < 12; failure++) {
    queue.retry("a");
    let waited = 0;
    while (queue.depth === 0) {
      jest.advanceTimersByTime(500);
      waited += 500;
    }
    delays.push(waited);
    void queue.take();
    queue.done("a");
  }
  expect(delays.slice(0, 4)).toEqual([500, 1000, 2000, 4000]);
  expect(delays.at(-1)).toBe(300_000);
});

test("after a success, the next failure is the first", () => {
  const queue = new WorkQueue(undefined, unlimited());
  queue.retry("a");
  queue.retry("a");
  expect(queue.failuresOf("a")).toBe(2);
  queue.forget("a");
  expect(queue.failuresOf("a")).toBe(0);
});

test("retries of many keys keep to a rate of all together", () => {
  const queue = new WorkQueue(undefined, new TokenBucket(1, 1));
  for (const key of ["a", "b", "c", "d"]) queue.retry(key);
  jest.advanceTimersByTime(1500);
  expect(queue.depth).toBe(2);
  jest.advanceTimersByTime(2000);
  expect(queue.depth).toBe(4);
});

test("a closed queue gives nothing more, and its timers end", async () => {
  const queue = new WorkQueue();
  const waiting = queue.take();
  queue.addAfter("a", 1000);
  queue.close();
  expect(await waiting).toBeUndefined();
  expect(await queue.take()).toBeUndefined();
  expect(jest.getTimerCount()).toBe(0);
  queue.add("b");
  expect(queue.depth).toBe(0);
});
