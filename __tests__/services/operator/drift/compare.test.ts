import { differences } from "../../../../services/operator/src/drift/compare";

const live = {
  metadata: { name: "moodle-web", resourceVersion: "5", generation: 2, labels: { a: "1" }, managedFields: [{}] },
  spec: { replicas: 2, containers: [{ name: "php-fpm", image: "moodle:1" }] },
  status: { replicas: 2 },
};

test("what the API server writes by itself is no difference", () => {
  const applied = { ...live, metadata: { ...live.metadata, resourceVersion: "6", generation: 3 }, status: {} };
  expect(differences(live, applied)).toEqual([]);
});

test("fields are named by their paths", () => {
  const applied = {
    ...live,
    metadata: { ...live.metadata, labels: { a: "2" } },
    spec: { replicas: 2, containers: [{ name: "php-fpm", image: "moodle:2" }] },
  };
  expect(differences(live, applied)).toEqual(["metadata.labels.a", "spec.containers[0].image"]);
});

test("what is missing or too much is a difference, a longer list as a whole", () => {
  expect(differences(live, { ...live, spec: { containers: [] } })).toEqual(["spec.containers", "spec.replicas"]);
});
