import type { KubernetesObject } from "../../../../services/rollout/src/kubernetes/cluster";

interface Target {
  readonly revisionName?: string;
  readonly latestRevision?: boolean;
  readonly percent: number;
}

interface Revision {
  readonly name: string;
  readonly version: string;
  readonly template: string;
  ready: boolean;
}

/**
 * KServe 0.20 and Knative Serving 1.23 as far as they share the traffic of one InferenceService: a model of
 * `createKnativeService` and `PropagateStatus`, and of Knative's routes. Each controller's turn is a method, so that a
 * test can have them come in any order.
 */
export class KnativeModel {
  readonly revisions: Revision[] = [];
  /** Versions whose revisions never become ready. */
  readonly broken = new Set<string>();
  private template = "";
  private version = "";
  private spec: Target[] = [];
  private traffic: Target[] = [];
  private latestReady?: Revision;
  private rolledOut?: string;
  private previouslyRolledOut?: string;

  constructor(private readonly name: string) {}

  /** KServe: from the InferenceService to the Knative Service. */
  reconcileService(service: KubernetesObject): void {
    const { predictor, ...rest } = service.spec as { predictor: { canaryTrafficPercent?: number } };
    const { canaryTrafficPercent: percent, ...others } = predictor;
    this.template = JSON.stringify([rest, others, service.metadata.labels, service.metadata.annotations]);
    this.version = service.metadata.labels?.["moodleplatform.io/model-version"] ?? "?";
    if (percent === undefined || this.rolledOut === undefined) {
      this.spec = [{ latestRevision: true, percent: 100 }];
      return;
    }
    this.spec = [{ latestRevision: true, percent }];
    if (percent < 100) this.spec.push({ revisionName: this.rolledOut, percent: 100 - percent });
  }

  /** Knative: a revision for each new template. */
  reconcileConfiguration(): void {
    if (this.revisions.at(-1)?.template === this.template || this.template === "") return;
    const name = `${this.name}-predictor-${String(this.revisions.length + 1).padStart(5, "0")}`;
    this.revisions.push({ name, version: this.version, template: this.template, ready: false });
  }

  /** The kubelet: a revision's pods become ready. */
  becomeReady(): void {
    const latest = this.revisions.at(-1);
    if (latest === undefined || this.broken.has(latest.version)) return;
    latest.ready = true;
    this.latestReady = latest;
  }

  /** The pods of a version's revisions crash, and go on to do so. */
  crash(version: string): void {
    this.broken.add(version);
    for (const revision of this.revisions) if (revision.version === version) revision.ready = false;
  }

  /** They come back. */
  recover(version: string): void {
    this.broken.delete(version);
    for (const revision of this.revisions) if (revision.version === version) revision.ready = true;
  }

  /** Knative: the route follows, where the revisions that it names are ready. */
  reconcileRoute(): void {
    const resolved = this.spec.map((target) => ({
      ...target,
      revisionName: target.latestRevision ? this.latestReady?.name : target.revisionName,
    }));
    const ready = new Set(this.revisions.filter((revision) => revision.ready).map(({ name }) => name));
    if (resolved.every(({ revisionName = "" }) => ready.has(revisionName))) this.traffic = resolved;
  }

  /** KServe: the InferenceService's status. */
  status(): unknown {
    const created = this.revisions.at(-1)?.name;
    const ready = this.latestReady?.name;
    for (const { revisionName, latestRevision, percent } of this.traffic) {
      if (latestRevision !== true || revisionName !== ready) continue;
      if (this.rolledOut !== ready) {
        if (percent === 100) {
          this.previouslyRolledOut = this.rolledOut;
          this.rolledOut = ready;
        }
      } else if (ready === created && percent < 100 && this.share(({ name }) => name === ready) === 100) {
        this.rolledOut = this.previouslyRolledOut ?? this.rolledOut;
      }
    }
    const predictor = {
      latestCreatedRevision: created,
      latestReadyRevision: ready,
      latestRolledoutRevision: this.rolledOut,
      previousRolledoutRevision: this.previouslyRolledOut,
      traffic: this.traffic,
    };
    const latest = this.revisions.at(-1);
    const isBroken = latest !== undefined && this.broken.has(latest.version);
    const status = latest?.ready ? "True" : isBroken ? "False" : "Unknown";
    return { components: { predictor }, conditions: [{ type: "PredictorConfigurationReady", status }] };
  }

  /** Every controller's turn, as often as it takes to come to rest. */
  settle(service: KubernetesObject): unknown {
    let status: unknown;
    for (let turn = 0; turn < 4; turn++) {
      this.reconcileService(service);
      this.reconcileConfiguration();
      this.becomeReady();
      this.reconcileRoute();
      status = this.status();
    }
    return status;
  }

  /** Percent of the traffic that goes to the revisions of which something is so. */
  share(isMeant: (revision: Revision) => boolean): number {
    const names = new Set(this.revisions.filter(isMeant).map(({ name }) => name));
    return this.traffic
      .filter(({ revisionName }) => names.has(revisionName ?? ""))
      .reduce((sum, { percent }) => sum + percent, 0);
  }

  shareOf(version: string): number {
    return this.share((revision) => revision.version === version);
  }
}
