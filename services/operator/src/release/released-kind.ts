import type { ReleaseStatus } from "@moodle-platform/api";
import type { ResourceType } from "../api-server/object";
import type { Finding } from "../kernel/conditions";
import type { BaseStatus, CustomResource } from "../kernel/status";
import type { Desired, View } from "./engine";
import type { SnapshotRequest } from "./snapshot";

/** The part of a specification that every resource with a release has. */
export interface ReleasedSpec {
  readonly suspend: boolean;
  readonly deletionPolicy: "Retain" | "Snapshot" | "Delete";
}

export interface ReleasedStatus extends BaseStatus {
  readonly release?: ReleaseStatus;
}

/** A resource that stands for a Helm release. */
export type Released = CustomResource<ReleasedSpec, ReleasedStatus>;

/** What is found beside the state of the release itself, and when to look again (milliseconds). */
export interface Supplement<Resource extends Released> {
  readonly findings: readonly Finding[];
  /** Fields of the status beside those of every release. */
  readonly status?: Omit<NonNullable<Resource["status"]>, keyof ReleasedStatus>;
  readonly again?: number;
}

/** In which one kind of resource differs from the others that stand for a release. */
export interface ReleasedKind<Resource extends Released> {
  readonly type: ResourceType;
  desired(resource: Resource): Desired;
  /** The snapshot without which the next revision must not come. */
  snapshotBefore?(resource: Resource, desired: Desired, view: View): SnapshotRequest | undefined;
  /** The snapshot without which the release must not go. */
  lastSnapshot?(resource: Resource): SnapshotRequest | undefined;
  /** What there is to find while the release is as it should be. */
  atRest(resource: Resource, view: View): Promise<Supplement<Resource>>;
  /** What of it is kept in the status while the release is on its way. */
  onTheWay(resource: Resource): Supplement<Resource>;
  /** There is no such resource any more. */
  forget(key: string): void;
}
