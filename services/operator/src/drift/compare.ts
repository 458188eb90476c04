/** What the API server writes by itself: no difference that anybody made. */
const OWN_METADATA = new Set([
  "managedFields",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "uid",
  "selfLink",
]);

/**
 * Fields in which an object differs from what an apply would make of it, as paths such as
 * `spec.template.spec.containers[0].image`.
 */
export function differences(live: unknown, applied: unknown): string[] {
  return [...walk(withoutOwn(live), withoutOwn(applied), "")].sort();
}

function withoutOwn(object: unknown): unknown {
  if (!isMap(object)) return object;
  const { status: _, metadata, ...rest } = object;
  if (!isMap(metadata)) return rest;
  return { ...rest, metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !OWN_METADATA.has(key))) };
}

function* walk(one: unknown, other: unknown, path: string): Generator<string> {
  if (isMap(one) && isMap(other)) {
    for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
      yield* walk(one[key], other[key], path === "" ? key : `${path}.${key}`);
    }
  } else if (Array.isArray(one) && Array.isArray(other) && one.length === other.length) {
    for (const [index, item] of one.entries()) yield* walk(item, other[index], `${path}[${index}]`);
  } else if (JSON.stringify(one) !== JSON.stringify(other)) {
    yield path;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
