import type { Stores } from "@moodle-platform/database-roles";
import type { ApiServer } from "../api-server/api-server";
import { Mapper } from "../api-server/mapper";
import { keyOf, splitKey } from "../api-server/object";
import { Resources } from "../api-server/resources";
import { StoresAndDatabases } from "../credentials/access";
import { watchingCredentials } from "../credentials/reconcile";
import { CredentialWatch } from "../credentials/watch";
import { DriftCheck } from "../drift/check";
import { DriftSchedule } from "../drift/watch";
import type { Chart } from "../helm/charts";
import type { Helm } from "../helm/helm";
import { releaseOf } from "../helm/records";
import { Controller, type Outcome, type Reconcile } from "../kernel/controller";
import { EventRecorder } from "../kernel/events";
import type { Log } from "../kernel/log";
import type { Metrics } from "../kernel/metrics";
import { WorkQueue } from "../kernel/queue";
import { StatusWriter } from "../kernel/status";
import { Index, isStatusAlone } from "../kernel/store";
import { moodleBackupKind } from "../moodle-backup/kind";
import { moodleClusterKind } from "../moodle-cluster/kind";
import { ReleaseEngine } from "../release/engine";
import { CachedWorld, instanceOf, LiveWorld } from "../release/observe";
import { ReleaseOwners } from "../release/owner";
import { KNATIVE_SERVICE } from "../release/readiness";
import { ReleaseReconciler } from "../release/reconciler";
import type { Released, ReleasedKind } from "../release/released-kind";
import { Removal } from "../release/removal";
import { Policies } from "../scale-policy/policies";
import { ScalePolicyReconciler } from "../scale-policy/reconciler";
import { Caches } from "./caches";
import { conditionMetrics } from "./condition-metrics";

export interface OperatorProps {
  readonly server: ApiServer;
  readonly helm: Helm;
  readonly charts: { readonly moodle: Chart; readonly backup: Chart };
  readonly namespaces: readonly string[];
  /** Resources of one kind that are worked on at a time. */
  readonly workers: number;
  /** Milliseconds between two comparisons of a site with its release. */
  readonly driftInterval: number;
  /** Stores of which the logins of sites are watched. */
  readonly stores: Stores;
  /** Milliseconds between two looks at the logins of a site. */
  readonly credentialsInterval: number;
  /** Name of this process in events. */
  readonly instance: string;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** All controllers, from the moment in which this process leads. */
export class Operator {
  private readonly feedsEnd = new AbortController();
  private readonly controllers: Controller[] = [];
  private caches: Caches | undefined;

  constructor(private readonly props: OperatorProps) {}

  /** Resolves once everything is known and work begins. */
  async start(): Promise<void> {
    const { server, namespaces, log } = this.props;
    const resources = new Resources(server);
    const mapper = new Mapper(server);
    const hasKnative = (await mapper.find(KNATIVE_SERVICE.apiVersion, KNATIVE_SERVICE.kind)) !== undefined;
    const caches = new Caches({ resources, namespaces, hasKnative, log });
    this.caches = caches;
    conditionMetrics(this.props.metrics, caches);
    this.wire(resources, mapper, caches);
    await caches.start(this.feedsEnd.signal);
    for (const controller of this.controllers) controller.start();
    log.info({ namespaces, clusters: caches.clusters.size, hasKnative }, "started");
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    await Promise.all(this.controllers.map((controller) => controller.stop()));
    this.feedsEnd.abort();
  }

  /** What has not been heard of for so many milliseconds. */
  stale(limit: number): readonly string[] {
    return this.caches?.stale(limit) ?? [];
  }

