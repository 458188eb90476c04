import {
  availabilityOf,
  readinessOf,
  trimWorkload,
  type Workload,
} from "../../../../services/operator/src/release/readiness";

const workload = (kind: string, status: Workload["status"], replicas?: number): Workload => ({
  kind,
  metadata: { name: "x", generation: 2 },
  spec: { replicas },
  status,
});

const done = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2 };

test.each([
  ["a Deployment whose pods are all new and available", workload("Deployment", done, 2), "ready"],
  [
    "one that its controller has not seen",
    workload("Deployment", { ...done, observedGeneration: 1 }, 2),
    "progressing",
  ],
  ["one with a pod that is not new", workload("Deployment", { ...done, updatedReplicas: 1 }, 2), "progressing"],
  ["one with an old pod left", workload("Deployment", { ...done, replicas: 3 }, 2), "progressing"],
  ["one with a pod that is not available", workload("Deployment", { ...done, availableReplicas: 1 }, 2), "progressing"],
  ["one without pods that wants none", workload("Deployment", { observedGeneration: 2 }, 0), "ready"],
  [
    "a StatefulSet with a pod that is not ready",
    workload("StatefulSet", { ...done, readyReplicas: 1 }, 2),
    "progressing",
  ],
  ["a Job that runs", workload("Job", { active: 1 }), "progressing"],
  ["a Job that is done", workload("Job", { conditions: [{ type: "Complete", status: "True" }] }), "ready"],
  ["a Job that failed", workload("Job", { conditions: [{ type: "Failed", status: "True" }] }), "failed"],
  [
    "a Knative Service that is ready",
    workload("Service", { observedGeneration: 2, conditions: [{ type: "Ready", status: "True" }] }),
    "ready",
  ],
  ["a Knative Service that nobody has seen", workload("Service", { observedGeneration: 1 }), "progressing"],
])("%s", (_, one, state) => {
  expect(readinessOf([one]).state).toBe(state);
});

test("one failed object decides over all others, and is named", () => {
  const failed = workload("Job", { conditions: [{ type: "Failed", status: "True", message: "backoff limit" }] });
  expect(readinessOf([workload("Deployment", done, 2), failed, workload("Job", {})])).toEqual({
    state: "failed",
    message: "Job x: backoff limit",
  });
});

test("a site serves while one pod of each Deployment does", () => {
  expect(availabilityOf([workload("Deployment", { availableReplicas: 1 }, 10)]).isAvailable).toBe(true);
  expect(availabilityOf([workload("Deployment", { availableReplicas: 0 }, 10)])).toEqual({
    isAvailable: false,
    message: "Deployment x has no pod that serves",
  });
});

test("the images of a workload are kept in memory, and the rest of its pods is not", () => {
  const containers = [{ name: "install", image: "moodle:2", env: [{ name: "LONG", value: "x" }] }];
  const template = { metadata: { labels: {} }, spec: { containers, volumes: [] } };
  const { spec } = trimWorkload({ kind: "Job", metadata: { name: "x" }, spec: { template } } as Workload);
  expect(spec).toEqual({
    replicas: undefined,
    template: { spec: { containers: [{ name: "install", image: "moodle:2" }] } },
  });
  expect(trimWorkload(workload("CronJob", {})).spec).toEqual({ replicas: undefined });
});
