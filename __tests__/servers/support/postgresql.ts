import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type QueryResultRow } from "pg";
import { type Certificates, makeCertificates } from "./certificates";
import { freePort, runAs, ServerProcess } from "./process";

/** A PostgreSQL server of the test's own, that takes passwords over TLS only. */
export class PostgresqlTestServer {
  private constructor(
    private readonly directory: string,
    private readonly process: ServerProcess,
    readonly port: number,
    readonly certificates: Certificates,
  ) {}

  static async start(bin: string): Promise<PostgresqlTestServer> {
    const user = runAs("postgres");
    const directory = mkdtempSync(join(tmpdir(), "pg-"));
    const certificates = makeCertificates(directory);
    chmodSync(certificates.keyFile, 0o600);
    if (user.uid !== undefined && user.gid !== undefined) {
      for (const path of [directory, certificates.keyFile]) chownSync(path, user.uid, user.gid);
    }
    chmodSync(directory, 0o755);
    const data = join(directory, "data");
    const initdb = ["-D", data, "-U", "superuser", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
    execFileSync(join(bin, "initdb"), initdb, { ...user, cwd: directory, stdio: "pipe" });
    const port = await freePort();
    appendFileSync(
      join(data, "postgresql.conf"),
      [
        "",
        `port = ${port}`,
        "listen_addresses = '127.0.0.1'",
        `unix_socket_directories = '${directory}'`,
        "ssl = on",
        `ssl_cert_file = '${certificates.certFile}'`,
        `ssl_key_file = '${certificates.keyFile}'`,
        "fsync = off",
        "log_statement = all",
        "logging_collector = off",
      ].join("\n"),
    );
    writeFileSync(join(data, "pg_hba.conf"), "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n");
    const process = new ServerProcess(
      "/bin/sh",
      ["-c", `exec "${bin}/postgres" -D "${data}" >"${directory}/log" 2>&1`],
      {
        ...user,
        cwd: directory,
      },
    );
    const server = new PostgresqlTestServer(directory, process, port, certificates);
    await process.ready(() => server.superuser("SELECT 1"));
    return server;
  }

  get logFile(): string {
    return join(this.directory, "log");
  }

  /** Runs SQL as superuser, over the socket. */
  async superuser<R extends QueryResultRow>(sql: string, database = "postgres"): Promise<R[]> {
    const client = new Client({ host: this.directory, port: this.port, user: "superuser", database });
    await client.connect();
    try {
      const result = await client.query<R>(sql);
      return Array.isArray(result) ? [] : result.rows;
    } finally {
      await client.end();
    }
  }

  /** Logs in over TLS, runs SQL without the role's own settings for a session, logs out. */
  async as<R extends QueryResultRow>(
    { username, password }: { username: string; password: string },
    sql: string,
    database = "moodle",
  ): Promise<R[]> {
    const client = new Client({
      host: "localhost",
      port: this.port,
      user: username,
      password,
      database,
      ssl: { ca: this.certificates.ca },
      options: "-c default_transaction_read_only=off",
    });
    await client.connect();
    try {
      const result = await client.query<R>(sql);
      return Array.isArray(result) ? [] : result.rows;
    } finally {
      await client.end();
    }
  }

  /** As it was before the first run. */
  async reset(roles: readonly string[]): Promise<void> {
    await this.superuser("DROP DATABASE IF EXISTS moodle WITH (FORCE)");
    for (const role of roles) await this.superuser(`DROP ROLE IF EXISTS ${role}`);
  }

  async stop(): Promise<void> {
    await this.process.stop("SIGINT");
    rmSync(this.directory, { recursive: true, force: true });
  }
}
