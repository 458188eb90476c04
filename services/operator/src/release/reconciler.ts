import { FINALIZER } from "@moodle-platform/api";
import { splitKey } from "../api-server/object";
import type { Resources } from "../api-server/resources";
import { HelmError } from "../helm/helm";
import type { Finding } from "../kernel/conditions";
import type { Outcome } from "../kernel/controller";
import { addFinalizer } from "../kernel/finalizer";
import type { StatusWriter } from "../kernel/status";
import type { Store } from "../kernel/store";
import { type Desired, type Progress, type ReleaseEngine, releaseStatus, type View } from "./engine";
import { findings, helmFailed, releaseFindings } from "./findings";
import type { World } from "./observe";
import { isPaused, pausedFindings } from "./pause";
import type { Released, ReleasedKind, Supplement } from "./released-kind";
import type { Removal } from "./removal";
import { ensureSnapshot, SNAPSHOT_AGAIN } from "./snapshot";

export interface ReleaseReconcilerProps<Resource extends Released> {
  readonly kind: ReleasedKind<Resource>;
  readonly resources: Resources;
  readonly store: Store<Resource>;
  readonly cached: World;
  readonly live: World;
  readonly engine: ReleaseEngine;
  readonly status: StatusWriter;
  readonly removal: Removal<Resource>;
}

/** Milliseconds until Helm is asked again to take values that it refused: its chart may be another by then. */
const REFUSED_AGAIN = 600_000;

/** Keeps a release as its resource says. */
export class ReleaseReconciler<Resource extends Released> {
  constructor(private readonly props: ReleaseReconcilerProps<Resource>) {}

  readonly reconcile = async (key: string): Promise<Outcome> => {
    const { store, kind, cached, removal } = this.props;
    const resource = store.get(key);
    if (resource === undefined) {
      kind.forget(key);
      return {};
    }
    // A pause saves nothing where the whole namespace goes, and would keep it from ending.
    if (isPaused(resource)) return (await this.goAlong(key)) ?? this.pause(resource);
    if (resource.metadata.deletionTimestamp !== undefined) return removal.remove(key);
    const desired = kind.desired(resource);
    const view = await this.look(resource, desired, cached);
    if (view.step.kind === "rest" && resource.metadata.finalizers?.includes(FINALIZER)) {
      return this.rest(resource, desired, view);
    }
    return this.advance(key);
  };

  /**
   * Lets a resource go with its namespace, whatever else is so; undefined where that does not go. Nobody else may tell of
   * it: in a namespace that goes, the right to watch goes too.
   */
  readonly goAlong = async (key: string): Promise<Outcome | undefined> => {
    const { resources, kind, removal } = this.props;
    const { namespace, name } = splitKey(key);
    const found = await resources.get<Resource>(kind.type, namespace, name);
    const goes = found?.metadata.deletionTimestamp !== undefined && (await removal.isNamespaceGoing(namespace));
    return goes ? removal.remove(key) : undefined;
  };

  /** Something is to be done: what counts for that is the API server's word, not a cache. */
  private async advance(key: string): Promise<Outcome> {
    const { resources, kind, engine, live, removal } = this.props;
    const { namespace, name } = splitKey(key);
    const found = await resources.get<Resource>(kind.type, namespace, name);
    if (found === undefined) return {};
    if (isPaused(found)) return (await this.goAlong(key)) ?? {};
    // No watch may have told of it.
    if (found.metadata.deletionTimestamp !== undefined) return removal.remove(key);
    const resource = await addFinalizer(resources, kind.type, found, FINALIZER);
    const desired = kind.desired(resource);
    const view = await this.look(resource, desired, live);
    if (view.step.kind === "rest") return this.rest(resource, desired, view);
    if (view.step.kind === "upgrade") {
      const waiting = await this.snapshotFirst(resource, desired, view);
      if (waiting !== undefined) return waiting;
    }
    const begun = await this.write(resource, desired, view, undefined, releaseFindings(view));
    try {
      const progress = await engine.take(desired, begun.status?.release, view);
      if (view.step.kind === "verify" || view.step.kind === "fail") {
        await this.write(begun, desired, view, progress, releaseFindings(view));
      }
      return { again: progress.again };
    } catch (error) {
      if (!(error instanceof HelmError)) throw error;
      return this.refused(begun, desired, view, error);
    }
  }

  /** Whose a release is that no resource made, Helm is asked. */
  private async look(resource: Resource, desired: Desired, world: World): Promise<View> {
    try {
      return await this.props.engine.look(desired, resource.status?.release, world);
    } catch (error) {
      if (error instanceof HelmError) await this.write(resource, desired, undefined, undefined, helmFailed(error));
      throw error;
    }
  }

  private async rest(resource: Resource, desired: Desired, view: View): Promise<Outcome> {
    const progress = await this.props.engine.take(desired, resource.status?.release, view);
    const supplement = await this.props.kind.atRest(resource, view);
    await this.write(resource, desired, view, progress, releaseFindings(view), supplement);
    return { again: supplement.again };
  }

  private async snapshotFirst(resource: Resource, desired: Desired, view: View): Promise<Outcome | undefined> {
    const request = this.props.kind.snapshotBefore?.(resource, desired, view);
    if (request === undefined) return undefined;
    const { state, message } = await ensureSnapshot(this.props.resources, request);
    if (state === "done") return undefined;
    const conditions =
      state === "running"
        ? findings(["False", "TakingSnapshot", message], ["True", "TakingSnapshot", message])
        : findings(["False", "SnapshotFailed", message], ["False", "Stalled"], { reason: "SnapshotFailed", message });
    await this.write(resource, desired, view, undefined, conditions);
    return { again: SNAPSHOT_AGAIN };
  }

  private async refused(resource: Resource, desired: Desired, view: View, error: HelmError): Promise<Outcome> {
    const { message } = error;
    if (!error.refusesValues) {
      await this.write(resource, desired, view, undefined, helmFailed(error));
      throw error;
    }
    const stalled = { reason: "ValuesRefused", message };
    const conditions = findings(["False", "ValuesRefused", message], ["False", "Stalled"], stalled);
    await this.write(resource, desired, view, undefined, conditions);
    return { again: REFUSED_AGAIN };
  }

  private async pause(resource: Resource): Promise<Outcome> {
    const { status, kind } = this.props;
    const conditions = pausedFindings(resource.status?.conditions);
    await status.write(kind.type, resource, conditions, (base) => ({ ...resource.status, ...base }));
    return {};
  }

  private async write(
    resource: Resource,
    desired: Desired,
    /** Missing where nothing could be seen of the release: what was known of it stays. */
    view: View | undefined,
    progress: Progress | undefined,
    conditions: readonly Finding[],
    supplement: Supplement<Resource> = this.props.kind.onTheWay(resource),
  ): Promise<Resource> {
    const { status, kind } = this.props;
    const known = resource.status?.release;
    const release =
      view === undefined
        ? known
        : releaseStatus(desired, view.records, progress ?? { verified: view.verified, failure: known?.failure });
    const written = await status.write(kind.type, resource, [...conditions, ...supplement.findings], (base) => ({
      ...supplement.status,
      ...base,
      release,
    }));
    return { ...resource, status: written };
  }
}
