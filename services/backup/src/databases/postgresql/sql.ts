import { escapeIdentifier, escapeLiteral } from "pg";
import type { Sql } from "../sql";
import { qualified } from "./catalogue";
import type { PostgresqlSession } from "./session";

/** A session as `Sql`, with Moodle's tables in `schema`. */
export function postgresqlSql(session: PostgresqlSession, schema: string): Sql {
  return {
    dialect: "postgresql",
    rows: (sql, values = []) => {
      let number = 0;
      return session.rows(values.length === 0 ? sql : sql.replace(/\?/g, () => `$${++number}`), values);
    },
    table: (name) => qualified(schema, name),
    column: escapeIdentifier,
    text: escapeLiteral,
  };
}
