import { authorities, type ServerConnection } from "../connection";
import type { Engine } from "../database";
import { DatabaseError } from "../failure";
import { Tool, ToolFailed, toolVersion, withPrivateFiles } from "../tool";
import { mysqlToolFailure } from "./failure";

/** MySQL's programs and MariaDB's share names, and differ in options. */
export type Flavour = "mysql" | "mariadb";

export interface MysqlTool {
  readonly command: string;
  readonly flavour: Flavour;
  readonly version: string;
}

const PROGRAMS = {
  dump: { mysql: "mysqldump", mariadb: "mariadb-dump" },
  client: { mysql: "mysql", mariadb: "mariadb" },
} as const;

/**
 * The program to use with a server: of its own make where it is installed. MariaDB's programs work with MySQL as well,
 * MySQL's do not with MariaDB.
 */
export async function findTool(purpose: keyof typeof PROGRAMS, engine: Engine): Promise<MysqlTool> {
  const own: Flavour = engine === "mariadb" ? "mariadb" : "mysql";
  const other: Flavour = own === "mysql" ? "mariadb" : "mysql";
  let found: MysqlTool | undefined;
  for (const name of [PROGRAMS[purpose][own], PROGRAMS[purpose][other]]) {
    const tool = await look(name);
    if (tool?.flavour === own) return tool;
    found ??= tool;
  }
  if (found !== undefined && found.flavour === "mariadb") return found;
  const wanted = PROGRAMS[purpose][own];
  throw new DatabaseError(
    "tool",
    found === undefined
      ? `${wanted} is not installed; install the client programs of ${own === "mysql" ? "MySQL" : "MariaDB"}`
      : `${found.command} is MySQL's and cannot work with MariaDB; install mariadb-client`,
  );
}

/**
 * Starts a program with the connection. User and password are in an option file that nobody else can read and that is
 * gone when the program has ended.
 */
export async function runMysqlTool<T>(
  { command, flavour }: MysqlTool,
  args: readonly string[],
  connection: ServerConnection,
  signal: AbortSignal | undefined,
  attend: (tool: Tool) => Promise<T>,
): Promise<T> {
  const files = (path: (name: string) => string) => ({
    "ca.pem": authorities(connection),
    "options.cnf": optionFile(connection, flavour, path("ca.pem")),
  });
  return withPrivateFiles(files, async (path) => {
    const tool = new Tool(command, [`--defaults-file=${path("options.cnf")}`, ...args], { signal });
    try {
      const [result] = await Promise.all([attend(tool), tool.ended]);
      return result;
    } catch (error) {
      tool.stop();
      const ending = await tool.ended.then(
        () => error,
        (failed: unknown) => failed,
      );
      signal?.throwIfAborted();
      // Whoever attends sees a broken pipe where the tool has failed, and the tool one where it is stopped.
      const reason = isBrokenPipe(error) ? ending : error;
      throw reason instanceof ToolFailed ? mysqlToolFailure(reason, connection) : reason;
    }
  });
}

/** https://dev.mysql.com/doc/refman/8.4/en/option-files.html */
function optionFile(connection: ServerConnection, flavour: Flavour, caFile: string): string {
  const { host, port, username, password, tls } = connection;
  const options: [name: string, value: string | number | true][] = [["user", username]];
  if (host.startsWith("/")) options.push(["socket", host]);
  else options.push(["protocol", "tcp"], ["host", host], ["port", port]);
  if (password !== undefined) options.push(["password", password]);
  if (tls)
    options.push(
      ["ssl-ca", caFile],
      flavour === "mysql" ? ["ssl-mode", "VERIFY_IDENTITY"] : ["ssl-verify-server-cert", true],
    );
  else options.push(flavour === "mysql" ? ["ssl-mode", "PREFERRED"] : ["skip-ssl", true]);
  const lines = options.map(([name, value]) =>
    value === true ? name : `${name}="${String(value).replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`,
  );
  return `[client]\n${lines.join("\n")}\n`;
}

function isBrokenPipe(error: unknown): boolean {
  return ["EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_DESTROYED"].includes(
    (error as NodeJS.ErrnoException).code ?? "",
  );
}

async function look(command: string): Promise<MysqlTool | undefined> {
  try {
    const { text, version } = await toolVersion(command);
    return { command, flavour: text.includes("MariaDB") ? "mariadb" : "mysql", version };
  } catch (error) {
    if (error instanceof DatabaseError || error instanceof ToolFailed) return undefined;
    throw error;
  }
}
