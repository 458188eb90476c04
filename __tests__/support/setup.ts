/** Node's own clones are objects of another realm than the tests', and js-yaml takes them for no plain ones. */
globalThis.structuredClone = function clone<T>(value: T): T {
  if (Array.isArray(value)) return value.map(clone) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, clone(child)])) as T;
};
