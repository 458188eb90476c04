import { stringify } from "yaml";
import { customResourceDefinition, RESOURCES } from "../../services/api/src";

/** Kubernetes reads YAML 1.1, in which off is no text unless it is quoted. The definitions of the platform's resources, by the files in which the operator's chart carries them. */
export const DEFINITIONS: Readonly<Record<string, () => string>> = Object.fromEntries(
  RESOURCES.map((resource) => [
    `charts/moodle-operator/templates/crds/${resource.plural}.yaml`,
    () =>
      `# Written by \`npm run docs\` from services/api.\n${stringify(customResourceDefinition(resource), { lineWidth: 0, version: "1.1" })}`,
  ]),
);
