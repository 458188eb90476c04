import { parseAllDocuments } from "yaml";
import type { Mapper } from "../api-server/mapper";
import type { KubeObject } from "../api-server/object";
import type { Resources } from "../api-server/resources";
import { differences } from "./compare";

/** One object that is not as its manifest says. */
export interface Difference {
  /** Such as `Deployment moodle-web`. */
  readonly object: string;
  /** Fields that differ; empty where the object is missing. */
  readonly fields: readonly string[];
  readonly manifest: KubeObject;
}

/** Compares manifests with the cluster, by an apply that the API server only tries. */
export class DriftCheck {
  constructor(
    private readonly resources: Resources,
    private readonly mapper: Mapper,
  ) {}

  async differences(manifests: string, namespace: string): Promise<Difference[]> {
    const found: Difference[] = [];
    for (const manifest of objectsOf(manifests, namespace)) {
      const fields = await this.compare(manifest);
      if (fields !== undefined) {
        found.push({ object: `${manifest.kind} ${manifest.metadata.name}`, fields, manifest });
      }
    }
    return found;
  }

  /** Makes the objects as their manifests say. */
  async repair(found: readonly Difference[]): Promise<void> {
    for (const { manifest } of found) {
      const mapping = await this.mapper.find(manifest.apiVersion ?? "", manifest.kind ?? "");
      if (mapping !== undefined) await this.resources.apply(mapping.type, manifest);
    }
  }

  /** Undefined where nothing differs. */
  private async compare(manifest: KubeObject): Promise<string[] | undefined> {
    const { apiVersion = "", kind = "", metadata } = manifest;
    // A Job that has run is removed in time, and cannot be changed while it is there.
    if (kind === "Job") return undefined;
    const mapping = await this.mapper.find(apiVersion, kind);
    if (mapping === undefined) return [];
    const { namespace, name } = metadata;
    const live = await this.resources.get(mapping.type, mapping.namespaced ? namespace : undefined, name);
    if (live === undefined) return [];
    const applied = await this.resources.apply(mapping.type, manifest, { dryRun: true });
    const fields = differences(live, applied);
    return fields.length === 0 ? undefined : fields;
  }
}

/** What is wrong with an object, in one line. */
export function describeDifference({ object, fields }: Difference): string {
  if (fields.length === 0) return `${object} is missing`;
  const more = fields.length > 5 ? ` and ${fields.length - 5} more` : "";
  return `${object}: ${fields.slice(0, 5).join(", ")}${more}`;
}

function objectsOf(manifests: string, namespace: string): KubeObject[] {
  // As Helm and Kubernetes read it: 0440 is octal.
  return parseAllDocuments(manifests, { version: "1.1" }).flatMap((document) => {
    const object = document.toJS() as KubeObject | null;
    if (object === null) return [];
    return [{ ...object, metadata: { ...object.metadata, namespace: object.metadata.namespace ?? namespace } }];
  });
}
