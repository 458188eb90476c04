import type { KubeObject, ResourceType } from "../api-server/object";
import type { Resources } from "../api-server/resources";

/** Adds a finalizer, on condition that nobody changed the list meanwhile and that the object is not going. */
export async function addFinalizer<Item extends KubeObject>(
  resources: Pick<Resources, "patch">,
  type: ResourceType,
  object: Item,
  finalizer: string,
): Promise<Item> {
  const { finalizers } = object.metadata;
  if (finalizers?.includes(finalizer) || object.metadata.deletionTimestamp !== undefined) return object;
  return resources.patch<Item>(type, object, [
    { op: "test", path: "/metadata/uid", value: object.metadata.uid },
    // The test of a list that is not there is one for null.
    { op: "test", path: "/metadata/finalizers", value: finalizers ?? null },
    { op: "add", path: "/metadata/finalizers", value: [...(finalizers ?? []), finalizer] },
  ]);
}

/** Takes it away again, once all that it stood for is done. */
export async function removeFinalizer<Item extends KubeObject>(
  resources: Pick<Resources, "patch">,
  type: ResourceType,
  object: Item,
  finalizer: string,
): Promise<void> {
  const index = object.metadata.finalizers?.indexOf(finalizer) ?? -1;
  if (index < 0) return;
  await resources.patch(type, object, [
    { op: "test", path: "/metadata/uid", value: object.metadata.uid },
    { op: "test", path: `/metadata/finalizers/${index}`, value: finalizer },
    { op: "remove", path: `/metadata/finalizers/${index}` },
  ]);
}
