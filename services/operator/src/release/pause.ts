import { type Condition, PAUSE_ANNOTATION } from "@moodle-platform/api";
import type { KubeObject } from "../api-server/object";
import type { Finding } from "../kernel/conditions";

/** Whether somebody asked the operator to leave a resource alone. */
export function isPaused({ metadata, spec }: KubeObject & { readonly spec: { readonly suspend: boolean } }): boolean {
  return spec.suspend || metadata.annotations?.[PAUSE_ANNOTATION] !== undefined;
}

/** What was known stays, but for what goes on. */
export function pausedFindings(before: readonly Condition[] | undefined): Finding[] {
  const kept = (before ?? []).filter(({ type }) => type !== "Reconciling");
  const message = `spec.suspend is true, or the annotation ${PAUSE_ANNOTATION} is set`;
  return [...kept, { type: "Reconciling", status: "False", reason: "Suspended", message }];
}
