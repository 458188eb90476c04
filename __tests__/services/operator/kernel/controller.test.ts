import { Controller } from "../../../../services/operator/src/kernel/controller";
import { WorkQueue } from "../../../../services/operator/src/kernel/queue";
import { silent } from "../support/log";

function start(reconcile: (key: string) => Promise<{ again?: number }>, workers = 2) {
  const queue = new WorkQueue();
  const results: string[] = [];
  const observer = { began: () => {}, ended: (result: string) => void results.push(result) };
  const controller = new Controller({ name: "test", queue, reconcile, workers, observer, log: silent });
  controller.start();
  return { queue, controller, results };
}

test("different keys are worked on at the same time, up to the number of workers", async () => {
  const running = new Set<string>();
  let most = 0;
  const ends: (() => void)[] = [];
  const { queue, controller } = start((key) => {
    running.add(key);
    most = Math.max(most, running.size);
    return new Promise((resolve) =>
      ends.push(() => {
        running.delete(key);
        resolve({});
      }),
    );
  });
  for (const key of ["a", "b", "c"]) queue.add(key);
  await turn();
  expect(most).toBe(2);
  for (const end of ends.splice(0)) end();
  await turn();
  expect(running).toEqual(new Set(["c"]));
  for (const end of ends) end();
  await controller.stop();
});

test("a failure is retried, and does not end its worker", async () => {
  const tried: string[] = [];
  const { queue, controller, results } = start(async (key) => {
    tried.push(key);
    if (key === "bad") throw new Error("no");
    return {};
  }, 1);
  queue.add("bad");
  queue.add("good");
  await turn();
  expect(tried).toEqual(["bad", "good"]);
  expect(results).toEqual(["error", "success"]);
  expect(queue.failuresOf("bad")).toBe(1);
  await controller.stop();
});

test("stopping waits for what is under way and begins nothing more", async () => {
  let end = () => {};
  const done: string[] = [];
  const { queue, controller } = start(async (key) => {
    await new Promise<void>((resolve) => {
      end = resolve;
    });
    done.push(key);
    return {};
  }, 1);
  queue.add("a");
  queue.add("b");
  await turn();
  const stopped = controller.stop();
  await turn();
  expect(done).toEqual([]);
  end();
  await stopped;
  expect(done).toEqual(["a"]);
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
