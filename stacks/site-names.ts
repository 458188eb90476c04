/** Names that both clouds' stacks and the site in the cluster agree on. */
import type { DatabaseSecrets, SecretRef } from "../constructs/ports";
import type { Environment } from "../environments/defaults";

const NAMESPACE = "moodle";

/** Of Prometheus, Alertmanager and Grafana, where monitoring is on. */
export const MONITORING_NAMESPACE = "monitoring";

/** Agents that send the logs of containers to the cloud, where the cluster does not. */
export const LOGGING_ACCOUNT = { namespace: "logging", serviceAccountName: "fluent-bit" } as const;

/**
 * Origins whose pages may read Moodle's files in the bucket, as Moodle allows it for those that it sends itself: whoever has
 * the address may read, and a browser that was redirected calls itself "null".
 */
export const FILE_READING_ORIGINS: readonly string[] = ["*"];

/** The programs of a site that have an identity in the cloud, and the service accounts that they run under. */
export const SITE_ACCOUNTS = {
  web: { namespace: NAMESPACE, serviceAccountName: "moodle" },
  backupSnapshot: { namespace: NAMESPACE, serviceAccountName: "moodle-backup" },
  backupVerify: { namespace: NAMESPACE, serviceAccountName: "moodle-backup-verify" },
  backupPrune: { namespace: NAMESPACE, serviceAccountName: "moodle-backup-prune" },
  backupRestore: { namespace: NAMESPACE, serviceAccountName: "moodle-backup-restore" },
  databaseRoles: { namespace: NAMESPACE, serviceAccountName: "database-roles" },
  externalSecrets: { namespace: "external-secrets", serviceAccountName: "external-secrets" },
} as const;

/** Of moodle-operator, in environments that it delivers. It reads the logins that Moodle uses, and tries them. */
export const OPERATOR_ACCOUNT = { namespace: "moodle-operator", serviceAccountName: "moodle-operator" } as const;

/** Whether moodle-operator reads a secret that the stack creates. */
export function isReadByOperator({ delivery }: Environment, { use }: Pick<SecretToCreate, "use">): boolean {
  return delivery === "operator" && ["database-application", "database-reader"].includes(use);
}

export type SiteAccount = keyof typeof SITE_ACCOUNTS;

/** Secrets whose values Terraform never sees. The cloud's store holds them, or Vault. */
export interface SiteSecrets {
  readonly database: DatabaseSecrets;
  /** Password of Moodle's first administrator. */
  readonly administrator: SecretRef;
  /** Random text of which the key of the backups' repository is made. */
  readonly backupSigning: SecretRef;
  /** Name and password at the mail relay; absent where it asks for none. */
  readonly smtp?: SecretRef;
  /** Name and password at the server that analytics ask; absent where there is none. */
  readonly analytics?: SecretRef;
  /** Password of Grafana's administrator; absent where monitoring is off. */
  readonly grafana?: SecretRef;
  /** Key or URL of a further receiver of alerts; absent where there is none. */
  readonly alerts?: SecretRef;
}

export function siteSecrets({ prefix, cloud, secrets, moodle, monitoring }: Environment): SiteSecrets {
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
    backupSigning: secret("backup-signing"),
    smtp: moodle.mail?.login === true ? secret("smtp") : undefined,
    analytics: moodle.analytics === undefined ? undefined : secret("analytics"),
    grafana: monitoring === undefined ? undefined : secret("grafana"),
    alerts: monitoring?.alerts.receiver === undefined ? undefined : secret("alerts"),
  };
}

/** A secret that the stack creates empty. */
export interface SecretToCreate {
  /** Last part of its construct's id. */
  readonly use: string;
  readonly secret: SecretRef;
  /** Who puts the value in: a program in the cluster, which makes it at random, or an administrator, who was given it. */
  readonly filledBy: "cluster" | "administrator";
}

/** None where Vault keeps them. */
export function secretsToCreate(environment: Environment): SecretToCreate[] {
  if (environment.secrets.store === "vault") return [];
  const { database, administrator, backupSigning, smtp, analytics, grafana, alerts } = siteSecrets(environment);
  const born = {
    "database-application": database.application,
    "database-backup": database.backup,
    "database-reader": database.reader,
    administrator,
    "backup-signing": backupSigning,
    ...(analytics && { analytics }),
    ...(grafana && { grafana }),
  };
  const given = { ...(smtp && { smtp }), ...(alerts && { alerts }) };
  return [
    ...Object.entries(born).map(([use, secret]) => ({ use, secret, filledBy: "cluster" as const })),
    ...Object.entries(given).map(([use, secret]) => ({ use, secret, filledBy: "administrator" as const })),
  ];
}
