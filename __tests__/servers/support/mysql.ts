import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { type Certificates, makeCertificates } from "./certificates";
import { freePort, runAs, ServerProcess } from "./process";

/** A server program, and what it is. */
export interface MysqlInstallation {
  readonly engine: "mariadb" | "mysql";
  readonly command: string;
}

/** MariaDB from Debian's package, and the MySQL server program that `TEST_MYSQLD` names. */
export function mysqlInstallations(): MysqlInstallation[] {
  const installations: MysqlInstallation[] = [
    { engine: "mariadb", command: "/usr/sbin/mariadbd" },
    { engine: "mysql", command: process.env.TEST_MYSQLD ?? "" },
  ];
  return installations.filter(({ command }) => existsSync(command));
}

/** A MariaDB or MySQL server of the test's own. */
export class MysqlTestServer {
  private constructor(
    private readonly directory: string,
    private readonly process: ServerProcess,
    readonly port: number,
    readonly certificates: Certificates,
  ) {}

  static async start({ engine, command }: MysqlInstallation): Promise<MysqlTestServer> {
    const user = runAs("mysql");
    const directory = mkdtempSync(join(tmpdir(), "mariadb-"));
    const certificates = makeCertificates(directory);
    if (user.uid !== undefined && user.gid !== undefined) {
      for (const path of [directory, certificates.keyFile]) chownSync(path, user.uid, user.gid);
    }
    chmodSync(directory, 0o755);
    const data = `--datadir=${join(directory, "data")}`;
    const [install, ...options] =
      engine === "mariadb"
        ? ["mariadb-install-db", "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"]
        : [command, "--no-defaults", data, "--initialize-insecure"];
    execFileSync(install, options, { ...user, cwd: directory, stdio: "pipe" });
    const port = await freePort();
    const process = new ServerProcess(
      command,
      [
        "--no-defaults",
        data,
        `--port=${port}`,
        "--bind-address=127.0.0.1",
        `--socket=${join(directory, "socket")}`,
        `--ssl-ca=${certificates.caFile}`,
        `--ssl-cert=${certificates.certFile}`,
        `--ssl-key=${certificates.keyFile}`,
        "--skip-name-resolve",
        "--innodb-flush-log-at-trx-commit=0",
        "--general-log=1",
        `--general-log-file=${join(directory, "log")}`,
        "--log-bin=binlog",
        ...(engine === "mysql" ? ["--mysqlx=OFF", "--server-id=1"] : []),
      ],
      { ...user, cwd: directory },
    );
    const server = new MysqlTestServer(directory, process, port, certificates);
    await process.ready(() => server.superuser("SELECT 1"));
    return server;
  }

  get logFile(): string {
    return join(this.directory, "log");
  }

  /** Runs SQL as root, over the socket. */
  async superuser(sql: string): Promise<RowDataPacket[]> {
    return query(await createConnection({ socketPath: join(this.directory, "socket"), user: "root" }), sql);
  }

  /** Logs in over TLS, runs SQL, logs out. */
  async as(
    { username, password }: { username: string; password: string },
    sql: string,
    database: string | undefined = "moodle",
  ): Promise<RowDataPacket[]> {
    const connection = await createConnection({
      host: "localhost",
      port: this.port,
      user: username,
      password,
      database,
      ssl: { ca: this.certificates.ca, verifyIdentity: true },
    });
    return query(connection, sql);
  }

  /** Tries to log in without TLS. */
  async withoutTls({ username, password }: { username: string; password: string }): Promise<void> {
    await query(await createConnection({ host: "localhost", port: this.port, user: username, password }), "SELECT 1");
  }

  /** As it was before the first run. */
  async reset(users: readonly string[]): Promise<void> {
    await this.superuser("DROP DATABASE IF EXISTS moodle");
    for (const user of users) await this.superuser(`DROP USER IF EXISTS '${user}'@'%'`);
  }

  async stop(): Promise<void> {
    await this.process.stop("SIGTERM");
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function query(connection: Connection, sql: string): Promise<RowDataPacket[]> {
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows;
  } finally {
    await connection.end();
  }
}
