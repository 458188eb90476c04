import { escapeId } from "mysql2";

/** A name of a table or column, quoted. Points do not separate. */
export function escapeName(name: string): string {
  return escapeId(name, true);
}
