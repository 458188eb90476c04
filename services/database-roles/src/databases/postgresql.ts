import { Client, escapeIdentifier, escapeLiteral } from "pg";
import { scramVerifier } from "../password";
import type { Credentials } from "../secrets";
import {
  type AdministratorSession,
  CONNECT_TIMEOUT,
  type DatabaseServer,
  LoginRefused,
  type Roles,
  type ServerOptions,
  STATEMENT_TIMEOUT,
} from "./server";

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const INVALID_AUTHORIZATION = "28000";
const INVALID_PASSWORD = "28P01";
const INSUFFICIENT_PRIVILEGE = "42501";
const UNDEFINED_DATABASE = "3D000";

/** The database that every server has, and in which nothing is kept. */
const MAINTENANCE_DATABASE = "postgres";

/** PostgreSQL 15 or later; the administrator is no superuser but may make roles and databases. */
export class PostgresqlServer implements DatabaseServer {
  constructor(private readonly options: ServerOptions) {}

  async administer(credentials: Credentials): Promise<AdministratorSession> {
    const session = new PostgresqlSession(
      this.options,
      await this.connect(credentials, MAINTENANCE_DATABASE),
      credentials.username,
      this,
    );
    return session;
  }

  async login(credentials: Credentials): Promise<void> {
    await (await this.connect(credentials, this.options.database)).end();
  }

  async countTables(credentials: Credentials): Promise<number> {
    const client = await this.connect(credentials, this.options.database);
    try {
      // This view shows what the user has a privilege on, and nothing else.
      const { rows } = await client.query<{ count: string }>(
        "SELECT count(*) AS count FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
      );
      return Number(rows[0]?.count);
    } finally {
      await client.end();
    }
  }

  /** Whether the server takes this password; the database need not exist yet. */
  async accepts(credentials: Credentials): Promise<boolean> {
    try {
      await this.login(credentials);
      return true;
    } catch (error) {
      if (error instanceof LoginRefused) return false;
      // Both come after authentication.
      if ([UNDEFINED_DATABASE, INSUFFICIENT_PRIVILEGE].includes(code(error) ?? "")) return true;
      throw error;
    }
  }

  async connect({ username, password }: Credentials, database: string): Promise<Client> {
    const { host, port, caCertificates, applicationName } = this.options;
    const client = new Client({
      host,
      port,
      database,
      user: username,
      password,
      application_name: applicationName,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      statement_timeout: STATEMENT_TIMEOUT,
      query_timeout: STATEMENT_TIMEOUT + CONNECT_TIMEOUT,
      ssl: { ca: caCertificates, rejectUnauthorized: true },
    });
    // A connection lost between two statements is noticed by the next one.
    client.on("error", () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => {});
      if ([INVALID_AUTHORIZATION, INVALID_PASSWORD].includes(code(error) ?? "")) throw new LoginRefused(username);
      throw error;
    }
  }
}

class PostgresqlSession implements AdministratorSession {
  constructor(
    private readonly options: ServerOptions,
    private readonly client: Client,
    private readonly administrator: string,
    private readonly server: PostgresqlServer,
  ) {}

  async lock(): Promise<boolean> {
    const { rows } = await this.client.query<{ taken: boolean }>(
      "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken",
      [`database-roles ${this.options.database}`],
    );
    return rows[0]?.taken === true;
  }

  async close(): Promise<void> {
    await this.client.end();
  }

  async apply(roles: Roles): Promise<void> {
    for (const credentials of Object.values(roles)) await this.ensureRole(credentials);
    // A second fence behind the missing privileges, and a clear error for whoever runs into it.
    for (const { username } of [roles.backup, roles.reader]) await this.ensureReadOnlyByDefault(username);
    await this.ensureReadsAllData(roles.backup.username);
    await this.ensureDatabase(roles.application.username);
    const owner = await this.server.connect(roles.application, this.options.database);
    try {
      await this.grant(owner, roles);
    } finally {
      await owner.end();
    }
  }

  /** The password is set only where the one in the store does not work, and travels as its SCRAM verifier. */
  private async ensureRole(credentials: Credentials): Promise<void> {
    const { username, password } = credentials;
    const { rows } = await this.client.query<{ powerful: boolean }>(
      "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication AS powerful FROM pg_roles WHERE rolname = $1",
      [username],
    );
    if (rows[0]?.powerful === true)
      throw new Error(`${username} is an administrator's role; name another in the secret`);
    if (rows[0] !== undefined && (await this.server.accepts(credentials))) return;
    const statement = rows[0] === undefined ? "CREATE ROLE" : "ALTER ROLE";
    const verifier = escapeLiteral(scramVerifier(password));
    await this.client.query(`${statement} ${escapeIdentifier(username)} LOGIN PASSWORD ${verifier}`);
    this.options.log.info(rows[0] === undefined ? "made the role" : "set the role's password", { role: username });
  }

  private async ensureReadOnlyByDefault(username: string): Promise<void> {
    const setting = "default_transaction_read_only=on";
    const { rowCount } = await this.client.query("SELECT 1 FROM pg_roles WHERE rolname = $1 AND $2 = ANY (rolconfig)", [
      username,
      setting,
    ]);
    if (rowCount !== 0) return;
    await this.client.query(`ALTER ROLE ${escapeIdentifier(username)} SET default_transaction_read_only = on`);
  }

