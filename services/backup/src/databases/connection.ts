import { rootCertificates } from "node:tls";
import type { Engine } from "./database";

/** How to reach a database server. Secrets are values here: nothing in this object may be printed. */
export interface ServerConnection {
  readonly engine: Engine;
  /** A host name, which the certificate must bear; or the path of a socket, for PostgreSQL of its folder. */
  readonly host: string;
  readonly port: number;
  /** TLS, with the certificate verified. Without it the connection is plain: for sockets, and for one machine. */
  readonly tls: boolean;
  /** PEM of the authorities that sign the server's certificate. @default the public ones that Node knows */
  readonly caCertificates?: string;
  readonly username: string;
  /** @default none, for sockets */
  readonly password?: string;
}

/** How to reach one database. */
export interface DatabaseConnection extends ServerConnection {
  readonly database: string;
  /** Moodle's `$CFG->prefix`. */
  readonly tablePrefix: string;
}

/** Milliseconds for the handshakes of one connection. */
export const CONNECT_TIMEOUT = 15_000;

/** Seconds of silence after which a connection is probed: load balancers and NAT forget connections after minutes. */
export const KEEPALIVE_SECONDS = 30;

/** Milliseconds for statements that read the catalogue or one row. Dumps and scans have no limit of their own. */
export const STATEMENT_TIMEOUT = 60_000;

/** The authorities to trust, for this program and for the tools that it starts alike. */
export function authorities({ caCertificates }: ServerConnection): string {
  return caCertificates ?? rootCertificates.join("\n");
}

/** As a person names the server. */
export function placeOf({ host, port }: ServerConnection): string {
  return host.startsWith("/") ? host : `${host}:${port}`;
}
