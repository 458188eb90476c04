import type { ApiServer } from "./api-server";
import { isNotFound } from "./errors";
import { type KubeObject, pathOf, type ResourceType } from "./object";

/** Who owns fields, to server-side apply. */
export const FIELD_MANAGER = "moodle-operator";

/** Only the metadata of objects: without what Helm packs into its records, for instance. */
const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly metadataOnly?: boolean;
}

export interface ListPage<Item> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  /** null where a list of metadata is empty. */
  readonly items: readonly Item[] | null;
}

export interface ApplyOptions {
  readonly subresource?: "status";
  readonly dryRun?: boolean;
}

/** The verbs of the API server on typed objects. */
export class Resources {
  constructor(readonly server: ApiServer) {}

  /** Undefined where there is none. */
  async get<Item extends KubeObject>(type: ResourceType, namespace: string | undefined, name: string) {
    try {
      return await this.server.request<Item>("GET", pathOf(type, namespace, name));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  page<Item extends KubeObject>(type: ResourceType, selection: Selection, limit: number, from?: string) {
    return this.server.request<ListPage<Item>>("GET", pathOf(type, selection.namespace), {
      query: { limit: String(limit), continue: from, labelSelector: selection.labelSelector },
      accept: selection.metadataOnly ? METADATA_LIST : undefined,
    });
  }

  /** All of them, page by page. */
  async list<Item extends KubeObject>(type: ResourceType, selection: Selection): Promise<Item[]> {
    const items: Item[] = [];
    let from: string | undefined;
    do {
      const page = await this.page<Item>(type, selection, 500, from);
      items.push(...(page.items ?? []));
      from = page.metadata.continue || undefined;
    } while (from !== undefined);
    return items;
  }

  watch(type: ResourceType, selection: Selection, resourceVersion: string, seconds: number, signal: AbortSignal) {
    return this.server.lines(pathOf(type, selection.namespace), {
      query: {
        watch: "true",
        allowWatchBookmarks: "true",
        resourceVersion,
        timeoutSeconds: String(seconds),
        labelSelector: selection.labelSelector,
      },
      accept: selection.metadataOnly ? METADATA : undefined,
      // The server ends it first, or the connection is dead.
      timeout: (seconds + 15) * 1000,
      signal,
    });
  }

  create<Item extends KubeObject>(type: ResourceType, object: Item): Promise<Item> {
    return this.server.request("POST", pathOf(type, object.metadata.namespace), { body: object });
  }

  /** Refused with a conflict where the object has changed since it was read. */
  replace<Item extends KubeObject>(type: ResourceType, object: Item): Promise<Item> {
    const { namespace, name } = object.metadata;
    return this.server.request("PUT", pathOf(type, namespace, name), { body: object });
  }

  /** Server-side apply, as the owner of these fields whoever had them. */
  apply<Item extends KubeObject>(type: ResourceType, object: Item, options: ApplyOptions = {}): Promise<Item> {
    const { namespace, name } = object.metadata;
    const path = pathOf(type, namespace, name) + (options.subresource === undefined ? "" : `/${options.subresource}`);
    return this.server.request("PATCH", path, {
      query: { fieldManager: FIELD_MANAGER, force: "true", dryRun: options.dryRun ? "All" : undefined },
      contentType: "application/apply-patch+yaml",
      body: object,
    });
  }

  /** A JSON patch: it fails as a whole where one of its tests does. */
  patch<Item extends KubeObject>(type: ResourceType, { metadata }: KubeObject, operations: readonly JsonPatch[]) {
    return this.server.request<Item>("PATCH", pathOf(type, metadata.namespace, metadata.name), {
      contentType: "application/json-patch+json",
      body: operations,
    });
  }

  /** That very object and version, and what it owns; nothing where it is gone. */
  async delete(type: ResourceType, { metadata }: KubeObject): Promise<void> {
    const { namespace, name, uid, resourceVersion } = metadata;
    try {
      await this.server.request("DELETE", pathOf(type, namespace, name), {
        body: { propagationPolicy: "Background", preconditions: { uid, resourceVersion } },
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** One operation of RFC 6902. */
export type JsonPatch =
  | { readonly op: "test" | "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };
