import { randomUUID } from "node:crypto";
import type { Transition } from "./decide";
import type { Cluster, KubernetesObject } from "./kubernetes/cluster";

/** A Kubernetes event on the model's ConfigMap: `kubectl events --for configmap/bert-rollout`. */
export async function recordEvent(
  cluster: Cluster,
  policy: KubernetesObject,
  { reason, message }: Transition,
  now: Date,
): Promise<void> {
  const { name, uid } = policy.metadata;
  await cluster.create({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: `${name}.${randomUUID()}` },
    // MicroTime: six digits.
    eventTime: now.toISOString().replace("Z", "000Z"),
    type: reason === "RolledBack" ? "Warning" : "Normal",
    reason,
    action: reason,
    note: message.slice(0, 1024),
    reportingController: "moodleplatform.io/rollout",
    reportingInstance: "model-rollout",
    regarding: { apiVersion: "v1", kind: "ConfigMap", namespace: cluster.namespace, name, uid },
  });
}
