import type { KubeObject, ResourceType } from "../api-server/object";
import type { Resources, Selection } from "../api-server/resources";
import { CONFIG_MAP, recordSelector, releaseOf } from "../helm/records";
import type { Log } from "../kernel/log";
import { Reflector } from "../kernel/reflector";
import { Index, Store } from "../kernel/store";
import {
  BACKUP,
  CLUSTER,
  type MoodleBackup,
  type MoodleCluster,
  type MoodleScalePolicy,
  POLICY,
} from "../kernel/types";
import { instanceOf, OF_CHARTS } from "../release/observe";
import {
  CRON_JOB,
  DEPLOYMENT,
  JOB,
  KNATIVE_SERVICE,
  STATEFUL_SET,
  trimWorkload,
  type Workload,
} from "../release/readiness";

interface Feed {
  run(signal: AbortSignal): Promise<void>;
  readonly synced: Promise<void>;
  readonly refused: Promise<void>;
  readonly kind: string;
  readonly age: number | undefined;
}

export interface CachesProps {
  readonly resources: Resources;
  readonly namespaces: readonly string[];
  readonly hasKnative: boolean;
  readonly log: Log;
}

/** Everything that the operator looks at all the time, kept up to date. */
export class Caches {
  readonly clusters = new Store<MoodleCluster>();
  readonly backups = new Store<MoodleBackup>();
  readonly policies = new Store<MoodleScalePolicy>();
  readonly records = new Store<KubeObject>();
  readonly workloads: readonly Store<Workload>[];
  readonly cronJobs = new Store<Workload>();
  readonly recordIndex = new Index(this.records, releaseOf);
  readonly workloadIndexes: readonly Index<Workload>[];
  readonly cronJobIndex = new Index(this.cronJobs, instanceOf);
  private readonly feeds = new Map<string, Feed[]>();
  private readonly whole = new Set<string>();
  private readonly wholeHandlers: ((namespace: string) => void)[] = [];

  constructor(private readonly props: CachesProps) {
    const kinds = [DEPLOYMENT, STATEFUL_SET, JOB, ...(props.hasKnative ? [KNATIVE_SERVICE] : [])];
    this.workloads = kinds.map(() => new Store<Workload>());
    this.workloadIndexes = this.workloads.map((store) => new Index(store, instanceOf));
    for (const namespace of props.namespaces) {
      this.feed(CLUSTER, { namespace }, this.clusters);
      this.feed(BACKUP, { namespace }, this.backups);
      this.feed(POLICY, { namespace }, this.policies);
      this.feed(
        CONFIG_MAP,
        { namespace, labelSelector: recordSelector(), metadataOnly: true },
        this.records,
        trimRecord,
      );
      for (const [index, type] of kinds.entries()) {
        const store = this.workloads[index];
        if (store !== undefined) this.feed(type, { namespace, labelSelector: OF_CHARTS }, store, trimOf(type));
      }
      this.feed(CRON_JOB, { namespace, labelSelector: OF_CHARTS }, this.cronJobs, trimOf(CRON_JOB));
    }
  }

  /** Resolves once everything has been listed that may be: a namespace without its Role keeps no other one waiting. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.feeds].map(([namespace, feeds]) => this.begin(namespace, feeds, signal)));
  }

  /** Whether everything in a namespace has been listed: on a part of it nothing can be decided. */
  isWhole(namespace: string): boolean {
    return this.whole.has(namespace);
  }

  /** Tells of each namespace when everything in it has been listed. */
  onWhole(handler: (namespace: string) => void): void {
    this.wholeHandlers.push(handler);
  }

  /** What has not been heard of for so many milliseconds, in words. */
  stale(limit: number): string[] {
    return [...this.feeds].flatMap(([namespace, feeds]) =>
      feeds.flatMap(({ kind, age }) => {
        if (age === undefined) return [`${kind} in ${namespace}: not listed yet`];
        return age > limit ? [`${kind} in ${namespace}: nothing heard for ${Math.round(age / 1000)} seconds`] : [];
      }),
    );
  }

  private async begin(namespace: string, feeds: readonly Feed[], signal: AbortSignal): Promise<void> {
    const { log } = this.props;
    for (const feed of feeds) void feed.run(signal);
    const listed = Promise.all(feeds.map(({ synced }) => synced)).then(() => {
      this.whole.add(namespace);
      for (const handler of this.wholeHandlers) handler(namespace);
      return true;
    });
    if (await Promise.race([listed, ...feeds.map(({ refused }) => refused.then(() => false))])) return;
    const remedy = "take it out of the chart's namespaces if it is gone, or install the chart again for its Role";
    log.warn({ namespace }, `no right to list everything in this namespace, nothing is done in it: ${remedy}`);
    void listed.then(() => log.info({ namespace }, "everything is listed now"));
  }

  private feed<Item extends KubeObject>(
    type: ResourceType,
    selection: Selection & { readonly namespace: string },
    store: Store<Item>,
    trim?: (item: Item) => Item,
  ): void {
    const { resources: source, log } = this.props;
    const { namespace } = selection;
    const feeds = this.feeds.get(namespace) ?? [];
    this.feeds.set(namespace, [...feeds, new Reflector({ source, type, selection, store, trim, log })]);
  }
}

function trimRecord({ metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, labels, creationTimestamp } = metadata;
  return { metadata: { name, namespace, uid, resourceVersion, labels, creationTimestamp } };
}

/** Objects in a list do not say of which kind they are. */
function trimOf({ apiVersion, kind }: ResourceType) {
  return (item: Workload) => trimWorkload({ ...item, apiVersion, kind });
}
