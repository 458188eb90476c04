import { type Connection, createConnection, type ResultSetHeader, type RowDataPacket } from "mysql2";
import { authorities, CONNECT_TIMEOUT, KEEPALIVE_SECONDS, type ServerConnection } from "../connection";
import { mysqlFailure } from "./failure";

/** Rows of a page when a result is streamed. */
const PAGE = 5_000;

/** Seconds that the server lets a client of a long result rest. */
const PATIENCE = 3_600;

/** One connection. Every failure is a `DatabaseError`, without the statement. */
export class MysqlSession {
  private constructor(
    private readonly server: ServerConnection,
    private readonly connection: Connection,
  ) {}

  /** Without a database where `database` is absent. */
  static async open(server: ServerConnection, database?: string): Promise<MysqlSession> {
    const { host, port, username, password, tls } = server;
    const connection = createConnection({
      ...(host.startsWith("/") ? { socketPath: host } : { host, port }),
      user: username,
      password,
      database,
      charset: "utf8mb4",
      connectTimeout: CONNECT_TIMEOUT,
      enableKeepAlive: true,
      keepAliveInitialDelay: KEEPALIVE_SECONDS * 1000,
      // Numbers as texts: identifiers and sizes are 64 bits wide.
      supportBigNumbers: true,
      bigNumberStrings: true,
      timezone: "Z",
      ...(tls
        ? { ssl: { ca: authorities(server), verifyIdentity: true, rejectUnauthorized: true, minVersion: "TLSv1.2" } }
        : {}),
    });
    try {
      await new Promise<void>((resolve, reject) => {
        connection.connect((error) => (error ? reject(error) : resolve()));
      });
      // A connection lost between two statements is noticed by the next one.
      connection.on("error", () => {});
      const session = new MysqlSession(server, connection);
      // Quoting relies on backslashes being escapes, and comparisons on nothing being cut.
      await session.run(`SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00',
        net_write_timeout = ${PATIENCE}, net_read_timeout = ${PATIENCE}`);
      return session;
    } catch (error) {
      connection.destroy();
      throw mysqlFailure(error, server);
    }
  }

  async query<R = RowDataPacket>(sql: string, values: readonly unknown[] = []): Promise<R[]> {
    try {
      const [rows] = await this.connection.promise().query<RowDataPacket[]>(sql, [...values]);
      return rows as R[];
    } catch (error) {
      throw mysqlFailure(error, this.server);
    }
  }

  /** Rows as arrays of texts. */
  async rows(sql: string, values: readonly (string | null)[] = []): Promise<(string | null)[][]> {
    try {
      const [rows] = await this.connection.promise().query<RowDataPacket[][]>({
        sql,
        values: [...values],
        rowsAsArray: true,
        typeCast: (field) => field.string("utf8"),
      });
      return Array.isArray(rows) ? (rows as unknown as (string | null)[][]) : [];
    } catch (error) {
      throw mysqlFailure(error, this.server);
    }
  }

  /** A statement without a result. Gives the number of rows that it changed. */
  async run(sql: string, values: readonly unknown[] = []): Promise<number> {
    try {
      const [result] = await this.connection.promise().query<ResultSetHeader>(sql, [...values]);
      return result.affectedRows;
    } catch (error) {
      throw mysqlFailure(error, this.server);
    }
  }

  /** Pages of rows as arrays of texts, as the server finds them. */
  async *pages(sql: string, signal?: AbortSignal): AsyncIterable<readonly (string | null)[][]> {
    const stream = this.connection
      .query({ sql, rowsAsArray: true, typeCast: (field) => field.string("latin1") })
      .stream({ highWaterMark: PAGE });
    try {
      let page: (string | null)[][] = [];
      for await (const row of stream) {
        page.push(row);
        if (page.length < PAGE) continue;
        signal?.throwIfAborted();
        yield page;
        page = [];
      }
      yield page;
    } catch (error) {
      signal?.throwIfAborted();
      throw mysqlFailure(error, this.server);
    }
  }

  /** Does not throw, and waits for no statement. */
  async close(): Promise<void> {
    this.connection.destroy();
  }
}

/** Opens a session for the time of `use`. */
export async function withMysqlSession<T>(
  server: ServerConnection,
  database: string | undefined,
  use: (session: MysqlSession) => Promise<T>,
): Promise<T> {
  const session = await MysqlSession.open(server, database);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}
