import type { Environment } from "../environments/defaults";

/** Tags or labels of everything in an environment; `component` is added per resource. */
export function standardTags({ name, owner }: Environment): Record<string, string> {
  return { environment: name, owner, managed_by: "moodle-platform" };
}
