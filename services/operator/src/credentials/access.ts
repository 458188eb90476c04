import {
  type Credentials,
  type DatabaseServer,
  Log,
  openDatabase,
  openStore,
  type SecretStore,
  type StoredSecret,
  type StoreName,
  type Stores,
} from "@moodle-platform/database-roles";
import type { DatabaseServerValues } from "./logins";

/** What is needed of stores and databases. */
export interface Access {
  /** The newest value of a secret, or one version's. */
  read(store: StoreName, key: string, version?: string): Promise<StoredSecret>;
  /**
   * Logs in anew, and counts the tables that this user may use.
   *
   * @throws LoginRefused
   */
  countTables(server: DatabaseServerValues, host: string, credentials: Credentials): Promise<number>;
}

/** What fails is tried again by the queue that every reconciliation goes through, so nothing is tried twice here. */
const PATIENCE = { deadline: 0, log: new Log() };

const ENGINES = { pgsql: "postgresql", mysqli: "mysql", auroramysql: "mysql", mariadb: "mariadb" } as const;

/** The stores that the operator's configuration describes, by its own identity, and databases by what it reads there. */
export class StoresAndDatabases implements Access {
  private readonly opened = new Map<StoreName, SecretStore>();

  constructor(private readonly stores: Stores) {}

  async read(name: StoreName, key: string, version?: string): Promise<StoredSecret> {
    const store = this.opened.get(name) ?? (await openStore(this.stores, name, PATIENCE));
    this.opened.set(name, store);
    return store.read(key, version);
  }

  async countTables(server: DatabaseServerValues, host: string, credentials: Credentials): Promise<number> {
    return (await this.database(server, host)).countTables(credentials);
  }

  private database({ type, port, name, certificates }: DatabaseServerValues, host: string): Promise<DatabaseServer> {
    const { log } = PATIENCE;
    const options = {
      host,
      port,
      database: name,
      caCertificates: certificates,
      applicationName: "moodle-operator",
      log,
    };
    return openDatabase(ENGINES[type], options);
  }
}
