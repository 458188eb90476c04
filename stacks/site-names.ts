/** Names that both clouds' stacks and the site in the cluster agree on. */
import type { DatabaseSecrets, SecretRef } from "../constructs/ports";
import type { Environment } from "../environments/defaults";

const NAMESPACE = "moodle";

/** The programs of a site that have an identity in the cloud, and the service accounts that they run under. */
export const SITE_ACCOUNTS = {
  web: { namespace: NAMESPACE, serviceAccountName: "moodle" },
  backup: { namespace: NAMESPACE, serviceAccountName: "moodle-backup" },
  databaseRoles: { namespace: NAMESPACE, serviceAccountName: "database-roles" },
  externalSecrets: { namespace: "external-secrets", serviceAccountName: "external-secrets" },
} as const;

export type SiteAccount = keyof typeof SITE_ACCOUNTS;

/** Secrets whose values are born in the cluster. The cloud's store holds them, or Vault. */
export interface SiteSecrets {
  readonly database: DatabaseSecrets;
  /** Password of Moodle's first administrator. */
  readonly administrator: SecretRef;
}

export function siteSecrets({ prefix, cloud, secrets }: Environment): SiteSecrets {
  const own = cloud === "aws" ? "aws-secrets-manager" : "google-secret-manager";
  const store = secrets.store === "vault" ? "vault" : own;
  // No name ends in a hyphen and six characters: that is how Secrets Manager makes a name unique in an ARN.
  const secret = (use: string): SecretRef => ({ store, name: `${prefix}-${use}` });
  return {
    database: {
      application: secret("database-application-login"),
      backup: secret("database-backup-login"),
      reader: secret("database-reader-login"),
    },
    administrator: secret("administrator"),
  };
}

/** The same by their use, where the stack has to create them: none where Vault keeps them. */
export function secretsToCreate(environment: Environment): [use: string, secret: SecretRef][] {
  if (environment.secrets.store === "vault") return [];
  const { database, administrator } = siteSecrets(environment);
  return Object.entries({
    "database-application": database.application,
    "database-backup": database.backup,
    "database-reader": database.reader,
    administrator,
  });
}
