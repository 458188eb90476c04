import { escape as quote } from "mysql2";
import type { Sql } from "../sql";
import { escapeName } from "./names";
import type { MysqlSession } from "./session";

/** A session as `Sql`. */
export function mysqlSql(session: MysqlSession): Sql {
  return {
    dialect: "mysql",
    rows: (sql, values) => session.rows(sql, values),
    table: escapeName,
    column: escapeName,
    text: (value) => quote(value),
  };
}
