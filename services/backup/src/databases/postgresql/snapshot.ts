import type { DatabaseConnection } from "../connection";
import { KEEPALIVE_SECONDS } from "../connection";
import type { DatabaseSnapshot, DumpFile, Reference } from "../database";
import { DatabaseError } from "../failure";
import { countRows, findSchema, readReferences } from "./catalogue";
import { dumpPostgresql } from "./dump";
import { PostgresqlSession } from "./session";

/**
 * A view that one transaction exports, and references, counts and the dump's workers import. The transaction stays open
 * until all are done. https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION
 */
export class PostgresqlSnapshot implements DatabaseSnapshot {
  private readonly heartbeat: NodeJS.Timeout;
  private failure: unknown;

  private constructor(
    private readonly connection: DatabaseConnection,
    private readonly session: PostgresqlSession,
    private readonly name: string,
    private readonly schema: string,
    private readonly engineVersion: string,
    readonly t0: Date,
    readonly position: string | undefined,
  ) {
    this.heartbeat = setInterval(() => void this.beat(), KEEPALIVE_SECONDS * 1000);
    this.heartbeat.unref();
  }

  static async open(connection: DatabaseConnection): Promise<PostgresqlSnapshot> {
    const session = await PostgresqlSession.open(connection);
    try {
      const schema = await findSchema(session, connection);
      const position = await readPosition(session);
      await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const [row] = await session.query<{ name: string; t0: Date; version: string }>(
        "SELECT pg_export_snapshot() AS name, statement_timestamp() AS t0, current_setting('server_version') AS version",
      );
      if (row === undefined) throw new Error("the server exported no snapshot");
      const version = row.version.split(" ")[0] ?? "";
      return new PostgresqlSnapshot(connection, session, row.name, schema, version, row.t0, position);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async *references(signal?: AbortSignal): AsyncIterable<readonly Reference[]> {
    const session = await this.join();
    try {
      yield* readReferences(session, this.schema, this.connection.tablePrefix, signal);
    } finally {
      await session.close();
    }
  }

  async rowCounts(signal?: AbortSignal): Promise<Readonly<Record<string, number>>> {
    const session = await this.join();
    try {
      return await countRows(session, this.schema, this.connection.tablePrefix, signal);
    } finally {
      await session.close();
    }
  }

  async *dump(folder: string, signal?: AbortSignal): AsyncIterable<DumpFile> {
    this.check();
    try {
      yield* dumpPostgresql(this.connection, {
        folder,
        schema: this.schema,
        snapshot: this.name,
        engineVersion: this.engineVersion,
        signal,
      });
    } catch (error) {
      // A worker of pg_dump may end without a word of why. This session knows whether the server went away.
      if (error instanceof DatabaseError && error.failure === "tool") await this.beat();
      throw this.failure ?? error;
    }
    this.check();
  }

  async close(): Promise<void> {
    clearInterval(this.heartbeat);
    await this.session.close();
  }

  /** Another session with the same view. */
  private async join(): Promise<PostgresqlSession> {
    this.check();
    const session = await PostgresqlSession.open(this.connection);
    try {
      await session.takeYourTime();
      await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      await session.query(`SET TRANSACTION SNAPSHOT '${this.name}'`);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** An idle connection is cut off by somebody on the way sooner or later. */
  private async beat(): Promise<void> {
    try {
      await this.session.query("SELECT 1");
    } catch (error) {
      this.failure ??= error;
    }
  }

  private check(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}

/** At or just before the view. Some servers do not tell. */
async function readPosition(session: PostgresqlSession): Promise<string | undefined> {
  try {
    const [row] = await session.query<{ lsn: string | null }>(
      "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text AS lsn",
    );
    return row?.lsn ?? undefined;
  } catch {
    return undefined;
  }
}
