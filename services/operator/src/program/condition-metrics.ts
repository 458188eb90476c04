import type { KubeObject } from "../api-server/object";
import type { Metrics } from "../kernel/metrics";
import type { BaseStatus } from "../kernel/status";
import { BACKUP, CLUSTER, POLICY } from "../kernel/types";
import type { Caches } from "./caches";

/** The conditions of every resource, as kube-state-metrics would show them. */
export function conditionMetrics(metrics: Metrics, caches: Caches): void {
  const labels = ["kind", "namespace", "name", "condition", "status"];
  metrics.gauge(
    "moodle_operator_condition",
    "Conditions of the resources: 1 for the status that each has.",
    labels,
    (set) => {
      const stores = [
        [CLUSTER.kind, caches.clusters],
        [BACKUP.kind, caches.backups],
        [POLICY.kind, caches.policies],
      ] as const;
      for (const [kind, store] of stores) {
        for (const resource of store.values()) report(kind, resource, set);
      }
    },
  );
}

function report(
  kind: string,
  { metadata, status }: KubeObject & { readonly status?: BaseStatus },
  set: (labels: Record<string, string>, value: number) => void,
): void {
  for (const condition of status?.conditions ?? []) {
    const { type, status: value } = condition;
    set({ kind, namespace: metadata.namespace ?? "", name: metadata.name, condition: type, status: value }, 1);
  }
}