  /**
   * For objects that the application does not own, such as an extension's. From PostgreSQL 16 on the administrator may
   * lack the right to pass this role on: then a dump holds what the application owns, which is all that Moodle has.
   */
  private async ensureReadsAllData(username: string): Promise<void> {
    const { rows } = await this.client.query<{ member: boolean }>(
      "SELECT pg_has_role($1, 'pg_read_all_data', 'MEMBER') AS member",
      [username],
    );
    if (rows[0]?.member === true) return;
    try {
      await this.client.query(`GRANT pg_read_all_data TO ${escapeIdentifier(username)}`);
    } catch (error) {
      if (code(error) !== INSUFFICIENT_PRIVILEGE) throw error;
      this.options.log.warning("the administrator may not grant pg_read_all_data; the owner's grants remain", {
        role: username,
      });
    }
  }

  /** Only a member of a role can make it the owner of something; the administrator is one for no longer than that. */
  private async ensureDatabase(owner: string): Promise<void> {
    const { database, log } = this.options;
    const { rows } = await this.client.query<{ owner: string; encoding: string }>(
      "SELECT pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = $1",
      [database],
    );
    const [existing] = rows;
    if (existing !== undefined && existing.encoding !== "UTF8") {
      throw new Error(
        `database ${database} has the encoding ${existing.encoding}; Moodle needs UTF8, and it cannot be changed`,
      );
    }
    if (existing?.owner !== owner) {
      await this.client.query(`GRANT ${escapeIdentifier(owner)} TO CURRENT_USER`);
      if (existing === undefined) {
        await this.client.query(
          `CREATE DATABASE ${escapeIdentifier(database)} OWNER ${escapeIdentifier(owner)} ENCODING 'UTF8' TEMPLATE template0`,
        );
        log.info("made the database", { database, owner });
      } else {
        await this.client.query(`ALTER DATABASE ${escapeIdentifier(database)} OWNER TO ${escapeIdentifier(owner)}`);
        log.info("gave the database to its owner", { database, owner, before: existing.owner });
      }
    }
    await this.leave(owner);
  }

  /** A run that was killed may have left the membership behind. The right to administer the role stays. */
  private async leave(role: string): Promise<void> {
    const { rowCount } = await this.client.query(
      `SELECT 1 FROM pg_auth_members
        WHERE roleid = to_regrole($1) AND member = to_regrole($2) AND grantor = to_regrole($2)`,
      [escapeIdentifier(role), escapeIdentifier(this.administrator)],
    );
    if (rowCount === 0) return;
    await this.client.query(`REVOKE ${escapeIdentifier(role)} FROM CURRENT_USER`);
  }

  /**
   * As the owner, so that the default privileges are those of the role that makes Moodle's tables. Tables of others,
   * such as an extension's views, are none of its business.
   */
  private async grant(owner: Client, { application, backup, reader }: Roles): Promise<void> {
    const database = escapeIdentifier(this.options.database);
    const [backupName, readerName] = [escapeIdentifier(backup.username), escapeIdentifier(reader.username)];
    await owner.query("BEGIN");
    for (const statement of [
      `REVOKE ALL ON DATABASE ${database} FROM PUBLIC`,
      `GRANT CONNECT ON DATABASE ${database} TO ${backupName}, ${readerName}`,
      "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
      `GRANT USAGE ON SCHEMA public TO ${backupName}, ${readerName}`,
      `ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ${backupName}, ${readerName}`,
      `ALTER DEFAULT PRIVILEGES GRANT SELECT ON SEQUENCES TO ${backupName}`,
    ]) {
      await owner.query(statement);
    }
    for (const [relations, roles] of [
      [await this.unreadable(owner, backup.username, ["r", "p", "v", "m", "f", "S"]), backupName],
      [await this.unreadable(owner, reader.username, ["r", "p", "v", "m", "f"]), readerName],
    ] as const) {
      for (const relation of relations) await owner.query(`GRANT SELECT ON ${relation} TO ${roles}`);
    }
    await owner.query("COMMIT");

    const { rows } = await owner.query<{ application: boolean; others: boolean }>(
      `SELECT has_schema_privilege($1, 'public', 'CREATE') AS application,
              has_schema_privilege($2, 'public', 'CREATE') OR has_schema_privilege($3, 'public', 'CREATE') AS others`,
      [application.username, backup.username, reader.username],
    );
    if (rows[0]?.application !== true || rows[0].others) {
      throw new Error(
        `schema public of database ${this.options.database} does not belong to the database's owner; run ALTER SCHEMA public OWNER TO pg_database_owner as its owner`,
      );
    }
  }

  /** Relations that the owner made before the role existed, quoted. */
  private async unreadable(owner: Client, role: string, kinds: readonly string[]): Promise<string[]> {
    const { rows } = await owner.query<{ relation: string }>(
      `SELECT format('%s%I.%I', CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END, nspname, relname) AS relation
         FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = 'public' AND relowner = to_regrole(quote_ident(current_user)) AND relkind = ANY ($2::"char"[])
          AND NOT CASE relkind WHEN 'S' THEN has_sequence_privilege($1, pg_class.oid, 'SELECT')
                               ELSE has_table_privilege($1, pg_class.oid, 'SELECT') END
        ORDER BY relation`,
      [role, kinds],
    );
    return rows.map(({ relation }) => relation);
  }
}

function code(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}
