import type { Finding } from "../kernel/conditions";
import type { View } from "./engine";
import { availabilityOf } from "./readiness";

/** What the steps that change something are called while they go on. */
const UNDER_WAY = {
  unlock: ["Unlocking", "removing what an interrupted Helm left behind"],
  upgrade: ["Upgrading", "putting a revision in place"],
  verify: ["Testing", "finding out whether the new revision works"],
  fail: ["RollingBack", "a revision failed"],
  rollback: ["RollingBack", "going back to the last revision that worked"],
  uninstall: ["Deleting", "removing the release"],
} as const;

/** Ready, Reconciling and Stalled, as the next step of a release tells them. */
export function releaseFindings({ step, workloads }: View): Finding[] {
  switch (step.kind) {
    case "rest": {
      const { isAvailable, message } = availabilityOf(workloads);
      return isAvailable
        ? findings(["True", "Available", `revision ${step.revision} is in place`], ["False", "Settled"])
        : findings(["False", "Unavailable", message], ["False", "Settled"]);
    }
    case "wait":
      return findings(["False", step.reason, step.message], ["True", step.reason, step.message]);
    case "stalled":
      return findings(["False", step.reason, step.message], ["False", "Stalled"], step);
    case "fail":
      return findings(["False", "RevisionFailed", step.failure.message], ["True", ...UNDER_WAY.fail]);
    default: {
      const [reason, message] = UNDER_WAY[step.kind];
      return findings(["False", reason, message], ["True", reason, message]);
    }
  }
}

/** It is tried again. */
export function helmFailed({ message }: Error): Finding[] {
  return findings(["False", "HelmFailed", message], ["True", "HelmFailed", message]);
}

type Brief = readonly [status: "True" | "False", reason: string, message?: string];

/** The three conditions that every release has. */
export function findings(
  ready: Brief,
  reconciling: Brief,
  stalled?: { readonly reason: string; readonly message: string },
): Finding[] {
  return [
    { type: "Ready", status: ready[0], reason: ready[1], message: ready[2] ?? "" },
    { type: "Reconciling", status: reconciling[0], reason: reconciling[1], message: reconciling[2] ?? "" },
    stalled === undefined
      ? { type: "Stalled", status: "False", reason: "Working", message: "" }
      : { type: "Stalled", status: "True", reason: stalled.reason, message: stalled.message },
  ];
}
