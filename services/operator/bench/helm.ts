import type { KubeObject } from "../src/api-server/object";
import type { Resources } from "../src/api-server/resources";
import type { Helm, ReleaseName, Revision } from "../src/helm/helm";
import { CONFIG_MAP } from "../src/helm/records";
import { DEPLOYMENT } from "../src/release/readiness";

/**
 * What Helm leaves behind, without Helm: its record, and one Deployment that is ready at once. The binary takes a
 * second or more of processor time for each revision, which would be all that is measured.
 */
export class RecordingHelm implements Helm {
  constructor(private readonly resources: Resources) {}

  async upgrade({ namespace, name, labels }: Revision): Promise<number> {
    await this.resources.create(CONFIG_MAP, record({ namespace, name }, labels));
    await this.resources.create(DEPLOYMENT, deployment({ namespace, name }));
    return 1;
  }

  async chart(): Promise<string> {
    return "moodle";
  }

  async manifest(release: ReleaseName): Promise<string> {
    return JSON.stringify(deployment(release));
  }

  async template(revision: ReleaseName): Promise<string> {
    return this.manifest(revision);
  }

  async test(): Promise<void> {}

  async rollback({ name }: ReleaseName): Promise<void> {
    throw new Error(`nothing fails here, and ${name} was to be rolled back`);
  }

  async uninstall({ name }: ReleaseName): Promise<void> {
    throw new Error(`nothing goes here, and ${name} was to be removed`);
  }
}

function record({ namespace, name }: ReleaseName, labels: Readonly<Record<string, string>>): KubeObject {
  const own = { owner: "helm", name, status: "deployed", version: "1", ...labels };
  return { ...head(CONFIG_MAP), metadata: { namespace, name: `sh.helm.release.v1.${name}.v1`, labels: own } };
}

function deployment({ namespace, name }: ReleaseName): KubeObject {
  const labels = { "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": name };
  const pods = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2 };
  return {
    ...head(DEPLOYMENT),
    metadata: { namespace, name: `${name}-web`, generation: 1, labels },
    spec: { replicas: 2 },
    status: pods,
  } as KubeObject;
}

const head = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }) => ({ apiVersion, kind });
