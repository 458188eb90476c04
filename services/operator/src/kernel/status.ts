import { isDeepStrictEqual } from "node:util";
import type { Condition } from "@moodle-platform/api";
import type { KubeObject, ResourceType } from "../api-server/object";
import type { Resources } from "../api-server/resources";
import { type Finding, transitions, withFindings } from "./conditions";
import type { EventRecorder } from "./events";

/** A custom resource of the platform. */
export interface CustomResource<Spec, Status extends BaseStatus> extends KubeObject {
  readonly spec: Spec;
  readonly status?: Status;
}

export interface BaseStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

/** The part of a status that is written for every resource. */
export interface Written {
  readonly observedGeneration: number;
  readonly conditions: Condition[];
}

/** Writes the status of resources, and tells of what changed in it. */
export class StatusWriter {
  constructor(
    private readonly resources: Pick<Resources, "apply">,
    private readonly events: EventRecorder,
  ) {}

  /** Writes nothing where nothing changed. Returns the status. */
  async write<Spec, Status extends BaseStatus>(
    type: ResourceType,
    resource: CustomResource<Spec, Status>,
    findings: readonly Finding[],
    /** The whole status, with what every status has. */
    complete: (base: Written) => Status,
  ): Promise<Status> {
    const { status: before, metadata } = resource;
    const generation = metadata.generation ?? 0;
    const conditions = withFindings(before?.conditions, findings, generation, now());
    const status = plain(complete({ observedGeneration: generation, conditions }));
    if (isDeepStrictEqual(byType(before), byType(status))) return status;
    const { name, namespace } = metadata;
    await this.resources.apply(
      type,
      { apiVersion: type.apiVersion, kind: type.kind, metadata: { name, namespace }, status } as KubeObject,
      { subresource: "status" },
    );
    const news = transitions(before?.conditions, findings).filter(({ type }) => type !== "Reconciling");
    for (const finding of news) {
      const isFirst = before?.conditions?.some((condition) => condition.type === finding.type) !== true;
      if (!isFirst || isBad(finding) || finding.type === "Ready") await this.tell(type, resource, finding);
    }
    return status;
  }

  private async tell(type: ResourceType, resource: KubeObject, finding: Finding): Promise<void> {
    const regarding = { ...resource, apiVersion: type.apiVersion, kind: type.kind };
    await this.events.record(regarding, {
      type: isBad(finding) ? "Warning" : "Normal",
      reason: finding.reason,
      action: "Reconcile",
      note: `${finding.type} is ${finding.status}: ${finding.message}`,
    });
  }
}

/** Conditions that should be true; of the others, what should not. */
const GOOD = new Set(["Ready", "BackupFresh", "CredentialsCurrent"]);

/** Reasons that are no cause for a warning. */
const QUIET = new Set([
  "Progressing",
  "Upgrading",
  "Testing",
  "Deleting",
  "TakingSnapshot",
  "Suspended",
  "Synchronizing",
  "RollingOut",
]);

function isBad({ type, status, reason }: Finding): boolean {
  return status === (GOOD.has(type) ? "False" : "True") && !QUIET.has(reason);
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

/** As it is after a way through JSON: without what is undefined. */
function plain<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

/** The API server may keep conditions in another order. */
function byType(status: BaseStatus | undefined): unknown {
  if (status?.conditions === undefined) return status;
  return { ...status, conditions: [...status.conditions].sort((one, other) => (one.type < other.type ? -1 : 1)) };
}
