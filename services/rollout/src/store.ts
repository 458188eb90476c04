import { z } from "zod";
import type { Cluster, KubernetesObject, OwnerReference } from "./kubernetes/cluster";
import { owned } from "./modes/mode";
import { MODEL_LABEL, type Rollout, rolloutSchema } from "./rollout";
import { type State, stateSchema } from "./state";

/** Label of the ConfigMaps, with what each is: `policy` of Helm's, `state` of the rollout's. */
export const ROLLOUT_LABEL = "moodleplatform.io/rollout";

/** Annotation on the state, with the version that shall be tried again although it was rolled back. */
export const RETRY_ANNOTATION = "moodleplatform.io/retry";

export const policyName = (model: string) => `${model}-rollout`;
export const stateName = (model: string) => `${model}-rollout-state`;

/** A ConfigMap does not hold what it must. */
export class InvalidConfigMap extends Error {
  override readonly name = "InvalidConfigMap";
}

/** What Helm wants for a model. */
export interface Asked {
  readonly object: KubernetesObject;
  readonly rollout: Rollout;
}

/** The state, and what its next writing is conditional on. */
export interface Kept {
  readonly state: State;
  readonly resourceVersion?: string;
  readonly retry?: string;
}

export async function readAsked(cluster: Cluster, model: string): Promise<Asked | undefined> {
  const object = await cluster.get("ConfigMap", policyName(model));
  if (object === undefined) return undefined;
  return { object, rollout: parse(object, "rollout.json", rolloutSchema) };
}

export async function readKept(cluster: Cluster, model: string): Promise<Kept | undefined> {
  const object = await cluster.get("ConfigMap", stateName(model));
  if (object === undefined) return undefined;
  const { resourceVersion, annotations } = object.metadata;
  return { state: parse(object, "state.json", stateSchema), resourceVersion, retry: annotations?.[RETRY_ANNOTATION] };
}

/** Fails where somebody else has written since `kept` was read. */
export async function writeState(
  cluster: Cluster,
  model: string,
  state: State,
  kept: Kept | undefined,
  owner: OwnerReference,
): Promise<void> {
  const metadata = { name: stateName(model), labels: { [ROLLOUT_LABEL]: "state", [MODEL_LABEL]: model } };
  const data = { "state.json": JSON.stringify(state, undefined, 2) };
  const object = owned({ apiVersion: "v1", kind: "ConfigMap", metadata, data }, owner);
  if (kept === undefined) return cluster.create(object);
  const { resourceVersion } = kept;
  return cluster.replace({ ...object, metadata: { ...(object.metadata as object), resourceVersion } });
}

function parse<T>({ metadata, data }: KubernetesObject, key: string, schema: z.ZodType<T>): T {
  let input: unknown;
  try {
    input = JSON.parse(data?.[key] ?? "");
  } catch {
    throw new InvalidConfigMap(`ConfigMap ${metadata.name} has no JSON in ${key}`);
  }
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new InvalidConfigMap(`ConfigMap ${metadata.name}, ${key}: ${z.prettifyError(result.error)}`);
}
