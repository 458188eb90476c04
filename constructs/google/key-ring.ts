import { KmsCryptoKey } from "@cdktf/provider-google/lib/kms-crypto-key";
import { KmsCryptoKeyIamMember } from "@cdktf/provider-google/lib/kms-crypto-key-iam-member";
import { KmsKeyRing } from "@cdktf/provider-google/lib/kms-key-ring";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

/** What a key is for; a key has the name of its use. */
export type KeyUse = keyof typeof SERVICE_AGENTS;

export interface KeyRingProps {
  /** Name of the ring, such as `moodle-staging`. Google never gives it back. */
  readonly name: string;
  readonly project: string;
  /** Number of the project: the service agents of Google's services are named by it. */
  readonly projectNumber: string;
  /** Region of the keys and of all that they encrypt. */
  readonly location: string;
  /** What must exist first: the project's services. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * The services that encrypt with each key, by the domains of their agents.
 * Source: https://cloud.google.com/iam/docs/service-agents
 */
const SERVICE_AGENTS = {
  state: ["gs-project-accounts"],
  cluster: ["container-engine-robot"],
  data: ["gcp-sa-cloud-sql", "cloud-redis", "cloud-filer", "gs-project-accounts"],
  backups: ["gs-project-accounts"],
  secrets: ["gcp-sa-secretmanager"],
  registry: ["gcp-sa-artifactregistry"],
} as const;

const ROTATION_DAYS = 90;

/**
 * A key ring with one key for each use, so that each service may use no key but its own. Keys rotate every 90 days;
 * old versions stay, or what they encrypted would be lost.
 *
 * Neither a ring nor a key can ever be deleted, and no name of one used twice: both are kept from `destroy`, and belong
 * in a stack that outlives the environments.
 */
export class KeyRing extends Construct {
  /** The service agents' grants: what is encrypted with a key waits for them. */
  readonly ready: readonly ITerraformDependable[];
  private readonly keys: Readonly<Record<KeyUse, KmsCryptoKey>>;

  constructor(scope: Construct, id: string, props: KeyRingProps) {
    super(scope, id);
    const { name, project, projectNumber, location } = props;
    const lifecycle = { preventDestroy: true };
    const ring = new KmsKeyRing(this, "ring", { project, name, location, lifecycle, dependsOn: [...props.dependsOn] });
    const grants: ITerraformDependable[] = [];
    const entries = Object.entries(SERVICE_AGENTS).map(([use, agents]) => {
      const key = new KmsCryptoKey(this, use, {
        name: use,
        keyRing: ring.id,
        purpose: "ENCRYPT_DECRYPT",
        rotationPeriod: `${ROTATION_DAYS * 24 * 3600}s`,
        lifecycle,
      });
      for (const agent of agents) {
        grants.push(
          new KmsCryptoKeyIamMember(this, `${use}-${agent}`, {
            cryptoKeyId: key.id,
            role: "roles/cloudkms.cryptoKeyEncrypterDecrypter",
            member: `serviceAccount:service-${projectNumber}@${agent}.iam.gserviceaccount.com`,
          }),
        );
      }
      return [use, key] as const;
    });
    this.keys = Object.fromEntries(entries) as Record<KeyUse, KmsCryptoKey>;
    this.ready = grants;
  }

  /** Full name of a key: `projects/P/locations/R/keyRings/RING/cryptoKeys/USE`. */
  keyId(use: KeyUse): string {
    return this.keys[use].id;
  }
}
