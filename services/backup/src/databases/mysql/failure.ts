import type { ServerConnection } from "../connection";
import { DatabaseError, type DatabaseFailure, describeFailure, networkFailure } from "../failure";
import type { ToolFailed } from "../tool";

/** A failure of the client library. */
export function mysqlFailure(error: unknown, connection: ServerConnection): Error {
  if (error instanceof DatabaseError) return error;
  const { errno } = error as { errno?: number };
  const known = errno === undefined ? undefined : FAILURES.get(errno);
  if (errno !== undefined && known !== undefined) return typed(known, errno, connection);
  const network = networkFailure(error);
  if (network !== undefined) {
    return new DatabaseError(network.failure, describeFailure(network.failure, connection, network.code));
  }
  const { code = "no code" } = error as { code?: string };
  return new DatabaseError("other", describeFailure("other", connection, code));
}

/** A failure of one of the server's programs: they name the server's or the client's number of the error. */
export function mysqlToolFailure(
  { command, ending, messages }: ToolFailed,
  connection: ServerConnection,
): DatabaseError {
  const name = command.split("/").at(-1) ?? command;
  if (/No space left on device|Errcode: 28\b/.test(messages)) {
    return new DatabaseError("no-space", `${name} found no space left; give the scratch folder or the server more`);
  }
  const number = Number(/(?:[Ee]rror|ERROR):? ?(\d{4})\b|\((\d{4})\)/.exec(messages)?.slice(1).find(Boolean));
  // A connection that breaks ends TLS too.
  const isBroken = /unexpected eof|reset by peer|when dumping table|broken pipe/i.test(messages);
  const known = number === 2026 && isBroken ? "lost" : FAILURES.get(number);
  if (known !== undefined) return typed(known, number, connection);
  const detail = Number.isNaN(number) ? "" : `, error ${number}`;
  return new DatabaseError("tool", `${name} ended with ${ending}${detail}; the server's log may say more`);
}

function typed(failure: DatabaseFailure, number: number, connection: ServerConnection): DatabaseError {
  if (failure === "unsuitable") {
    return new DatabaseError(failure, "there is no such database on the server; correct its name, or make it");
  }
  if (failure === "changed") {
    return new DatabaseError(
      failure,
      `tables were changed while they were read (error ${number}); make the snapshot when Moodle's upgrade is over`,
    );
  }
  return new DatabaseError(failure, describeFailure(failure, connection, `error ${number}`));
}

/**
 * https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html and client-error-reference.html;
 * https://mariadb.com/kb/en/mariadb-error-code-reference/
 */
const FAILURES: ReadonlyMap<number, DatabaseFailure> = new Map([
  [1045, "denied"],
  [1698, "denied"],
  [1044, "privilege"],
  [1142, "privilege"],
  [1227, "privilege"],
  [1049, "unsuitable"],
  [1146, "changed"],
  [1412, "changed"],
  [1021, "no-space"],
  [1114, "no-space"],
  [1205, "timeout"],
  [1969, "timeout"],
  [3024, "timeout"],
  [1040, "unreachable"],
  [2002, "unreachable"],
  [2003, "unreachable"],
  [2005, "unreachable"],
  [1053, "lost"],
  [1927, "lost"],
  [2006, "lost"],
  [2013, "lost"],
  [2026, "tls"],
]);
