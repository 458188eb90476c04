import { ulid } from "ulid";
import { PREFIXES } from "../blobs/listing";
import type { VerifyOptions, VerifyReport } from "../operations";
import { timed } from "../progress";
import { snapshotKey } from "../repository/layout";
import type { Manifest } from "../repository/manifest";
import { unionOf } from "../repository/references";
import { openForWriting, openRepository, type Repository } from "../repository/repository";
import { interruptible } from "../repository/session";
import { BadManifest, readManifest, snapshotIds } from "../repository/snapshots";
import { type BlobCheck, checkBlobs, readBlobs } from "./blobs";
import { Findings } from "./findings";
import { checkDumps, checkShards } from "./parts";
import { latestVerification, type Verification, writeVerification } from "./verification";

const CONCURRENCY = 32;

/**
 * Checks that everything snapshots need is there, and reads a share of it. Quick, it compares names and sizes and reads
 * references; a changed byte shows only to one that reads.
 */
export async function runVerify(options: VerifyOptions): Promise<VerifyReport> {
  return interruptible(options.signal, () => new VerifyRun(options).run());
}

class VerifyRun {
  private readonly findings = new Findings();

  constructor(private readonly options: VerifyOptions) {}

  async run(): Promise<VerifyReport> {
    const { options, findings } = this;
    const { store, signal, progress, publicKey, signingSecret, concurrency = CONCURRENCY } = options;
    const startedAt = options.clock.now();
    const writable = signingSecret === undefined ? undefined : await openForWriting(store, signingSecret, publicKey);
    const repository = writable ?? (await openRepository(store, publicKey));
    const share = chooseShare(options.readShare ?? 0, await latestVerification(repository, signal));
    const check: BlobCheck = { store, findings, progress, concurrency, signal };

    const { manifests, blobs } = await timed(progress, "check", async () => {
      const readable = await checkShards(store, await this.manifests(repository), findings, signal);
      return { manifests: readable, blobs: await checkBlobs(check, unionOf(store, readable, signal)) };
    });
    const read = await timed(progress, "read", async () => {
      const dumps = await checkDumps(store, manifests, share.dumpsOf(manifests), findings, signal);
      if (share.prefixes.length === 0) return dumps;
      const contents = await readBlobs(check, unionOf(store, manifests, signal), share.prefixes);
      return { objects: dumps.objects + contents.objects, bytes: dumps.bytes + contents.bytes };
    });
    if (findings.listed.length > 0) {
      await findings.attribute(store, manifests);
      const listed = new Set(await snapshotIds(repository, signal));
      findings.keepThoseOf(options.snapshots === undefined ? listed : new Set([...listed, ...options.snapshots]));
    }
    const report: VerifyReport = {
      snapshots: manifests.length,
      blobs,
      read,
      findings: findings.listed,
      furtherFindings: findings.further,
    };
    if (writable !== undefined) {
      await writeVerification(writable, {
        format: 1,
        id: ulid(startedAt.getTime()),
        repository: repository.config.id,
        startedAt,
        finishedAt: options.clock.now(),
        snapshots: report.snapshots,
        blobs,
        read,
        findings: findings.listed.length + findings.further,
        nextPrefix: share.nextPrefix,
        nextDump: share.nextDump(manifests),
      });
    }
    return report;
  }

  /** Those that can be read. */
  private async manifests(repository: Repository): Promise<Manifest[]> {
    const { signal } = this.options;
    const manifests: Manifest[] = [];
    for (const id of this.options.snapshots ?? (await snapshotIds(repository, signal))) {
      try {
        manifests.push(await readManifest(repository, id, signal));
      } catch (error) {
        if (!(error instanceof BadManifest)) throw error;
        const problem = error.isMissing ? "missing" : "damaged";
        this.findings.add({ problem, what: "manifest", key: snapshotKey(id), snapshots: [id] });
      }
    }
    return manifests;
  }
}

/** What this run reads, and where the next one goes on. */
interface Share {
  readonly prefixes: readonly string[];
  readonly nextPrefix: string;
  dumpsOf(manifests: readonly Manifest[]): ReadonlySet<string>;
  nextDump(manifests: readonly Manifest[]): string;
}

/** Prefixes and dumps follow one another in a circle. The newest dump is always read. */
function chooseShare(share: number, previous: Verification | undefined): Share {
  const first = Math.max(0, PREFIXES.indexOf(previous?.nextPrefix ?? ""));
  const length = Math.ceil(PREFIXES.length * Math.min(1, share));
  const circle = [...PREFIXES.slice(first), ...PREFIXES.slice(0, first)];
  const turn = (manifests: readonly Manifest[]) => {
    const ids = manifests.map(({ id }) => id).sort();
    const after = ids.findIndex((id) => id >= (previous?.nextDump ?? ""));
    return after <= 0 ? ids : [...ids.slice(after), ...ids.slice(0, after)];
  };
  const dumps = (manifests: readonly Manifest[]) => Math.ceil(manifests.length * Math.min(1, share));
  return {
    // In order, as references are.
    prefixes: circle.slice(0, length).sort(),
    nextPrefix: circle[length % circle.length] ?? "00",
    dumpsOf: (manifests) => {
      const ids = turn(manifests).slice(0, dumps(manifests));
      const newest = manifests.at(-1)?.id;
      return new Set(share === 0 || newest === undefined ? [] : [...ids, newest]);
    },
    nextDump: (manifests) => turn(manifests)[dumps(manifests) % Math.max(1, manifests.length)] ?? "",
  };
}
