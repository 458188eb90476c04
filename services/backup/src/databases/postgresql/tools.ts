import { authorities, type DatabaseConnection, KEEPALIVE_SECONDS } from "../connection";
import { DatabaseError, type DatabaseFailure, describeFailure } from "../failure";
import { Tool, ToolFailed, toolVersion, withPrivateFiles } from "../tool";

export interface ToolRun {
  readonly signal?: AbortSignal;
  readonly onMessage?: (line: string) => void;
  /** Settings of the tool's sessions, such as `synchronous_commit`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Takes part while the tool runs: writes its input, reads its output. @default neither */
  readonly attend?: (tool: Tool) => Promise<void>;
}

/**
 * Runs `pg_dump`, `pg_restore` or `psql` with the connection. The password is in the tool's environment, which only the
 * same user can read; the arguments say where and who.
 */
export async function runPostgresqlTool(
  command: string,
  args: readonly string[],
  connection: DatabaseConnection,
  run: ToolRun = {},
): Promise<void> {
  await withPrivateFiles(
    () => ({ "ca.pem": authorities(connection) }),
    async (path) => {
      const { host, port, database, username, password, tls } = connection;
      const parameters: Record<string, string | number> = {
        host,
        port,
        dbname: database,
        user: username,
        application_name: "moodle-backup",
        keepalives_idle: KEEPALIVE_SECONDS,
        ...(tls ? { sslmode: "verify-full", sslrootcert: path("ca.pem") } : { sslmode: "disable" }),
      };
      const settings = Object.entries(run.settings ?? {}).map(([name, value]) => `-c ${name}=${value}`);
      const tool = new Tool(command, [...args, `--dbname=${conninfo(parameters)}`], {
        environment: {
          // Without one, an empty passfile: a person's own ~/.pgpass must not decide.
          PGPASSFILE: path("none"),
          ...(password === undefined ? {} : { PGPASSWORD: password }),
          PGOPTIONS: settings.join(" "),
          PGCONNECT_TIMEOUT: "15",
        },
        signal: run.signal,
        onMessage: run.onMessage,
      });
      try {
        if (run.attend === undefined) {
          tool.input.end();
          tool.output.resume();
        }
        await Promise.all([tool.ended, run.attend?.(tool)]);
      } catch (error) {
        tool.stop();
        await tool.ended.catch(() => {});
        throw error instanceof ToolFailed ? toolFailure(error, connection) : error;
      }
    },
  );
}

/** Major version of a program, such as 15. Throws where it is not installed. */
export async function majorVersionOf(command: string): Promise<number> {
  return Number.parseInt((await toolVersion(command)).version, 10);
}

/** https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE */
function conninfo(parameters: Readonly<Record<string, string | number>>): string {
  return Object.entries(parameters)
    .map(([key, value]) => `${key}='${String(value).replace(/[\\']/g, "\\$&")}'`)
    .join(" ");
}

/** What the messages of libpq and its programs mean. The first that matches counts. */
const MEANINGS: readonly (readonly [RegExp, DatabaseFailure])[] = [
  [/No space left on device|Disk quota exceeded/, "no-space"],
  [/password authentication failed|no password supplied|no pg_hba\.conf entry|role ".*" does not exist/, "denied"],
  // Before TLS: a connection that breaks ends TLS too.
  [
    /server closed the connection|terminating connection|connection to server was lost|SSL connection has been closed|SSL SYSCALL error|unexpected eof|Connection reset by peer|no connection to the server|could not (receive|send) data|shutting down|starting up|recovery mode|not yet accepting connections/,
    "lost",
  ],
  [/certificate verify failed|SSL error|server certificate for|does not support SSL|root certificate file/, "tls"],
  [/could not translate host name|Connection refused|timeout expired|No route to host/, "unreachable"],
  [/permission denied/, "privilege"],
  [/lock timeout|could not obtain lock|canceling statement due to/, "timeout"],
  [
    /input file does not appear|corrupt|unexpected end of file|could not read from input file|invalid .*stream|unsupported version|could not open .*(toc\.dat|\.dat)/,
    "dump",
  ],
];

function toolFailure({ command, ending, messages }: ToolFailed, connection: DatabaseConnection): DatabaseError {
  const name = command.split("/").at(-1) ?? command;
  const failure = MEANINGS.find(([pattern]) => pattern.test(messages))?.[1] ?? "tool";
  switch (failure) {
    case "no-space":
      return new DatabaseError(failure, `${name} found no space left; give the scratch folder or the server more`);
    case "dump":
      return new DatabaseError(failure, `${name} cannot read the dump: it is damaged, or made by a newer version`);
    case "tool":
      return new DatabaseError(failure, `${name} ended with ${ending}${reasonOf(messages)}`);
    default:
      return new DatabaseError(failure, describeFailure(failure, connection, name));
  }
}

/** What the tool says first, if it is about objects: data appear only in details, contexts and statements. */
function reasonOf(messages: string): string {
  const line = messages.split("\n").find((text) => /\b(error|ERROR|FATAL): /.test(text));
  const reason = line?.replace(/^.*?\b(?:error|ERROR|FATAL): +/, "").replace(/"[^"]*[^A-Za-z0-9_."][^"]*"/g, '"..."');
  return reason === undefined ? "" : `: ${reason.slice(0, 200)}`;
}
