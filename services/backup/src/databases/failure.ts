import { BackupError } from "../errors";
import { placeOf, type ServerConnection } from "./connection";

/** What went wrong with a database, for tests and metrics; the message is for people. */
export type DatabaseFailure =
  /** The server does not take the username or the password. */
  | "denied"
  /** The role lacks a privilege. */
  | "privilege"
  /** No TLS, or a certificate that cannot be trusted. */
  | "tls"
  /** Nobody answers. */
  | "unreachable"
  /** The connection broke, or the server is going down. */
  | "lost"
  /** A lock or a statement took too long. */
  | "timeout"
  /** The server or its database is not what it should be. */
  | "unsuitable"
  /** The target of a restore is not empty. */
  | "occupied"
  /** Tables were changed while they were read: an upgrade. */
  | "changed"
  | "no-space"
  /** A program of the database is missing, too old, or failed for reasons that it alone knows. */
  | "tool"
  /** A dump that cannot be read. */
  | "dump"
  | "other";

/** A failure of a database or of its programs. */
export class DatabaseError extends BackupError {
  override readonly name = "DatabaseError";

  constructor(
    readonly failure: DatabaseFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, undefined, options);
  }
}

/** Messages that both databases share. `code` is the server's or the system's own. */
export function describeFailure(failure: DatabaseFailure, connection: ServerConnection, code: string): string {
  const place = `the database server ${placeOf(connection)}`;
  switch (failure) {
    case "denied":
      return `${place} refuses the login of ${connection.username} (${code}); correct the username or the password`;
    case "privilege":
      return `${connection.username} lacks a privilege on ${place} (${code}); run the Job of the database roles again`;
    case "tls":
      return `the certificate of ${place} cannot be trusted (${code}); correct host or caFile`;
    case "unreachable":
      return `${place} does not answer (${code}); is it running, and may this machine reach it?`;
    case "lost":
      return `${place} ended the connection (${code}); run the command again once it is up`;
    case "timeout":
      return `${place} took too long (${code}); is something holding locks, such as an upgrade of Moodle?`;
    case "no-space":
      return `${place} has no space left (${code})`;
    default:
      return `${place} reports an error (${code}); its log says more`;
  }
}

/** Codes of Node's sockets and TLS: the same for every database. */
export function networkFailure(error: unknown): { failure: DatabaseFailure; code: string } | undefined {
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  const { code, message = "" } = (inner ?? {}) as { code?: string; message?: string };
  if (code !== undefined && UNREACHABLE.has(code)) return { failure: "unreachable", code };
  if (code !== undefined && LOST.has(code)) return { failure: "lost", code };
  if (
    code !== undefined &&
    /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_|INVALID_CA|HANDSHAKE)/.test(code)
  ) {
    return { failure: "tls", code };
  }
  // The clients give these no code.
  if (/does not support (SSL|secure)/i.test(message)) return { failure: "tls", code: "no TLS" };
  if (/^Connection terminated|connection is in closed state|socket has been ended|is not queryable$/i.test(message)) {
    return { failure: "lost", code: "connection closed" };
  }
  if (/timeout expired|connect ETIMEDOUT|timeout exceeded when trying to connect/i.test(message)) {
    return { failure: "unreachable", code: "time-out" };
  }
  return undefined;
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  "EAI_AGAIN",
  "EACCES",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ENOTFOUND",
  "ETIMEDOUT",
]);

const LOST: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "PROTOCOL_CONNECTION_LOST"]);
