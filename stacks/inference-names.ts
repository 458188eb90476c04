/** Names of what serves models, on which both clouds' stacks and the publishing command agree. */
import type { Environment } from "../environments/defaults";

/** Under which models run and read their bucket. */
export const MODELS_ACCOUNT = { namespace: "models", serviceAccountName: "models" } as const;

/** Under which versions are fetched onto the cache's volume. */
export const MODEL_CACHE_ACCOUNT = { namespace: MODELS_ACCOUNT.namespace, serviceAccountName: "model-cache" } as const;

/** Unique among all buckets of the cloud, as the account or the project is. */
export function modelBucketName(environment: Environment): string {
  const owner = environment.cloud === "aws" ? environment.account : environment.project;
  return `${environment.prefix}-models-${owner}`;
}
