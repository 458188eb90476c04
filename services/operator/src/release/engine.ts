import type { ReleaseStatus } from "@moodle-platform/api";
import type { KubeObject } from "../api-server/object";
import type { Resources } from "../api-server/resources";
import type { Chart } from "../helm/charts";
import { type Helm, HelmError } from "../helm/helm";
import { CONFIG_MAP, DIGEST_LABEL, history, KIND_LABEL, type ReleaseRecord } from "../helm/records";
import type { Log } from "../kernel/log";
import { isSameImage } from "./image";
import type { World } from "./observe";
import type { ReleaseOwners } from "./owner";
import { type Observed, planRelease, type Step } from "./plan";
import { JOB, readinessOf, type Workload } from "./readiness";

/** A release as its resource asks for it. */
export interface Desired {
  /** Kind of the resource, and its name, which is the release's. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** When the resource was made, in milliseconds since 1970. */
  readonly created: number;
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
  /** The last revision that worked, or that somebody else had put in place. */
  readonly verified?: ReleaseStatus["verified"];
  /** Whether an upgrade of the database has begun. */
  readonly cannotGoBack: boolean;
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
    private readonly owners: ReleaseOwners,
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
    const verified = known?.verified ?? foundInPlace(desired, known, records, workloads);
    const noWayBack = cannotGoBack(desired, { verified, failure: known?.failure }, records, workloads);
    const step = planRelease({
      owner: await this.owners.otherThan(desired, records[0]),
      digest: desired.digest,
      generation: desired.generation,
      records,
      verified,
      failure: known?.failure,
      helmError: this.helmErrors.get(`${namespace}/${name}`),
      readiness: isAtRest ? { state: "ready", message: "" } : readinessOf(workloads),
      cannotGoBack: noWayBack,
      rollout: desired.rollout,
      now: Date.now(),
    });
    const isLeft = step.kind === "wait" || step.kind === "stalled" || step.kind === "uninstall";
    return { records, workloads, step, verified: isLeft ? known?.verified : verified, cannotGoBack: noWayBack };
  }

  /** Takes the step. What Helm refuses or fails in is thrown. */
  async take(desired: Desired, known: ReleaseStatus | undefined, view: View): Promise<Progress> {
    const { records, step } = view;
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
        await this.upgrade(desired, view);
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

  private async upgrade(desired: Desired, { records, workloads }: View): Promise<void> {
    const { namespace, name, chart, values, digest, kind } = desired;
    const key = `${namespace}/${name}`;
    if (records[0]?.digest === digest) await this.removeFailedJobs(workloads);
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

  /** The same is tried again: Helm leaves a Job that is there as it is, failed or not, and makes one that is not. */
  private async removeFailedJobs(workloads: readonly Workload[]): Promise<void> {
    const failed = workloads.filter((one) => one.kind === "Job" && readinessOf([one]).state === "failed");
    for (const job of failed) await this.resources.delete(JOB, job);
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
        // A revision that was late is counted already.
        const isCounted = isSame && before.revision === revision;
        const count = Math.min(100, (isSame ? before.count : 0) + (isCounted ? 0 : 1));
        const message = `helm test: ${error.message}`;
        const time = new Date().toISOString();
        const failure = { digest, generation, revision, count, message, time, tested: true, begun: before?.begun };
        return { verified, failure };
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
 * A release that was there before its resource, or of which the status is lost: nothing says that it worked, but it is
 * what an upgrade changes, and what a failure goes back to. Where Helm had failed, what runs is of no certain image.
 */
function foundInPlace(
  { digest, created }: Desired,
  known: ReleaseStatus | undefined,
  records: readonly ReleaseRecord[],
  workloads: readonly Workload[],
): ReleaseStatus["verified"] {
  const [latest] = records;
  if (latest === undefined || known?.failure !== undefined) return undefined;
  const isOwn = known !== undefined && latest.digest !== undefined && latest.made >= created;
  const isDeployed = latest.status === "deployed";
  if (isOwn || (isDeployed && latest.digest === digest)) return undefined;
  const good = records.find(({ status }) => status === "deployed");
  const image = isDeployed ? siteImage(workloads) : undefined;
  return { revision: good?.revision ?? 0, digest: good?.digest, image };
}

/** Image of the site's web pods: charts/moodle/templates/web.yaml, knative.yaml. */
function siteImage(workloads: readonly Workload[]): string | undefined {
  return workloads
    .filter(({ metadata }) => component(metadata) === "web")
    .flatMap(({ spec }) => spec?.template?.spec?.containers ?? [])
    .find(({ name }) => name === "php-fpm")?.image;
}

/**
 * Whether the Job of a new image may have begun to change the database: code of the old version does not run on that.
 * A Job that refused, or of which no pod ever ran, has not.
 */
function cannotGoBack(
  { image }: Desired,
  { verified, failure }: Pick<ReleaseStatus, "verified" | "failure">,
  records: readonly ReleaseRecord[],
  workloads: readonly Workload[],
): boolean {
  if (image === undefined || verified === undefined || isSameImage(image, verified.image)) return false;
  if (failure?.begun === true) return true;
  const jobs = workloads.filter(
    (job) => job.kind === "Job" && component(job.metadata) === "install" && !runsImage(job, verified.image),
  );
  // Helm failed before it made one; or it made one, which is gone since it has ended.
  if (jobs.length === 0) return records[0]?.status !== "failed";
  return jobs.some(hasBegun);
}

function runsImage({ spec }: Workload, image: string | undefined): boolean {
  return (spec?.template?.spec?.containers ?? []).some((one) => isSameImage(one.image, image));
}

function hasBegun({ status }: Workload): boolean {
  const refused = status?.conditions?.some(({ type, reason }) => type === "Failed" && reason === "PodFailurePolicy");
  const { ready = 0, failed = 0, succeeded = 0 } = status ?? {};
  return !refused && ready + failed + succeeded > 0;
}

function component({ labels }: KubeObject["metadata"]): string | undefined {
  return labels?.["app.kubernetes.io/component"];
}
