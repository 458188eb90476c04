/** A session in which a restored database is changed, whichever database it is. Failures are `DatabaseError`s. */
export interface Sql {
  readonly dialect: "postgresql" | "mysql";
  /** Texts, or nothing for NULL, as the server writes them. Values stand for `?`. */
  rows(sql: string, values?: readonly (string | null)[]): Promise<(string | null)[][]>;
  /** A name of a table or column of Moodle, quoted; tables in their schema. */
  table(name: string): string;
  column(name: string): string;
  /** A text as a literal. */
  text(value: string): string;
}

/** Runs `work` in a transaction. */
export async function inTransaction<T>(sql: Sql, work: () => Promise<T>): Promise<T> {
  await sql.rows("BEGIN");
  try {
    const result = await work();
    await sql.rows("COMMIT");
    return result;
  } catch (error) {
    // Where the connection is gone the server rolls back by itself.
    await sql.rows("ROLLBACK").catch(() => {});
    throw error;
  }
}
