import { type Connection, createConnection, escapeId, escape as quote, type RowDataPacket } from "mysql2/promise";
import { nativePasswordHash } from "../password";
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

type Engine = "mysql" | "mariadb";

/** https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html */
const ACCESS_DENIED = 1045;
const DATABASE_ACCESS_DENIED = 1044;
const SPECIFIC_ACCESS_DENIED = 1227;
const OPTION_PREVENTS_STATEMENT = 1290;

/** What Moodle asks for, and LOCK TABLES, which the statements of a dump begin with when it is restored. */
const APPLICATION_PRIVILEGES =
  "SELECT, INSERT, UPDATE, DELETE, CREATE, CREATE TEMPORARY TABLES, DROP, INDEX, ALTER, LOCK TABLES";

/** https://dev.mysql.com/doc/refman/8.4/en/mysqldump.html */
const BACKUP_PRIVILEGES = "SELECT, SHOW VIEW, TRIGGER, LOCK TABLES, EVENT";
const BACKUP_GLOBAL_PRIVILEGES = ["PROCESS", "RELOAD", "REPLICATION CLIENT"];

/** https://docs.moodle.org/405/en/MySQL_full_unicode_support */
const CHARACTER_SET = "utf8mb4";
const COLLATION = "utf8mb4_unicode_ci";

/** MySQL 8.4 and MariaDB 10.11 or later. */
export class MysqlServer implements DatabaseServer {
  constructor(
    readonly engine: Engine,
    private readonly options: ServerOptions,
  ) {}

  async administer(credentials: Credentials): Promise<AdministratorSession> {
    const connection = await this.connect(credentials);
    // Quoting relies on backslashes being escapes.
    await connection.query("SET SESSION sql_mode = 'STRICT_ALL_TABLES'");
    // Where an administrator's privileges come from a role, that role may not be active by default.
    if (this.engine === "mysql") await connection.query("SET ROLE ALL");
    return new MysqlSession(this.options, connection, this);
  }

  async login(credentials: Credentials): Promise<void> {
    await (await this.connect(credentials)).end();
  }

  async countTables(credentials: Credentials): Promise<number> {
    const connection = await this.connect(credentials);
    try {
      // This view shows what the user has a privilege on, and nothing else.
      const [rows] = await connection.query<RowDataPacket[]>({
        sql: "SELECT count(*) AS count FROM information_schema.tables WHERE table_schema = ?",
        values: [this.options.database],
        timeout: STATEMENT_TIMEOUT,
      });
      return Number(rows[0]?.count);
    } finally {
      await connection.end();
    }
  }

  async accepts(credentials: Credentials): Promise<boolean> {
    try {
      await this.login(credentials);
      return true;
    } catch (error) {
      if (error instanceof LoginRefused) return false;
      throw error;
    }
  }

  private async connect({ username, password }: Credentials): Promise<Connection> {
    const { host, port, caCertificates } = this.options;
    try {
      return await createConnection({
        host,
        port,
        user: username,
        password,
        connectTimeout: CONNECT_TIMEOUT,
        ssl: { ca: caCertificates, verifyIdentity: true, rejectUnauthorized: true, minVersion: "TLSv1.2" },
      });
    } catch (error) {
      if (errno(error) === ACCESS_DENIED) throw new LoginRefused(username);
      throw error;
    }
  }
}

class MysqlSession implements AdministratorSession {
  constructor(
    private readonly options: ServerOptions,
    private readonly connection: Connection,
    private readonly server: MysqlServer,
  ) {}

  async lock(): Promise<boolean> {
    const [row] = await this.query("SELECT GET_LOCK(?, 0) AS taken", [`database-roles ${this.options.database}`]);
    return row?.taken === 1;
  }

  async close(): Promise<void> {
    await this.connection.end();
  }

  async apply(roles: Roles): Promise<void> {
    await this.ensureDatabase();
    for (const credentials of Object.values(roles)) await this.ensureUser(credentials);
    const database = `${escapeId(await this.grantName())}.*`;
    await this.query(`GRANT ${APPLICATION_PRIVILEGES} ON ${database} TO ${account(roles.application)}`);
    await this.query(`GRANT ${BACKUP_PRIVILEGES} ON ${database} TO ${account(roles.backup)}`);
    await this.query(`GRANT SELECT ON ${database} TO ${account(roles.reader)}`);
    await this.grantGlobally(roles.backup);
  }

