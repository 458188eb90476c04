import { BackupError } from "../errors";
import type { PruneOptions, PruneReport } from "../operations";
import { timed } from "../progress";
import { snapshotKey } from "../repository/layout";
import type { Manifest } from "../repository/manifest";
import { retain } from "../repository/retention";
import { type Session, withLease } from "../repository/session";
import { readManifests } from "../repository/snapshots";
import { Eraser } from "./eraser";
import { type Plan, ripePlans, writePlan } from "./plan";
import { type Unneeded, unneededBlobs, unneededDumps, unneededShards } from "./unneeded";

/**
 * Marks what retention lets go, and deletes what was marked longer than the grace ago. DESIGN.md explains both phases.
 *
 * @throws BackupError where nothing would remain, or where a manifest cannot be read: what it needs is unknown
 */
export async function runPrune(options: PruneOptions): Promise<PruneReport> {
  return withLease("prune", options, (session) => new PruneRun(options, session).run());
}

class PruneRun {
  constructor(
    private readonly options: PruneOptions,
    private readonly session: Session,
  ) {}

  async run(): Promise<PruneReport> {
    const { options, session } = this;
    const { progress, dryRun = false, graceHours = 20 } = options;
    const manifests = await readManifests(session.repository, session.signal);
    const kept = retain(manifests, options.retention);
    this.refuseEmptying(manifests, kept);
    const plans = await ripePlans(session, graceHours, progress);
    const plan = plans.at(-1);
    const doomed = manifests.filter(({ id }) => !kept.has(id));
    const ripe = doomed.filter(({ id }) => plan?.snapshots.has(id));

    const eraser = new Eraser(session, progress, dryRun);
    const gone = await timed(progress, "delete", () => this.deleteManifests(eraser, ripe));
    const remaining = manifests.filter(({ id }) => !gone.has(id));
    const keptManifests = manifests.filter(({ id }) => kept.has(id));
    const waiting = remaining.filter(({ id }) => !kept.has(id)).map(({ id }) => id);
    const marked = await timed(progress, "mark", () => this.sweep(eraser, plan, keptManifests, remaining));
    if (!dryRun) {
      if (waiting.length + eraser.left > 0) await writePlan(session, waiting);
      await eraser.eraseAll(plans.map(({ key }) => ({ key, size: 0 })));
    }
    return {
      kept: [...kept].sort(),
      marked: { snapshots: waiting, ...marked },
      deleted: { snapshots: [...gone], objects: eraser.objects, bytes: eraser.bytes },
      locked: eraser.locked,
    };
  }

  private refuseEmptying(manifests: readonly Manifest[], kept: ReadonlySet<string>): void {
    if (kept.size > 0) return;
    const { name } = this.session.repository.store;
    throw new BackupError(
      manifests.length === 0
        ? `${name} holds no snapshot, so nothing tells what is needed; make one first`
        : `retention would keep none of ${manifests.length} snapshots in ${name}; keep at least one, such as with keepLast: 1`,
    );
  }

  /** A manifest that is locked stays, and with it what it needs. */
  private async deleteManifests(eraser: Eraser, ripe: readonly Manifest[]): Promise<ReadonlySet<string>> {
    const left = await eraser.eraseAll(ripe.map(({ id }) => ({ key: snapshotKey(id), size: 0 })));
    return new Set(ripe.map(({ id }) => id).filter((id) => !left.has(snapshotKey(id))));
  }

  /** Deletes what no remaining manifest needs and was there before the plan; counts what no kept one needs otherwise. */
  private async sweep(
    eraser: Eraser,
    plan: Plan | undefined,
    kept: readonly Manifest[],
    remaining: readonly Manifest[],
  ): Promise<{ blobs: number; bytes: number }> {
    const { store } = this.session.repository;
    const { signal } = this.session;
    const isRipe = ({ needed, lastModified }: Unneeded) =>
      !needed && plan !== undefined && lastModified <= plan.writtenAt;
    await eraser.eraseWhere(unneededDumps(store, remaining, signal), isRipe);
    await eraser.eraseWhere(unneededShards(store, remaining, signal), isRipe);
    return eraser.eraseWhere(unneededBlobs(store, kept, remaining, signal), isRipe);
  }
}
