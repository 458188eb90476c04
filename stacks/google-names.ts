import type { CustomRole } from "../constructs/google/custom-roles";
import type { KeyUse } from "../constructs/google/key-ring";
import type { GoogleEnvironment } from "../environments/defaults";

/** What `bootstrap-<name>` makes, by the names under which the other stack finds it: neither reads the other's state. */
export interface GoogleNames {
  /** Of the key ring, the image repository and the pool of CI identities. */
  readonly base: string;
  /** First part of the custom roles' ids. */
  readonly rolePrefix: string;
  /** Full name of a key. */
  keyId(use: KeyUse): string;
  /** Full name of a custom role. */
  role(role: CustomRole): string;
  /** Full name of the image repository. */
  readonly imageRepositoryId: string;
  /** By which GitHub's workflows authenticate; it and the planner exist where the environment names a repository. */
  readonly identityProvider: string;
  /** Service account that plans. */
  readonly plannerEmail: string;
}

export function googleNames(
  environment: Pick<GoogleEnvironment, "name" | "project" | "projectNumber" | "region">,
): GoogleNames {
  const { name, project, projectNumber, region } = environment;
  const base = `moodle-${name}`;
  const rolePrefix = base.replaceAll("-", "_");
  return {
    base,
    rolePrefix,
    keyId: (use) => `projects/${project}/locations/${region}/keyRings/${base}/cryptoKeys/${use}`,
    role: (role) => `projects/${project}/roles/${rolePrefix}_${role}`,
    imageRepositoryId: `projects/${project}/locations/${region}/repositories/${base}`,
    identityProvider: `projects/${projectNumber}/locations/global/workloadIdentityPools/${base}/providers/github`,
    plannerEmail: `${base}-plan@${project}.iam.gserviceaccount.com`,
  };
}
