import { Client, type QueryResultRow } from "pg";
import {
  authorities,
  CONNECT_TIMEOUT,
  type DatabaseConnection,
  KEEPALIVE_SECONDS,
  STATEMENT_TIMEOUT,
} from "../connection";
import { DatabaseError, type DatabaseFailure, describeFailure, networkFailure } from "../failure";

export type Row = QueryResultRow;

/** One connection. Every failure is a `DatabaseError`, without the statement. */
export class PostgresqlSession {
  private constructor(
    private readonly connection: DatabaseConnection,
    private readonly client: Client,
  ) {}

  static async open(connection: DatabaseConnection): Promise<PostgresqlSession> {
    const { host, port, database, username, password, tls } = connection;
    const client = new Client({
      host,
      port,
      database,
      user: username,
      password,
      ssl: tls ? { ca: authorities(connection), rejectUnauthorized: true } : false,
      application_name: "moodle-backup",
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEPALIVE_SECONDS * 1000,
      statement_timeout: STATEMENT_TIMEOUT,
      idle_in_transaction_session_timeout: 0,
    });
    // A connection lost between two statements is noticed by the next one.
    client.on("error", () => {});
    try {
      await client.connect();
      return new PostgresqlSession(connection, client);
    } catch (error) {
      await client.end().catch(() => {});
      throw postgresqlFailure(error, connection);
    }
  }

  async query<R extends Row = Row>(sql: string, values: readonly unknown[] = []): Promise<R[]> {
    try {
      const result = await this.client.query<R>(sql, [...values]);
      return result.rows;
    } catch (error) {
      throw postgresqlFailure(error, this.connection);
    }
  }

  /** Rows as arrays of texts: the fastest the client has. */
  async rows(sql: string, values: readonly (string | null)[] = []): Promise<(string | null)[][]> {
    try {
      const types = { getTypeParser: () => (text: string) => text };
      const result = await this.client.query<(string | null)[]>({
        text: sql,
        values: [...values],
        rowMode: "array",
        types,
      });
      return result.rows;
    } catch (error) {
      throw postgresqlFailure(error, this.connection);
    }
  }

  /** From here on statements may take as long as they need, whatever the server's defaults are. */
  async takeYourTime(): Promise<void> {
    await this.query("SET statement_timeout = 0");
  }

  /** Does not throw. */
  async close(): Promise<void> {
    await this.client.end().catch(() => {});
  }
}

/** Opens a session for the time of `use`. */
export async function withSession<T>(
  connection: DatabaseConnection,
  use: (session: PostgresqlSession) => Promise<T>,
): Promise<T> {
  const session = await PostgresqlSession.open(connection);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
export function postgresqlFailure(error: unknown, connection: DatabaseConnection): Error {
  if (error instanceof DatabaseError) return error;
  const network = networkFailure(error);
  if (network !== undefined) {
    return new DatabaseError(network.failure, describeFailure(network.failure, connection, network.code));
  }
  const { code = "no code" } = error as { code?: string };
  if (code === "3D000") {
    return new DatabaseError(
      "unsuitable",
      `there is no database ${connection.database} at ${connection.host}; correct its name, or make it`,
    );
  }
  const failure = FAILURES[code] ?? FAILURES[code.slice(0, 2)] ?? "other";
  return new DatabaseError(failure, describeFailure(failure, connection, code));
}

const FAILURES: Readonly<Record<string, DatabaseFailure>> = {
  "28": "denied",
  "08": "lost",
  "42501": "privilege",
  "53100": "no-space",
  "53300": "unreachable",
  "55P03": "timeout",
  "57014": "timeout",
  "57": "lost",
};