  private async ensureDatabase(): Promise<void> {
    const { database, log } = this.options;
    const [existing] = await this.query(
      `SELECT default_character_set_name AS characterSet, default_collation_name AS collation,
              EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = schema_name) AS inUse
         FROM information_schema.schemata WHERE schema_name = ?`,
      [database],
    );
    const names = `CHARACTER SET ${CHARACTER_SET} COLLATE ${COLLATION}`;
    if (existing === undefined) {
      await this.query(`CREATE DATABASE ${escapeId(database)} ${names}`);
      log.info("made the database", { database });
    } else if (existing.inUse === 1) {
      if (existing.characterSet === CHARACTER_SET) return;
      throw new Error(
        `database ${database} has the character set ${existing.characterSet}; convert it to ${COLLATION} with Moodle's admin/cli/mysql_collation.php`,
      );
    } else if (existing.collation !== COLLATION) {
      await this.query(`ALTER DATABASE ${escapeId(database)} ${names}`);
      log.info("set the empty database's collation", { database, before: String(existing.collation) });
    }
  }

  private async ensureUser(credentials: Credentials): Promise<void> {
    const { username } = credentials;
    const [powerful] = await this.query(
      "SELECT 1 FROM information_schema.user_privileges WHERE grantee = ? AND privilege_type IN ('CREATE USER', 'SUPER') LIMIT 1",
      [account(credentials)],
    );
    if (powerful !== undefined) throw new Error(`${username} is an administrator's user; name another in the secret`);
    const made = await this.identify("CREATE USER IF NOT EXISTS", credentials);
    if (await this.server.accepts(credentials)) {
      await this.query(`ALTER USER ${account(credentials)} REQUIRE SSL`);
      if (made) this.options.log.info("made the user", { user: username });
      return;
    }
    await this.identify("ALTER USER", credentials);
    this.options.log.info("set the user's password", { user: username });
  }

  /**
   * MySQL blots passwords out of its logs by itself. MariaDB does not, so it is given the hash; unless a password
   * validation plugin refuses what it cannot see through (`strict_password_validation`).
   * https://dev.mysql.com/doc/refman/8.4/en/password-logging.html
   * https://mariadb.com/kb/en/server-system-variables/#strict_password_validation
   *
   * Returns whether the statement changed something.
   */
  private async identify(statement: string, credentials: Credentials): Promise<boolean> {
    const run = async (identification: string): Promise<boolean> => {
      await this.query(`${statement} ${account(credentials)} ${identification} REQUIRE SSL`);
      const [warnings] = await this.query("SELECT @@warning_count AS count");
      return warnings?.count === 0;
    };
    const plain = `IDENTIFIED BY ${quote(credentials.password)}`;
    if (this.server.engine === "mysql") return run(plain);
    try {
      return await run(`IDENTIFIED VIA mysql_native_password USING ${quote(nativePasswordHash(credentials.password))}`);
    } catch (error) {
      if (errno(error) !== OPTION_PREVENTS_STATEMENT) throw error;
      return run(plain);
    }
  }

  /**
   * In a grant, `_` stands for any character and is escaped, unless partial revokes make it an ordinary one.
   * https://dev.mysql.com/doc/refman/8.4/en/partial-revokes.html
   */
  private async grantName(): Promise<string> {
    const [row] = await this.query("SHOW VARIABLES LIKE 'partial_revokes'");
    return row?.Value === "ON" ? this.options.database : this.options.database.replaceAll("_", "\\_");
  }

  /** For consistent dumps with coordinates of the binary log. A dump with --single-transaction does without them. */
  private async grantGlobally(backup: Credentials): Promise<void> {
    const refused: string[] = [];
    for (const privilege of BACKUP_GLOBAL_PRIVILEGES) {
      try {
        await this.query(`GRANT ${privilege} ON *.* TO ${account(backup)}`);
      } catch (error) {
        if (![ACCESS_DENIED, DATABASE_ACCESS_DENIED, SPECIFIC_ACCESS_DENIED].includes(errno(error) ?? 0)) throw error;
        refused.push(privilege);
      }
    }
    if (refused.length > 0) {
      this.options.log.warning("the administrator may not grant these privileges", {
        user: backup.username,
        privileges: refused,
      });
    }
  }

  private async query(sql: string, values: readonly string[] = []): Promise<RowDataPacket[]> {
    const [rows] = await this.connection.query<RowDataPacket[]>({ sql, timeout: STATEMENT_TIMEOUT }, [...values]);
    return rows;
  }
}

function account({ username }: Credentials): string {
  return `${quote(username)}@${quote("%")}`;
}

function errno(error: unknown): number | undefined {
  return (error as { errno?: number }).errno;
}
