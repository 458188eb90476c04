import type { Finding } from "../kernel/conditions";
import type { Outcome } from "../kernel/controller";
import type { StatusWriter } from "../kernel/status";
import type { Store } from "../kernel/store";
import { type MoodleCluster, type MoodleScalePolicy, POLICY } from "../kernel/types";
import { boundsAt, UnknownTimeZone } from "./calendar";
import type { Policies } from "./policies";

export interface ScalePolicyProps {
  readonly policies: Store<MoodleScalePolicy>;
  readonly clusters: Store<MoodleCluster>;
  readonly active: Policies;
  readonly status: StatusWriter;
  /** Has the site looked at again: its bounds may be others. */
  readonly enqueueCluster: (key: string) => void;
}

/** Tells when a policy's bounds change, and what they are. The site's own reconciler puts them in place. */
export class ScalePolicyReconciler {
  constructor(private readonly props: ScalePolicyProps) {}

  readonly reconcile = async (key: string): Promise<Outcome> => {
    const policy = this.props.policies.get(key);
    if (policy === undefined) return {};
    const cluster = `${policy.metadata.namespace}/${policy.spec.cluster}`;
    const now = Date.now();
    const fault = this.faultOf(policy, cluster, now);
    this.props.enqueueCluster(cluster);
    if (fault !== undefined) {
      await this.props.status.write(POLICY, policy, conditions(fault), (base) => base);
      return {};
    }
    const { nextChange, ...bounds } = boundsAt(policy.spec, now);
    const exams = bounds.exams.length === 0 ? "no exam" : bounds.exams.join(", ");
    await this.props.status.write(POLICY, policy, conditions(undefined, exams), (base) => ({
      ...base,
      minReplicas: bounds.minReplicas,
      maxReplicas: bounds.maxReplicas,
      exams: [...bounds.exams],
      nextChange: nextChange === undefined ? undefined : new Date(nextChange).toISOString(),
    }));
    return { again: nextChange === undefined ? undefined : nextChange - now };
  };

  private faultOf(
    policy: MoodleScalePolicy,
    cluster: string,
    now: number,
  ): Omit<Finding, "type" | "status"> | undefined {
    if (policy.spec.suspend) return { reason: "Suspended", message: "spec.suspend is true" };
    try {
      boundsAt(policy.spec, now);
    } catch (error) {
      if (error instanceof UnknownTimeZone) return { reason: "UnknownTimeZone", message: error.message };
      throw error;
    }
    const ruling = this.props.active.of(cluster);
    if (ruling !== undefined && ruling.metadata.name !== policy.metadata.name) {
      return { reason: "OtherPolicyRules", message: `${ruling.metadata.name} scales ${policy.spec.cluster}: keep one` };
    }
    if (this.props.clusters.get(cluster) === undefined) {
      return { reason: "NoSuchCluster", message: `there is no MoodleCluster ${policy.spec.cluster} in this namespace` };
    }
    return undefined;
  }
}

function conditions(fault: Omit<Finding, "type" | "status"> | undefined, exams = ""): Finding[] {
  const isBroken = fault !== undefined && fault.reason !== "Suspended";
  return [
    fault === undefined
      ? { type: "Ready", status: "True", reason: "InEffect", message: exams }
      : { type: "Ready", status: "False", ...fault },
    isBroken
      ? { type: "Stalled", status: "True", ...fault }
      : { type: "Stalled", status: "False", reason: "Working", message: "" },
  ];
}
