import { isDeepStrictEqual } from "node:util";
import { type KubeObject, keyOf } from "../api-server/object";

/** What changed about one object: one of the two is missing where it came or went. */
export interface Change<Item> {
  readonly before?: Item;
  readonly after?: Item;
}

/**
 * Whether nothing but the status changed. Where that is the reconciler's own, it is no reason to look again: after a
 * failure, the pause before the next try would be none.
 */
export function isStatusAlone({ before, after }: Change<KubeObject>): boolean {
  if (before === undefined || after === undefined) return false;
  const watched = ({ metadata }: KubeObject) => {
    const { uid, generation, deletionTimestamp, annotations, finalizers } = metadata;
    return { uid, generation, deletionTimestamp, annotations, finalizers };
  };
  return isDeepStrictEqual(watched(before), watched(after));
}

/** The objects that a reflector has seen, by key, and who wants to hear of changes. */
export class Store<Item extends KubeObject> {
  private readonly items = new Map<string, Item>();
  private readonly handlers: ((change: Change<Item>) => void)[] = [];

  onChange(handler: (change: Change<Item>) => void): void {
    this.handlers.push(handler);
  }

  get(key: string): Item | undefined {
    return this.items.get(key);
  }

  values(): IterableIterator<Item> {
    return this.items.values();
  }

  get size(): number {
    return this.items.size;
  }

  set(after: Item): void {
    const key = keyOf(after);
    const before = this.items.get(key);
    this.items.set(key, after);
    if (before?.metadata.resourceVersion !== after.metadata.resourceVersion) this.tell({ before, after });
  }

  delete(item: KubeObject): void {
    const key = keyOf(item);
    const before = this.items.get(key);
    if (before === undefined) return;
    this.items.delete(key);
    this.tell({ before });
  }

  /** After a new list of a namespace, or of all: what it does not name has gone. */
  keep(keys: ReadonlySet<string>, namespace?: string): void {
    for (const [key, item] of this.items) {
      const isListed = namespace === undefined || item.metadata.namespace === namespace;
      if (isListed && !keys.has(key)) this.delete(item);
    }
  }

  private tell(change: Change<Item>): void {
    for (const handler of this.handlers) handler(change);
  }
}

/** Objects of a store by a name of the caller's: all records of one release, for instance. */
export class Index<Item extends KubeObject> {
  private readonly groups = new Map<string, Map<string, Item>>();

  constructor(
    store: Store<Item>,
    private readonly groupOf: (item: Item) => string | undefined,
  ) {
    store.onChange(({ before, after }) => {
      if (before !== undefined) this.remove(before);
      if (after !== undefined) this.add(after);
    });
  }

  get(group: string): Item[] {
    return [...(this.groups.get(group)?.values() ?? [])];
  }

  private add(item: Item): void {
    const name = this.groupOf(item);
    if (name === undefined) return;
    const group = this.groups.get(name) ?? new Map<string, Item>();
    group.set(keyOf(item), item);
    this.groups.set(name, group);
  }

  private remove(item: Item): void {
    const name = this.groupOf(item);
    const group = name === undefined ? undefined : this.groups.get(name);
    if (name === undefined || group === undefined) return;
    group.delete(keyOf(item));
    if (group.size === 0) this.groups.delete(name);
  }
}