  private wire(resources: Resources, mapper: Mapper, caches: Caches): void {
    const { helm, charts, driftInterval, stores, credentialsInterval, instance, log } = this.props;
    const status = new StatusWriter(resources, new EventRecorder(resources, instance, log));
    const policies = new Policies(caches.policies);
    const backupsOf = new Index(caches.backups, ({ metadata, spec }) => `${metadata.namespace}/${spec.cluster}`);
    const live = new LiveWorld(resources);
    const cached = new CachedWorld(caches.recordIndex, caches.workloadIndexes);
    const owners = new ReleaseOwners(helm);
    const engine = new ReleaseEngine(helm, owners, resources, log);
    const released = <Resource extends Released>(
      kind: ReleasedKind<Resource>,
      store: ConstructorParameters<typeof ReleaseReconciler<Resource>>[0]["store"],
    ) => {
      const removal = new Removal({ kind, resources, live, helm, owners, status });
      return new ReleaseReconciler({ kind, resources, store, cached, live, engine, status, removal });
    };
    // On a part of what is in a namespace nothing is decided but that a resource goes along with that.
    const knowing =
      (reconcile: Reconcile, otherwise: (key: string) => Promise<Outcome | undefined> = async () => undefined) =>
      async (key: string): Promise<Outcome> =>
        caches.isWhole(splitKey(key).namespace) ? reconcile(key) : ((await otherwise(key)) ?? {});

    const credentials = new CredentialWatch({
      stores,
      access: new StoresAndDatabases(stores),
      resources,
      interval: credentialsInterval,
      enqueue: (key) => clusters.add(key),
      log,
    });
    const site = released(
      moodleClusterKind({
        chart: charts.moodle,
        helm,
        drift: new DriftCheck(resources, mapper),
        driftSchedule: new DriftSchedule(driftInterval),
        bounds: (key) => policies.bounds(key, Date.now()),
        credentials,
        backups: (key) => backupsOf.get(key),
      }),
      caches.clusters,
    );
    const clusters = this.control(
      "moodlecluster",
      knowing(watchingCredentials(credentials, caches.clusters, site.reconcile), site.goAlong),
    );
    const backup = released(moodleBackupKind({ chart: charts.backup, cronJobs: caches.cronJobIndex }), caches.backups);
    const backups = this.control("moodlebackup", knowing(backup.reconcile, backup.goAlong));
    const { reconcile } = new ScalePolicyReconciler({
      policies: caches.policies,
      clusters: caches.clusters,
      active: policies,
      status,
      enqueueCluster: (key) => clusters.add(key),
    });
    const scalePolicies = this.control("moodlescalepolicy", knowing(reconcile));
    this.listen(caches, policies, { clusters, backups, scalePolicies });
  }

  private control(name: string, reconcile: Reconcile): WorkQueue {
    const { metrics, workers, log } = this.props;
    const queue = new WorkQueue(metrics.queue(name));
    metrics.watch(name, queue);
    const observer = metrics.controller(name, workers);
    this.controllers.push(new Controller({ name, queue, reconcile, workers, observer, log }));
    return queue;
  }

  /** Which change makes which resource worth a look. */
  private listen(
    caches: Caches,
    policies: Policies,
    queues: Record<"clusters" | "backups" | "scalePolicies", WorkQueue>,
  ) {
    const { clusters, backups, scalePolicies } = queues;
    const release = (key: string | undefined) => {
      if (key === undefined) return;
      if (caches.clusters.get(key) !== undefined) clusters.add(key);
      if (caches.backups.get(key) !== undefined) backups.add(key);
    };
    caches.clusters.onChange(({ before, after }) => {
      const cluster = after ?? before;
      if (cluster === undefined || isStatusAlone({ before, after })) return;
      clusters.add(keyOf(cluster));
      // A policy waits for its site.
      if (before === undefined || after === undefined) {
        for (const policy of policies.all(keyOf(cluster))) scalePolicies.add(keyOf(policy));
      }
    });
    caches.backups.onChange(({ before, after }) => {
      const backup = after ?? before;
      if (backup === undefined) return;
      if (!isStatusAlone({ before, after })) backups.add(keyOf(backup));
      release(`${backup.metadata.namespace}/${backup.spec.cluster}`);
    });
    caches.policies.onChange(({ before, after }) => {
      const policy = after ?? before;
      if (policy === undefined || isStatusAlone({ before, after })) return;
      const cluster = `${policy.metadata.namespace}/${policy.spec.cluster}`;
      for (const one of [policy, ...policies.all(cluster)]) scalePolicies.add(keyOf(one));
      release(cluster);
    });
    caches.records.onChange(({ before, after }) => {
      const record = after ?? before;
      if (record !== undefined) release(releaseOf(record));
    });
    caches.onWhole((namespace) => {
      const work = [
        [caches.clusters, clusters],
        [caches.backups, backups],
        [caches.policies, scalePolicies],
      ] as const;
      for (const [store, queue] of work) {
        for (const resource of store.values())
          if (resource.metadata.namespace === namespace) queue.add(keyOf(resource));
      }
    });
    for (const store of [...caches.workloads, caches.cronJobs]) {
      store.onChange(({ before, after }) => {
        const workload = after ?? before;
        if (workload !== undefined) release(instanceOf(workload));
      });
    }
  }
}
