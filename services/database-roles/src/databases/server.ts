import type { Log } from "../log";
import type { Credentials } from "../secrets";

/** The three roles of a site. */
export interface Roles {
  /** Owns Moodle's database. */
  readonly application: Credentials;
  /** Reads everything, for dumps. */
  readonly backup: Credentials;
  /** Reads tables, on the replicas. */
  readonly reader: Credentials;
}

/** A database server, over verified TLS. */
export interface DatabaseServer {
  /** Opens a session as administrator. */
  administer(credentials: Credentials): Promise<AdministratorSession>;
  /** Logs in and out again. Throws `LoginRefused` where the server does not take the password. */
  login(credentials: Credentials): Promise<void>;
  /** Logs in, and counts the tables of the database that this user may use. Throws `LoginRefused` as well. */
  countTables(credentials: Credentials): Promise<number>;
}

/** A session as administrator. */
export interface AdministratorSession {
  /** Takes the lock that keeps two runs apart until this session ends; false where another holds it. */
  lock(): Promise<boolean>;
  /** Brings database, roles and privileges to what they should be. */
  apply(roles: Roles): Promise<void>;
  close(): Promise<void>;
}

/** The server knows no such user, or another password. */
export class LoginRefused extends Error {
  override readonly name = "LoginRefused";

  constructor(username: string) {
    super(`the database refuses the login of ${username}`);
  }
}

/** What a server needs to know of the configuration. */
export interface ServerOptions {
  /** A name, which the server's certificate must bear. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** PEM of the authorities that sign the certificate. @default public ones */
  readonly caCertificates?: string;
  /** Name of the program, as the server lists its sessions. */
  readonly applicationName: string;
  readonly log: Log;
}

/** Milliseconds for the handshakes of one connection. */
export const CONNECT_TIMEOUT = 10_000;

/** Milliseconds for one statement. */
export const STATEMENT_TIMEOUT = 60_000;

/** Errors that pass by themselves: the server is starting, failing over, or out of connections. */
export function isConnectionError(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isConnectionError);
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return (
    PASSING_CODES.has(code ?? "") || /^(timeout expired|Connection terminated)/.test(error.message) // pg gives these no code
  );
}

const PASSING_CODES: ReadonlySet<string> = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  // PostgreSQL: too many connections, shutting down, crashed, starting up
  "53300",
  "57P01",
  "57P02",
  "57P03",
  // MySQL and MariaDB
  "ER_CON_COUNT_ERROR",
  "ER_SERVER_SHUTDOWN",
  "PROTOCOL_CONNECTION_LOST",
]);
