import type { MoodleClusterSpec } from "@moodle-platform/api";
import type { Bounds } from "./calendar";

/**
 * Values of a site under the bounds of its policy. The chart turns them into those of an HPA, of KEDA or of a Knative
 * Service: whichever scales, there is one place where bounds come from, and drift is measured against them too.
 */
export function withBounds(
  values: MoodleClusterSpec["values"],
  bounds: Bounds | undefined,
): MoodleClusterSpec["values"] {
  if (bounds === undefined) return values;
  const { minReplicas, maxReplicas } = bounds;
  return { ...values, web: { ...values.web, minReplicas, maxReplicas } };
}
