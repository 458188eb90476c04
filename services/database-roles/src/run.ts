import type { Administrator } from "./administrators/administrator";
import type { Configuration, Stores } from "./configuration";
import { type AdministratorSession, type DatabaseServer, isConnectionError, LoginRefused } from "./databases/server";
import type { Log } from "./log";
import { openDatabase, openStore, type StoreName } from "./open";
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
  const { engine, host, port, database } = configuration;
  const options = { host, port, database, caCertificates, applicationName: "database-roles", log };
  const server = await openDatabase(engine, options);
  const session = await administer(server, configuration, patience);
  try {
    await until("waiting for another run to end", patience, async () => ((await session.lock()) ? true : undefined));
    const stores = openedOnce(configuration.stores, patience);
    const credentialsOf = async (role: keyof typeof USERNAMES): Promise<Credentials> => {
      const { store, name } = configuration.roles[role];
      return fillCredentials(await stores(store), name, USERNAMES[role], log);
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
      for (const value of Object.values(await fill(await stores(secret.store), secret.name, values, log))) {
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

/** Its SDK is loaded when it is first asked for, as in `open.ts`. */
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

/** Each store is opened once. */
function openedOnce(stores: Stores, patience: Patience): (name: StoreName) => Promise<SecretStore> {
  const opened = new Map<StoreName, Promise<SecretStore>>();
  return (name) => {
    const store = opened.get(name) ?? openStore(stores, name, patience);
    opened.set(name, store);
    return store;
  };
}
