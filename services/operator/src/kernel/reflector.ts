import { ApiError, describeError, isForbidden, isGone } from "../api-server/errors";
import { type KubeObject, keyOf, type ResourceType } from "../api-server/object";
import type { ListPage, Selection } from "../api-server/resources";
import { Backoff, sleep } from "./backoff";
import type { Log } from "./log";
import type { Store } from "./store";

/** Objects in a list or on a wire have no use for who set which field. */
type Wire = KubeObject & { metadata: { managedFields?: unknown } };

/** What a reflector needs of the API server. */
export interface Source {
  page<Item extends KubeObject>(
    type: ResourceType,
    selection: Selection,
    limit: number,
    from?: string,
  ): Promise<ListPage<Item>>;
  watch(
    type: ResourceType,
    selection: Selection,
    resourceVersion: string,
    seconds: number,
    signal: AbortSignal,
  ): AsyncIterable<string>;
}

export interface ReflectorProps<Item extends KubeObject> {
  readonly source: Source;
  readonly type: ResourceType;
  readonly selection: Selection;
  readonly store: Store<Item>;
  /** What is kept of an object. @default all but managedFields */
  readonly trim?: (item: Item) => Item;
  readonly log: Log;
  readonly random?: () => number;
}

const PAGE = 500;

/** Seconds that a watch lasts: below the idle limit of load balancers, and not all watches at once. */
const WATCH_SECONDS = { from: 180, to: 235 };

interface WatchEvent<Item> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: Item;
}

/**
 * Keeps a store as the API server has it: a list in pages, then a watch with bookmarks that goes on where the last one
 * ended. Only a resource version that the server no longer has makes a new list.
 */
export class Reflector<Item extends KubeObject> {
  private readonly backoff: Backoff;
  private readonly random: () => number;
  private heard = 0;
  private markSynced: () => void = () => {};
  private markRefused: () => void = () => {};
  /** Resolves once the first list is in the store. */
  readonly synced = new Promise<void>((resolve) => {
    this.markSynced = resolve;
  });
  /** Resolves once a list was refused for want of rights. It goes on trying. */
  readonly refused = new Promise<void>((resolve) => {
    this.markRefused = resolve;
  });

  constructor(private readonly props: ReflectorProps<Item>) {
    this.random = props.random ?? Math.random;
    this.backoff = new Backoff(500, 30_000, this.random);
  }

  get kind(): string {
    return this.props.type.kind;
  }

  /** Milliseconds since the server was last heard of; undefined before the first list. */
  get age(): number | undefined {
    return this.heard === 0 ? undefined : Date.now() - this.heard;
  }

  async run(signal: AbortSignal): Promise<void> {
    let version: string | undefined;
    while (!signal.aborted) {
      try {
        version ??= await this.list();
        version = await this.watch(version, signal);
        this.backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        if (isForbidden(error)) this.markRefused();
        if (isGone(error)) version = undefined;
        else if (error instanceof WatchCut) version = error.resourceVersion;
        const pause = this.backoff.next();
        this.props.log.warn({ kind: this.kind, pause, error: describeError(error) }, "watch interrupted");
        await sleep(pause, signal);
      }
    }
  }

  private async list(): Promise<string> {
    const { source, type, selection, store } = this.props;
    const keys = new Set<string>();
    let from: string | undefined;
    let version: string;
    do {
      const page = await source.page<Item>(type, selection, PAGE, from);
      for (const item of page.items ?? []) {
        keys.add(keyOf(item));
        store.set(this.trimmed(item));
      }
      version = page.metadata.resourceVersion;
      from = page.metadata.continue || undefined;
    } while (from !== undefined);
    store.keep(keys, selection.namespace);
    this.heard = Date.now();
    this.markSynced();
    return version;
  }

  /** Returns the version at which the server ended the watch. */
  private async watch(from: string, signal: AbortSignal): Promise<string> {
    const { source, type, selection, store } = this.props;
    const seconds = Math.round(WATCH_SECONDS.from + this.random() * (WATCH_SECONDS.to - WATCH_SECONDS.from));
    let version = from;
    try {
      for await (const line of source.watch(type, selection, from, seconds, signal)) {
        const event = JSON.parse(line) as WatchEvent<Item>;
        this.heard = Date.now();
        if (event.type === "ERROR") throw statusError(event.object);
        version = event.object.metadata.resourceVersion ?? version;
        this.backoff.reset();
        if (event.type === "DELETED") store.delete(event.object);
        else if (event.type !== "BOOKMARK") store.set(this.trimmed(event.object));
      }
    } catch (error) {
      if (isGone(error)) throw error;
      throw new WatchCut(version, describeError(error));
    }
    this.heard = Date.now();
    return version;
  }

  private trimmed(item: Item): Item {
    delete (item as Wire).metadata.managedFields;
    return this.props.trim?.(item) ?? item;
  }
}

/** A watch that broke off: the next one goes on at its last version. */
class WatchCut extends Error {
  constructor(
    readonly resourceVersion: string,
    message: string,
  ) {
    super(message);
  }
}

function statusError(status: unknown): ApiError {
  const {
    code = 500,
    reason = "Unknown",
    message = "",
  } = status as { code?: number; reason?: string; message?: string };
  return new ApiError(code, reason, message);
}
