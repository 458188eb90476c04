import type { LoginStatus, MoodleClusterSpec } from "@moodle-platform/api";
import { withLogins } from "../credentials/logins";
import { type Chart, revisionDigest } from "../helm/charts";
import { CLUSTER, type MoodleCluster } from "../kernel/types";
import type { Desired } from "../release/engine";
import type { Bounds } from "../scale-policy/calendar";
import { withBounds } from "../scale-policy/effective-values";

/** The release that a MoodleCluster asks for, under the bounds of its policy and with the logins that work. */
export function desiredRelease(
  cluster: MoodleCluster,
  chart: Chart,
  bounds: Bounds | undefined,
  logins: readonly LoginStatus[] | undefined,
): Desired {
  const { metadata, spec } = cluster;
  const values = withLogins(withBounds(spec.values, bounds), logins);
  return {
    kind: CLUSTER.kind,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    generation: metadata.generation ?? 0,
    created: Date.parse(metadata.creationTimestamp ?? ""),
    chart,
    values,
    digest: revisionDigest(chart, values),
    rollout: spec.rollout,
    image: imageReference(spec.values.image),
  };
}

function imageReference({ repository, tag, digest }: MoodleClusterSpec["values"]["image"]): string {
  return digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`;
}
