import type { Administrator } from "./administrators/administrator";
import type { Configuration, SecretRef } from "./configuration";
import { type AdministratorSession, type DatabaseServer, isConnectionError, LoginRefused } from "./databases/server";
import type { Log } from "./log";
import { generatePassword } from "./password";
import { type Patience, retry, until } from "./retry";
import { type Credentials, fill, fillCredentials, type SecretStore } from "./secrets";

/** Names of the roles where their secrets hold none yet. */
const USERNAMES = { application: "moodle", backup: "moodle_backup", reader: "moodle_reader" } as const;

/**
 * One run. Whatever it needs from the secret store it takes or writes there first, then it brings the database to that:
 * a run that dies anywhere is simply run again. Runs at the same time wait for each other.
 */
export async function run(configuration: Configuration, caCertificates: string, log: Log): Promise<void> {
  const patience: Patience = { deadline: Date.now() + configuration.deadlineSeconds * 1000, log };
  const server = await databaseServer(configuration, caCertificates, log);
  const session = await administer(server, configuration, patience);
  try {
    await until("waiting for another run to end", patience, async () => ((await session.lock()) ? true : undefined));
    const stores = await openStores(configuration, patience);
    const credentialsOf = async (role: keyof typeof USERNAMES): Promise<Credentials> => {
      const { store, name } = configuration.roles[role];
      return fillCredentials(stores(store), name, USERNAMES[role], log);
    };
    const roles = {
      application: await credentialsOf("application"),
      backup: await credentialsOf("backup"),
      reader: await credentialsOf("reader"),
    };
    if (new Set(Object.values(roles).map(({ username }) => username)).size < 3) {
      throw new Error("the secrets of the three roles must hold three different usernames");
    }
    for (const { secret, keys } of configuration.generated) {
      const values = Object.fromEntries(keys.map((key) => [key, generatePassword]));
      for (const value of Object.values(await fill(stores(secret.store), secret.name, values, log))) {
        log.conceal(value);
      }
    }
    await session.apply(roles);
    for (const credentials of Object.values(roles)) await server.login(credentials);
  } finally {
    await session.close().catch(() => {});
  }
}

/** Logs in as administrator, waiting for a database that is not up yet and for a password that is being set. */
async function administer(
  server: DatabaseServer,
  configuration: Configuration,
  patience: Patience,
): Promise<AdministratorSession> {
  const administrator = await createAdministrator(configuration, patience);
  let credentials: Credentials | undefined;
  let refusals = 0;
  return retry(
    "logging in as administrator",
    patience,
    (error) => error instanceof LoginRefused || isConnectionError(error),
    async () => {
      if (credentials === undefined || refusals >= administrator.patience) {
        credentials = await administrator.credentials();
        refusals = 0;
      }
      try {
        return await server.administer(credentials);
      } catch (error) {
        if (error instanceof LoginRefused) refusals++;
        throw error;
      }
    },
  );
}

// Drivers and SDKs are loaded where they are used: all of them together take longer to load than a run takes.

async function databaseServer(configuration: Configuration, caCertificates: string, log: Log): Promise<DatabaseServer> {
  const { engine, host, port, database } = configuration;
  const options = { host, port, database, caCertificates, applicationName: "database-roles", log };
  if (engine === "postgresql") {
    const { PostgresqlServer } = await import("./databases/postgresql.js");
    return new PostgresqlServer(options);
  }
  const { MysqlServer } = await import("./databases/mysql.js");
  return new MysqlServer(engine, options);
}

async function createAdministrator(
  { administrator, engine }: Configuration,
  patience: Patience,
): Promise<Administrator> {
  switch (administrator.kind) {
    case "rds-managed-secret": {
      const { RdsManagedSecret } = await import("./administrators/rds-managed-secret.js");
      return new RdsManagedSecret(administrator, patience);
    }
    case "rds-reset-password": {
      const { RdsResetPassword } = await import("./administrators/rds-reset-password.js");
      return new RdsResetPassword(administrator, patience);
    }
    case "cloud-sql-user": {
      const { CloudSqlUser } = await import("./administrators/cloud-sql-user.js");
      return new CloudSqlUser(administrator, engine, patience);
    }
  }
}

/** Opens every store that the configuration describes; one that a secret names is always among them. */
async function openStores(
  { stores }: Configuration,
  patience: Patience,
): Promise<(kind: SecretRef["store"]) => SecretStore> {
  const opened = new Map<SecretRef["store"], SecretStore>();
  const { "aws-secrets-manager": aws, "google-secret-manager": google, vault } = stores;
  if (aws !== undefined) {
    const { AwsSecretsManager } = await import("./stores/aws-secrets-manager.js");
    opened.set("aws-secrets-manager", new AwsSecretsManager(aws.region));
  }
  if (google !== undefined) {
    const { GoogleSecretManager } = await import("./stores/google-secret-manager.js");
    opened.set("google-secret-manager", new GoogleSecretManager(google.project));
  }
  if (vault !== undefined) {
    const { Vault } = await import("./stores/vault.js");
    opened.set("vault", new Vault(vault, patience));
  }
  return (kind) => {
    const store = opened.get(kind);
    if (store === undefined) throw new Error(`the configuration describes no store ${kind}`);
    return store;
  };
}
