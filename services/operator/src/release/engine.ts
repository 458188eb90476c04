import type { ReleaseStatus } from "@moodle-platform/api";
import type { KubeObject } from "../api-server/object";
import type { Resources } from "../api-server/resources";
import type { Chart } from "../helm/charts";
import { type Helm, HelmError } from "../helm/helm";
import { CONFIG_MAP, DIGEST_LABEL, history, KIND_LABEL, type ReleaseRecord } from "../helm/records";
import type { Log } from "../kernel/log";
import type { World } from "./observe";
import { type Observed, planRelease, type Step } from "./plan";
import { readinessOf, type Workload } from "./readiness";

/** A release as its resource asks for it. */
export interface Desired {
  /** Kind of the resource, and its name, which is the release's. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  readonly chart: Chart;
  readonly values: unknown;
  readonly digest: string;
  readonly rollout: Observed["rollout"];
  /** The site's image, where there is one: another one changes the database. */
  readonly image?: string;
}

/** What was seen of a release, and what follows. */
export interface View {
  readonly records: readonly ReleaseRecord[];
  readonly workloads: readonly Workload[];
  readonly step: Step;
}

/** What a step came to: what is to be remembered of the release, and when to look again (milliseconds). */
export interface Progress {
  readonly verified?: ReleaseStatus["verified"];
  readonly failure?: ReleaseStatus["failure"];
  readonly again?: number;
}

/** Between two looks at something that is under way, in milliseconds. */
const LOOK_AGAIN = 5_000;

/** Longest time of `helm test`, in seconds: that of the chart's own Job, and for nodes and images. */
const TEST_SECONDS = 600;

/** Takes releases from what is there to what is asked for, one step at a time. */
export class ReleaseEngine {
  private readonly helmErrors = new Map<string, string>();

  constructor(
    private readonly helm: Helm,
    private readonly resources: Resources,
    private readonly log: Log,
  ) {}

  /** What is there by `world`, and the next step. */
  async look(desired: Desired, known: ReleaseStatus | undefined, world: World): Promise<View> {
    const { namespace, name } = desired;
    const records = history(await world.records(namespace, name));
    const isAtRest = records[0]?.status === "deployed" && records[0].revision === known?.verified?.revision;
    // At rest, objects of which one is being replaced are nothing to act on.
    const workloads = await world.workloads(namespace, name);
    const step = planRelease({
      kind: desired.kind,
      digest: desired.digest,
      generation: desired.generation,
      records,
      verified: known?.verified,
      failure: known?.failure,
      helmError: this.helmErrors.get(`${namespace}/${name}`),
      readiness: isAtRest ? { state: "ready", message: "" } : readinessOf(workloads),
      cannotGoBack: cannotGoBack(desired, known, workloads),
      rollout: desired.rollout,
      now: Date.now(),
    });
    return { records, workloads, step };
  }

  /** Takes the step. What Helm refuses or fails in is thrown. */
  async take(desired: Desired, known: ReleaseStatus | undefined, { records, step }: View): Promise<Progress> {
    const { verified, failure } = known ?? {};
    const release = { namespace: desired.namespace, name: desired.name };
    switch (step.kind) {
      case "rest":
        return { verified, failure: undefined };
      case "unlock":
        this.log.warn({ ...release, revision: step.record.revision, status: step.record.status }, "unlocking");
        await this.resources.delete(CONFIG_MAP, step.record.object);
        return { verified, failure, again: 0 };
      case "upgrade":
        await this.upgrade(desired);
        return { verified, failure, again: 0 };
      case "verify":
        return { ...(await this.verify(desired, step, known)), again: 0 };
      case "wait":
        return { verified, failure, again: Math.min(LOOK_AGAIN, Math.max(100, step.until - Date.now())) };
      case "fail":
        this.log.warn({ ...release, ...step.failure }, "a revision failed");
        return { verified, failure: step.failure, again: 0 };
      case "rollback":
        this.log.warn({ ...release, to: step.revision, from: records[0]?.revision }, "rolling back");
        await this.helm.rollback(release, step.revision);
        return { verified, failure, again: 0 };
      case "uninstall":
        await this.helm.uninstall(release);
        return { verified, failure, again: 0 };
      case "stalled":
        return { verified, failure };
    }
  }

  private async upgrade(desired: Desired): Promise<void> {
    const { namespace, name, chart, values, digest, kind } = desired;
    const key = `${namespace}/${name}`;
    try {
      const labels = { [DIGEST_LABEL]: digest, [KIND_LABEL]: kind };
      const revision = await this.helm.upgrade({ namespace, name, chart: chart.folder, values, labels });
      this.helmErrors.delete(key);
      this.log.info({ namespace, name, revision, digest }, "put in place");
    } catch (error) {
      if (error instanceof HelmError) this.helmErrors.set(key, error.message);
      throw error;
    }
  }

  private async verify(
    desired: Desired,
    { revision, test }: Extract<Step, { kind: "verify" }>,
    known: ReleaseStatus | undefined,
  ): Promise<Progress> {
    const { namespace, name, digest, generation, image } = desired;
    if (test) {
      try {
        await this.helm.test({ namespace, name }, TEST_SECONDS);
      } catch (error) {
        if (!(error instanceof HelmError)) throw error;
        const { verified, failure: before } = known ?? {};
        const isSame = before?.digest === digest && before.generation === generation;
        const count = Math.min(100, (isSame ? before.count : 0) + 1);
        const message = `helm test: ${error.message}`;
        return { verified, failure: { digest, generation, revision, count, message, time: new Date().toISOString() } };
      }
    }
    this.log.info({ namespace, name, revision }, "verified");
    return { verified: { revision, digest, image }, failure: undefined };
  }
}

/** What the status says of a release. */
export function releaseStatus(
  { chart, digest }: Desired,
  records: readonly ReleaseRecord[],
  { verified, failure }: Progress,
): ReleaseStatus {
  const [latest] = records;
  return {
    revision: latest?.revision,
    status: latest?.status,
    digest,
    chart: chart.version,
    verified,
    failure,
    history: records.slice(0, 10).map((record) => ({
      revision: record.revision,
      status: record.status,
      digest: record.digest,
      made: new Date(record.made).toISOString(),
    })),
  };
}

/**
 * Whether the Job of a new image may have begun to change the database: code of the old version does not run on that.
 * A Job that refused, or of which no pod ever ran, has not.
 */
function cannotGoBack({ image }: Desired, known: ReleaseStatus | undefined, workloads: readonly Workload[]): boolean {
  const before = known?.verified?.image;
  if (image === undefined || before === undefined || image === before) return false;
  const jobs = workloads.filter(({ kind, metadata }) => kind === "Job" && component(metadata) === "install");
  return jobs.length === 0 || jobs.some(hasBegun);
}

function hasBegun({ status }: Workload): boolean {
  const refused = status?.conditions?.some(({ type, reason }) => type === "Failed" && reason === "PodFailurePolicy");
  const { ready = 0, failed = 0, succeeded = 0 } = status ?? {};
  return !refused && ready + failed + succeeded > 0;
}

function component({ labels }: KubeObject["metadata"]): string | undefined {
  return labels?.["app.kubernetes.io/component"];
}
