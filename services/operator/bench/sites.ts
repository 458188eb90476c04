import { API_VERSION, MOODLE_CLUSTER, type MoodleClusterInput } from "@moodle-platform/api";
import type { KubeObject } from "../src/api-server/object";

export const NAMESPACE = "bench";

export const CLUSTERS = `/apis/${API_VERSION}/namespaces/${NAMESPACE}/moodleclusters`;

export const nameOf = (index: number) => `site-${String(index).padStart(4, "0")}`;

/** A site as large as those of `delivery: "operator"`: two authorities' certificates are most of it. */
export function siteOf(index: number): KubeObject & { readonly spec: unknown } {
  const name = nameOf(index);
  const secret = (use: string) => ({
    store: { kind: "SecretStore", name: "aws-secrets-manager" },
    key: `${name}-${use}`,
  });
  const certificates = `-----BEGIN CERTIFICATE-----\n${"A".repeat(2000)}\n-----END CERTIFICATE-----\n`;
  const endpoint = (host: string) => ({ host: `${host}.example.edu`, port: 6379, secret: secret(host), certificates });
  const values = {
    image: { repository: "registry.example.edu/moodle", tag: "0.1.0" },
    site: {
      domain: `${name}.example.edu`,
      name: `Site ${index}`,
      adminEmail: "admin@example.edu",
      administratorSecret: secret("administrator"),
    },
    web: { minReplicas: 2, maxReplicas: 10 },
    database: {
      ...{ type: "pgsql" as const, host: "database.example.edu", port: 5432, name: "moodle" },
      secret: secret("database"),
      certificates,
    },
    redis: { sessions: endpoint("sessions"), cache: endpoint("cache") },
    files: { storageClassName: "shared", capacityGb: 100 },
  };
  const spec: MoodleClusterInput = { values };
  return {
    apiVersion: API_VERSION,
    kind: MOODLE_CLUSTER.kind,
    metadata: { name, namespace: NAMESPACE, generation: 1 },
    // The API server fills in defaults.
    spec: MOODLE_CLUSTER.spec.parse(spec),
  };
}
