import type { ApiServer } from "./api-server";
import { isNotFound } from "./errors";
import type { ResourceType } from "./object";

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

export interface Mapping {
  readonly type: ResourceType;
  readonly namespaced: boolean;
}

/** Which collection holds objects of a kind, as the API server says. It is asked once for each version of a group. */
export class Mapper {
  private readonly groups = new Map<string, Promise<ResourceList>>();

  constructor(private readonly server: ApiServer) {}

  /** Undefined where the API server has no such kind. */
  async find(apiVersion: string, kind: string): Promise<Mapping | undefined> {
    const list = await this.list(apiVersion);
    const found = list?.resources.find((resource) => resource.kind === kind && !resource.name.includes("/"));
    if (found === undefined) return undefined;
    return { type: { apiVersion, kind, plural: found.name }, namespaced: found.namespaced };
  }

  private async list(apiVersion: string): Promise<ResourceList | undefined> {
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const known = this.groups.get(apiVersion) ?? this.server.request<ResourceList>("GET", path);
    this.groups.set(apiVersion, known);
    try {
      return await known;
    } catch (error) {
      this.groups.delete(apiVersion);
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}
