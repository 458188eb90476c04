import {
  ApiError,
  type Cluster,
  type Kind,
  type KubernetesObject,
} from "../../../../services/rollout/src/kubernetes/cluster";

/** Where a run dies: before its nth writing reaches the API server, or before the answer reaches the run. */
export interface Fault {
  readonly write: number;
  readonly when: "before" | "after";
}

/** Thrown in place of a process that is killed. */
export class Killed extends Error {}

/**
 * A namespace in memory. As the rollout alone writes what it applies, its server-side apply is a replacement of labels,
 * annotations and spec; the end-to-end test has the real one.
 */
export class FakeCluster implements Cluster {
  readonly namespace = "models";
  readonly objects = new Map<string, KubernetesObject>();
  fault: Fault | undefined;
  writes = 0;
  private version = 0;

  async get(kind: Kind, name: string): Promise<KubernetesObject | undefined> {
    return this.objects.get(`${kind}/${name}`);
  }

  async list(kind: Kind, label: string): Promise<KubernetesObject[]> {
    const [key = "", value] = label.split("=");
    return [...this.objects.values()].filter((one) => one.kind === kind && one.metadata.labels?.[key] === value);
  }

  async create(object: Record<string, unknown>): Promise<void> {
    this.write(() => {
      const key = keyOf(object);
      if (this.objects.has(key)) throw new ApiError(409, `${key} already exists`);
      this.put(object);
    });
  }

  async replace(object: Record<string, unknown>): Promise<void> {
    this.write(() => {
      const { resourceVersion } = (object as unknown as KubernetesObject).metadata;
      const newest = this.objects.get(keyOf(object))?.metadata.resourceVersion;
      if (resourceVersion !== newest) throw new ApiError(409, `${keyOf(object)} has been modified`);
      this.put(object);
    });
  }

  async apply(object: Record<string, unknown>): Promise<void> {
    this.write(() => this.put(object));
  }

  async delete(kind: Kind, name: string): Promise<void> {
    this.write(() => this.objects.delete(`${kind}/${name}`));
  }

  /** What a controller reports. */
  setStatus(kind: Kind, name: string, status: unknown): void {
    const object = this.objects.get(`${kind}/${name}`);
    if (object !== undefined) this.objects.set(`${kind}/${name}`, { ...object, status });
  }

  /** What a person or Helm writes. */
  put(object: object): void {
    const { metadata, ...rest } = object as KubernetesObject;
    const old = this.objects.get(keyOf(object));
    const changed = JSON.stringify(old?.spec) !== JSON.stringify(rest.spec);
    this.objects.set(keyOf(object), {
      ...rest,
      metadata: {
        ...metadata,
        uid: old?.metadata.uid ?? `uid-${++this.version}`,
        resourceVersion: String(++this.version),
        generation: (old?.metadata.generation ?? 0) + (changed ? 1 : 0),
      },
      status: old?.status,
    });
  }

  private write(effect: () => void): void {
    const { fault } = this;
    this.writes += 1;
    const isHere = fault?.write === this.writes;
    if (isHere && fault.when === "before") throw new Killed();
    effect();
    if (isHere) throw new Killed();
  }
}

const keyOf = (object: object) => `${(object as KubernetesObject).kind}/${(object as KubernetesObject).metadata.name}`;
