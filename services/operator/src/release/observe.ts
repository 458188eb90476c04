import { isNotFound } from "../api-server/errors";
import type { KubeObject, ResourceType } from "../api-server/object";
import type { Resources } from "../api-server/resources";
import { CONFIG_MAP, recordSelector } from "../helm/records";
import type { Index } from "../kernel/store";
import { DEPLOYMENT, INSTANCE_LABEL, JOB, KNATIVE_SERVICE, STATEFUL_SET, type Workload } from "./readiness";

/** Where the state of releases is looked up. */
export interface World {
  /** Helm's records of one release. */
  records(namespace: string, name: string): Promise<readonly KubeObject[]>;
  /** What a release has that makes pods, without its tests. */
  workloads(namespace: string, name: string): Promise<readonly Workload[]>;
}

/** Objects that a chart itself brought; those that its CronJobs make have other labels. */
export const OF_CHARTS = "app.kubernetes.io/managed-by=Helm";

/** What reflectors have heard: it costs nothing, and may be a moment old. */
export class CachedWorld implements World {
  constructor(
    private readonly recordIndex: Index<KubeObject>,
    private readonly workloadIndexes: readonly Index<Workload>[],
  ) {}

  async records(namespace: string, name: string): Promise<readonly KubeObject[]> {
    return this.recordIndex.get(`${namespace}/${name}`);
  }

  async workloads(namespace: string, name: string): Promise<readonly Workload[]> {
    return this.workloadIndexes.flatMap((index) => index.get(`${namespace}/${name}`)).filter(isNoTest);
  }
}

/** What the API server has now: before anything is done, nothing else counts. */
export class LiveWorld implements World {
  constructor(private readonly resources: Resources) {}

  records(namespace: string, name: string): Promise<readonly KubeObject[]> {
    return this.resources.list(CONFIG_MAP, { namespace, labelSelector: recordSelector(name), metadataOnly: true });
  }

  async workloads(namespace: string, name: string): Promise<readonly Workload[]> {
    const labelSelector = `${OF_CHARTS},${INSTANCE_LABEL}=${name}`;
    const lists = [DEPLOYMENT, STATEFUL_SET, JOB, KNATIVE_SERVICE].map((type) =>
      this.all(type, namespace, labelSelector),
    );
    return (await Promise.all(lists)).flat().filter(isNoTest);
  }

  /** Objects in a list do not say of which kind they are. */
  private async all(type: ResourceType, namespace: string, labelSelector: string): Promise<Workload[]> {
    try {
      const items = await this.resources.list<Workload>(type, { namespace, labelSelector });
      return items.map((item) => ({ ...item, apiVersion: type.apiVersion, kind: type.kind }));
    } catch (error) {
      // Knative is not in every cluster.
      if (type === KNATIVE_SERVICE && isNotFound(error)) return [];
      throw error;
    }
  }
}

/** Release that an object of a chart belongs to, as indexes want it. */
export function instanceOf({ metadata }: KubeObject): string | undefined {
  const name = metadata.labels?.[INSTANCE_LABEL];
  return name === undefined ? undefined : `${metadata.namespace}/${name}`;
}

function isNoTest({ metadata }: KubeObject): boolean {
  return metadata.labels?.["app.kubernetes.io/component"] !== "test";
}
