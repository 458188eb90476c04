import { GROUP } from "@moodle-platform/api";
import type { KubeObject, ResourceType } from "../api-server/object";

export const CONFIG_MAP: ResourceType = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps" };

/** Labels that the operator gives to the records of its releases: what a revision was made of, and for which resource. */
export const DIGEST_LABEL = `${GROUP}/digest`;
export const KIND_LABEL = `${GROUP}/kind`;

/** Helm's words for the state of a revision. */
export type RecordStatus =
  | "deployed"
  | "superseded"
  | "failed"
  | "uninstalling"
  | "uninstalled"
  | "pending-install"
  | "pending-upgrade"
  | "pending-rollback"
  | "unknown";

/** One revision, as the labels of Helm's record of it tell: the record itself is never read. */
export interface ReleaseRecord {
  readonly revision: number;
  readonly status: RecordStatus;
  /** Missing on revisions that somebody else made. */
  readonly digest?: string;
  /** Kind of the resource that the revision is of. */
  readonly kind?: string;
  /** Milliseconds since 1970. Helm's own label of it is inherited from revision to revision. */
  readonly made: number;
  readonly object: KubeObject;
}

/** Selects the records of all releases, or of one. */
export function recordSelector(name?: string): string {
  return name === undefined ? "owner=helm" : `owner=helm,name=${name}`;
}

/** Name of the release that a record belongs to. */
export function releaseOf({ metadata }: KubeObject): string | undefined {
  return metadata.labels?.owner === "helm" ? `${metadata.namespace}/${metadata.labels.name}` : undefined;
}

export function recordOf(object: KubeObject): ReleaseRecord {
  const { labels = {}, creationTimestamp = "" } = object.metadata;
  return {
    revision: Number(labels.version),
    status: (labels.status ?? "unknown") as RecordStatus,
    digest: labels[DIGEST_LABEL],
    kind: labels[KIND_LABEL],
    made: Date.parse(creationTimestamp),
    object,
  };
}

/** Revisions of one release, newest first. */
export function history(objects: readonly KubeObject[]): ReleaseRecord[] {
  return objects.map(recordOf).sort((one, other) => other.revision - one.revision);
}
