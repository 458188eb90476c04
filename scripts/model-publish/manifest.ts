import { z } from "zod";
import { MODEL_NAME, MODEL_VERSION } from "../../constructs/workloads/inference-model";
import type { ModelFile } from "./files";
import { PublishError } from "./publish-error";

/** A version of a model. */
export interface ModelVersion {
  readonly name: string;
  readonly version: string;
}

/** @throws PublishError for a name or a version that no environment accepts */
export function checkModelVersion({ name, version }: ModelVersion): void {
  if (!MODEL_NAME.test(name)) {
    throw new PublishError(
      `${JSON.stringify(name)} is no name of a model: use 1 to 40 lower-case letters, digits and hyphens, a letter first`,
    );
  }
  if (!MODEL_VERSION.test(version)) {
    throw new PublishError(`${JSON.stringify(version)} is no semantic version: write it as v1.3.0 or v2.0.0-rc.1`);
  }
}

/** Where KServe finds the files. */
export const filesPrefix = ({ name, version }: ModelVersion): string => `models/${name}/${version}/`;

/** Apart from the files, which KServe fetches all. A version is published when its manifest is there. */
export const manifestKey = ({ name, version }: ModelVersion): string => `manifests/${name}/${version}.json`;

const schema = z.strictObject({
  name: z.string(),
  version: z.string(),
  files: z.array(
    z.strictObject({ path: z.string(), size: z.int().positive(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
});

/** The same bytes for the same model. */
export function writeManifest({ name, version }: ModelVersion, files: readonly ModelFile[]): Buffer {
  const sorted = files.map(({ path, size, sha256 }) => ({ path, size, sha256 }));
  return Buffer.from(`${JSON.stringify({ name, version, files: sorted }, undefined, 2)}\n`);
}

export function readManifest(content: string): readonly ModelFile[] {
  return schema.parse(JSON.parse(content)).files;
}
