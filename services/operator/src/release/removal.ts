import { FINALIZER } from "@moodle-platform/api";
import { type ResourceType, splitKey } from "../api-server/object";
import type { Resources } from "../api-server/resources";
import { type Helm, HelmError } from "../helm/helm";
import { history } from "../helm/records";
import type { Finding } from "../kernel/conditions";
import type { Outcome } from "../kernel/controller";
import { removeFinalizer } from "../kernel/finalizer";
import type { StatusWriter, Written } from "../kernel/status";
import { findings, helmFailed } from "./findings";
import type { World } from "./observe";
import type { ReleaseOwners } from "./owner";
import type { Released, ReleasedKind } from "./released-kind";
import { ensureSnapshot, SNAPSHOT_AGAIN } from "./snapshot";

export interface RemovalProps<Resource extends Released> {
  readonly kind: ReleasedKind<Resource>;
  readonly resources: Resources;
  readonly live: World;
  readonly helm: Helm;
  readonly owners: ReleaseOwners;
  readonly status: StatusWriter;
}

const NAMESPACE: ResourceType = { apiVersion: "v1", kind: "Namespace", plural: "namespaces" };

/** Lets a resource go, after what its deletion policy asks: the finalizer goes last. */
export class Removal<Resource extends Released> {
  constructor(private readonly props: RemovalProps<Resource>) {}

  async remove(key: string): Promise<Outcome> {
    const { resources, kind } = this.props;
    const { namespace, name } = splitKey(key);
    const resource = await resources.get<Resource>(kind.type, namespace, name);
    if (resource?.metadata.deletionTimestamp === undefined) return {};
    if (!resource.metadata.finalizers?.includes(FINALIZER)) return {};
    const stays = resource.spec.deletionPolicy === "Retain" || (await this.isNamespaceGoing(namespace));
    const waiting = stays ? undefined : await this.removeRelease(resource);
    if (waiting !== undefined) return waiting;
    await removeFinalizer(resources, kind.type, resource, FINALIZER);
    return {};
  }

  /** Undefined once there is none. */
  private async removeRelease(resource: Resource): Promise<Outcome | undefined> {
    const { namespace = "", name } = resource.metadata;
    let told = resource;
    try {
      if (!(await this.hasRelease(resource))) return undefined;
      const waiting = await this.snapshotFirst(resource);
      if (waiting !== undefined) return waiting;
      told = await this.tell(resource, "Deleting", "removing the release");
      await this.props.helm.uninstall({ namespace, name });
      return { again: 0 };
    } catch (error) {
      if (error instanceof HelmError) await this.write(told, helmFailed(error));
      throw error;
    }
  }

  /** Then the release goes with all that is there, by no policy: nothing can be made any more, and Roles are gone. */
  async isNamespaceGoing(name: string): Promise<boolean> {
    const namespace = await this.props.resources.get(NAMESPACE, undefined, name);
    return namespace?.metadata.deletionTimestamp !== undefined;
  }

  /** A release that is somebody else's is not this one's to remove. */
  private async hasRelease(resource: Resource): Promise<boolean> {
    const { kind, live, owners } = this.props;
    const desired = kind.desired(resource);
    const [latest] = history(await live.records(desired.namespace, desired.name));
    return latest !== undefined && (await owners.otherThan(desired, latest)) === undefined;
  }

  private async snapshotFirst(resource: Resource): Promise<Outcome | undefined> {
    const request = this.props.kind.lastSnapshot?.(resource);
    if (request === undefined) return undefined;
    const { state, message } = await ensureSnapshot(this.props.resources, request);
    if (state === "done") return undefined;
    await this.tell(resource, state === "failed" ? "SnapshotFailed" : "TakingSnapshot", message);
    return { again: SNAPSHOT_AGAIN };
  }

  private tell(resource: Resource, reason: string, message: string): Promise<Resource> {
    const stalled = reason === "SnapshotFailed" ? { reason, message } : undefined;
    const conditions = findings(["False", reason, message], [stalled ? "False" : "True", reason, message], stalled);
    return this.write(resource, conditions);
  }

  private async write(resource: Resource, conditions: readonly Finding[]): Promise<Resource> {
    const { status, kind } = this.props;
    const complete = (base: Written) => ({ ...resource.status, ...base });
    return { ...resource, status: await status.write(kind.type, resource, conditions, complete) };
  }
}
