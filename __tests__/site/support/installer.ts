import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../../scripts/site/programs";
import { MysqlTestServer } from "../../servers/support/mysql";
import { PostgresqlTestServer } from "../../servers/support/postgresql";
import { runAs } from "../../servers/support/process";
import type { Outcome, TestSite } from "./sites";

const LOGIN = { username: "moodle", password: 'it\'s $HOME "and" ünïcode' };

/** `moodle install` against a database server of its own, by TLS, with an empty database in it. */
export class Installer {
  private constructor(
    private readonly site: TestSite,
    private readonly folder: string,
    private readonly server: PostgresqlTestServer | MysqlTestServer,
  ) {}

  static async start(site: TestSite): Promise<Installer> {
    const server =
      site.database === "mariadb"
        ? await MysqlTestServer.start({ engine: "mariadb", command: findProgram("mariadbd") ?? "" })
        : await PostgresqlTestServer.start(join(findProgram("postgres") ?? "", ".."));
    const installer = new Installer(site, mkdtempSync(join(process.env.TEST_SITES ?? "", "install-")), server);
    chmodSync(installer.folder, 0o755);
    for (const name of ["data", "local", "run", "tmp", "secrets/database", "secrets/administrator"]) {
      mkdirSync(join(installer.folder, name), { recursive: true });
    }
    const write = (name: string, value: string) => writeFileSync(join(installer.folder, "secrets", name), value);
    write("database/username", LOGIN.username);
    write("database/password", LOGIN.password);
    write("administrator/adminPassword", "A1.an-administrator's-password");
    for (const name of ["redis-sessions", "redis-cache"]) {
      mkdirSync(join(installer.folder, "secrets", name));
      write(`${name}/password`, site.secret(`${name}/password`));
    }
    const { uid, gid } = runAs("www-data");
    if (uid !== undefined && gid !== undefined) {
      for (const name of ["data", "local", "run", "tmp"]) chownSync(join(installer.folder, name), uid, gid);
    }
    await installer.createDatabase();
    return installer;
  }

  /** Changes Moodle's own version in a copy of the code. Returns the copy's folder. */
  codeWithVersion(change: (version: string) => string): string {
    const code = mkdtempSync(join(this.folder, "code-"));
    chmodSync(code, 0o755);
    execFileSync("cp", ["--recursive", "--link", `${this.site.path("code")}/.`, code]);
    const file = ["public/version.php", "version.php"].map((name) => join(code, name)).find(existsSync) ?? "";
    const text = readFileSync(file, "utf8");
    // A link to the other copy's file.
    rmSync(file);
    writeFileSync(
      file,
      text.replace(/(\$version\s*=\s*)([\d.]+)/, (_, name, version) => name + change(version)),
    );
    return code;
  }

  begin(code = this.site.path("code")): Run {
    return new Run(
      spawn(this.site.path("image/bin/moodle"), ["install"], {
        ...runAs("www-data"),
        env: this.environment(code),
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
  }

  run(code?: string): Promise<Outcome> {
    return this.begin(code).ended;
  }

  /** Number of Moodle's tables. */
  async tables(): Promise<number> {
    const [row] = await this.superuser(
      "SELECT COUNT(*) AS count FROM information_schema.tables WHERE table_name LIKE 'mdl\\_%'",
    );
    return Number(row?.count);
  }

  async version(): Promise<string> {
    const schema = this.site.database === "mariadb" ? "moodle." : "";
    const [row] = await this.superuser(`SELECT value AS version FROM ${schema}mdl_config WHERE name = 'version'`);
    return String(row?.version);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async createDatabase(): Promise<void> {
    const password = LOGIN.password.replaceAll("'", "''");
    if (this.server instanceof PostgresqlTestServer) {
      await this.server.superuser(`CREATE ROLE moodle LOGIN PASSWORD '${password}'`);
      await this.server.superuser("CREATE DATABASE moodle OWNER moodle");
    } else {
      await this.server.superuser("CREATE DATABASE moodle CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci");
      await this.server.superuser(`CREATE USER moodle@'%' IDENTIFIED BY '${password}' REQUIRE SSL`);
      await this.server.superuser("GRANT ALL ON moodle.* TO moodle@'%'");
    }
  }

  private superuser(sql: string): Promise<Record<string, unknown>[]> {
    return this.server instanceof PostgresqlTestServer
      ? this.server.superuser(sql, "moodle")
      : this.server.superuser(sql);
  }

  private environment(code: string): Record<string, string> {
    const {
      MOODLE_DATABASE_TLS: _,
      MOODLE_OBJECT_STORE: __,
      ...environment
    } = JSON.parse(readFileSync(this.site.path("environment.json"), "utf8")) as Record<string, string>;
    return {
      ...environment,
      MOODLE_SOURCE_DIR: code,
      MOODLE_DATA_DIR: join(this.folder, "data"),
      MOODLE_LOCAL_DIR: join(this.folder, "local"),
      MOODLE_RUN_DIR: join(this.folder, "run"),
      TMPDIR: join(this.folder, "tmp"),
      MOODLE_SECRETS_DIR: join(this.folder, "secrets"),
      MOODLE_REDIS_PREFIX: "install-test:",
      // By the name, MariaDB's clients take the default socket.
      MOODLE_DATABASE_HOST: this.site.database === "mariadb" ? "127.0.0.1" : "localhost",
      MOODLE_DATABASE_PORT: String(this.server.port),
      MOODLE_DATABASE_CA_FILE: this.server.certificates.caFile,
    };
  }
}

/** One run of `moodle install`, with all that it starts. */
export class Run {
  output = "";
  hasEnded = false;
  readonly ended: Promise<Outcome>;

  constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.output += chunk.toString("utf8");
      });
    }
    this.ended = once(child, "close").then(([code]) => {
      this.hasEnded = true;
      return { code: code ?? -1, output: this.output };
    });
  }

  /** At once, without a chance to clean up. */
  async kill(): Promise<void> {
    if (this.child.pid !== undefined) process.kill(-this.child.pid, "SIGKILL");
    await this.ended;
  }
}
