import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { KubeObject } from "../src/api-server/object";

interface Stored extends KubeObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

interface Watcher {
  readonly collection: string;
  readonly selector: readonly string[];
  readonly metadataOnly: boolean;
  readonly response: ServerResponse;
}

/** Kinds that there are; of any other group the API server knows nothing. */
const DISCOVERY: Readonly<Record<string, readonly object[]>> = {
  "/api/v1": [{ name: "configmaps", kind: "ConfigMap", namespaced: true }],
  "/apis/apps/v1": [{ name: "deployments", kind: "Deployment", namespaced: true }],
};

/**
 * An API server in memory, as far as the operator asks it: lists in pages, watches, apply, JSON patch. It stands in for
 * the real one so that what is measured is the operator, and counts what is written.
 */
export class MemoryApiServer {
  /** Requests that wrote something; what an apply only tried is none. */
  writes = 0;
  /** Hears of every status that is written. */
  onStatus: (name: string, status: unknown) => void = () => {};
  private version = 1;
  private readonly collections = new Map<string, Map<string, Stored>>();
  private readonly events: { readonly collection: string; readonly type: string; readonly object: Stored }[] = [];
  private readonly watchers = new Set<Watcher>();
  private readonly server: Server = createServer((request, response) => void this.answer(request, response));

  async start(): Promise<string> {
    // As long as the real one keeps idle connections, or longer: Node's five seconds would cut requests off.
    this.server.keepAliveTimeout = 180_000;
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  get(collection: string, name: string): Stored | undefined {
    return this.collections.get(collection)?.get(name);
  }

  /** Stores an object and tells whoever watches. */
  put(collection: string, object: Stored): Stored {
    const objects = this.collections.get(collection) ?? new Map<string, Stored>();
    this.collections.set(collection, objects);
    const known = objects.get(object.metadata.name);
    const resourceVersion = String(++this.version);
    const uid = known?.metadata.uid ?? object.metadata.uid ?? `uid-${resourceVersion}`;
    const creationTimestamp = known?.metadata.creationTimestamp ?? new Date().toISOString();
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion, uid, creationTimestamp } };
    objects.set(stored.metadata.name, stored);
    this.tell(collection, known === undefined ? "ADDED" : "MODIFIED", stored);
    return stored;
  }

  private tell(collection: string, type: string, object: Stored): void {
    this.events.push({ collection, type, object });
    for (const watcher of this.watchers) if (watcher.collection === collection) send(watcher, type, object);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const reply = (status: number, value: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    const [, collection = "", name, subresource] =
      /^((?:\/api\/v1|\/apis\/[^/]+\/[^/]+)\/namespaces\/[^/]+\/[^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(
        url.pathname,
      ) ?? [];
    if (collection === "") {
      const resources = DISCOVERY[url.pathname];
      reply(resources === undefined ? 404 : 200, resources === undefined ? { reason: "NotFound" } : { resources });
    } else if (request.method === "GET" && name === undefined) this.list(collection, url, request, response);
    else if (request.method === "GET") {
      const found = this.get(collection, name ?? "");
      reply(found === undefined ? 404 : 200, found ?? { reason: "NotFound" });
    } else if (request.method === "POST") {
      this.writes++;
      reply(201, collection.endsWith("/events") ? body : this.put(collection, body));
    } else if (request.method === "PATCH") reply(200, this.patch(collection, name ?? "", subresource, url, body));
    else reply(405, { reason: "MethodNotAllowed" });
  }

  private patch(collection: string, name: string, subresource: string | undefined, url: URL, body: unknown): Stored {
    const known = this.get(collection, name) ?? { metadata: { name } };
    if (url.searchParams.has("dryRun")) return known;
    this.writes++;
    if (Array.isArray(body)) {
      const finalizers = body.find(({ op }) => op === "add")?.value as string[];
      return this.put(collection, { ...known, metadata: { ...known.metadata, finalizers } });
    }
    if (subresource !== "status") return this.put(collection, { ...known, ...(body as object) });
    const { status } = body as Stored;
    this.onStatus(name, status);
    return this.put(collection, { ...known, status });
  }

  private list(collection: string, url: URL, request: IncomingMessage, response: ServerResponse): void {
    const query = url.searchParams;
    const selector = (query.get("labelSelector") ?? "").split(",").filter((part) => part !== "");
    const metadataOnly = (request.headers.accept ?? "").includes("PartialObjectMetadata");
    response.writeHead(200, { "content-type": "application/json" });
    if (query.get("watch") === "true") {
      const watcher = { collection, selector, metadataOnly, response };
      const from = Number(query.get("resourceVersion"));
      for (const event of this.events) {
        const isNew = Number(event.object.metadata.resourceVersion) > from;
        if (event.collection === collection && isNew) send(watcher, event.type, event.object);
      }
      response.flushHeaders();
      this.watchers.add(watcher);
      response.once("close", () => this.watchers.delete(watcher));
      return;
    }
    const all = [...(this.collections.get(collection)?.values() ?? [])].filter((object) => matches(object, selector));
    const start = Number(query.get("continue") ?? 0);
    const end = start + Number(query.get("limit") ?? all.length);
    const items = all.slice(start, end).map((object) => (metadataOnly ? { metadata: object.metadata } : object));
    const metadata = { resourceVersion: String(this.version), continue: end < all.length ? String(end) : "" };
    response.end(JSON.stringify({ metadata, items }));
  }
}

function send({ selector, metadataOnly, response }: Watcher, type: string, object: Stored): void {
  if (!matches(object, selector)) return;
  response.write(`${JSON.stringify({ type, object: metadataOnly ? { metadata: object.metadata } : object })}\n`);
}

function matches({ metadata }: Stored, selector: readonly string[]): boolean {
  return selector.every((part) => {
    const [key = "", value] = part.split("=");
    return metadata.labels?.[key] === value;
  });
}
