import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { runAs } from "../../../servers/support/process";

export const image = resolve(__dirname, "../../../../images/moodle");
export const user = runAs("www-data");

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The folders of one container, a tree that looks like Moodle's code, and the least environment that is valid. From 5.1
 * on, what was Moodle's root is in `public`.
 */
export class MoodleFolder {
  readonly directory = mkdtempSync(join(tmpdir(), "moodle-"));
  readonly environment: Record<string, string>;

  constructor(readonly layout: "root" | "public" = "root") {
    const folder = (name: string) => join(this.directory, name);
    for (const name of ["data", "local", "run", "tmp", "secrets", "source"]) mkdirSync(folder(name));
    cpSync(join(__dirname, "../fixtures/tree"), this.webroot, { recursive: true });
    // The image's user need not be able to read the repository.
    cpSync(image, folder("image"), { recursive: true });
    cpSync(join(image, "config.php"), join(folder("source"), "config.php"));
    this.environment = {
      PATH: process.env.PATH ?? "",
      MOODLE_LIB_DIR: folder("image"),
      MOODLE_SOURCE_DIR: folder("source"),
      MOODLE_DATA_DIR: folder("data"),
      MOODLE_LOCAL_DIR: folder("local"),
      MOODLE_RUN_DIR: folder("run"),
      MOODLE_SECRETS_DIR: folder("secrets"),
      TMPDIR: folder("tmp"),
      MOODLE_WWWROOT: "https://moodle.example.edu",
      MOODLE_SITE_NAME: "Example University",
      MOODLE_SHORT_NAME: "Example",
      MOODLE_ADMIN_EMAIL: "admin@example.edu",
      MOODLE_REQUEST_TIMEOUT: "30",
      MOODLE_DATABASE_TYPE: "pgsql",
      MOODLE_DATABASE_HOST: "database.example.edu",
      MOODLE_DATABASE_PORT: "5432",
      MOODLE_DATABASE_NAME: "moodle",
      MOODLE_DATABASE_CA_FILE: "/etc/moodle/authorities/database.pem",
      MOODLE_REDIS_PREFIX: "moodle:site:",
      MOODLE_REDIS_SESSIONS_HOST: "sessions.example.edu",
      MOODLE_REDIS_SESSIONS_PORT: "6379",
      MOODLE_REDIS_SESSIONS_CA_FILE: "/etc/moodle/authorities/redis-sessions.pem",
      MOODLE_REDIS_CACHE_HOST: "cache.example.edu",
      MOODLE_REDIS_CACHE_PORT: "6380",
      MOODLE_REDIS_CACHE_CA_FILE: "/etc/moodle/authorities/redis-cache.pem",
      MOODLE_FPM_CHILDREN: "3",
    };
    this.secret("database/username", "moodle");
    this.secret("database/password", "secret");
    this.own();
  }

  /** The folder that the web server serves. */
  get webroot(): string {
    return join(this.directory, "source", this.layout === "public" ? "public" : "");
  }

  private get program(): string {
    return join(this.directory, "image/bin/moodle");
  }

  secret(path: string, value: string): void {
    this.file(`secrets/${path}`, value);
  }

  file(path: string, content: string): void {
    const file = join(this.directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    this.own();
  }

  /** Runs PHP code after the settings are loaded: `$cfg` is what config.php makes of the environment. */
  php(code: string, environment: Record<string, string> = {}): Ended {
    const load = `require getenv('MOODLE_LIB_DIR') . '/settings/load.php'; $cfg = platform\\load_settings(getenv('MOODLE_SOURCE_DIR'));`;
    return this.run("php", ["-d", "display_errors=stderr", "-r", `${load} ${code}`], environment);
  }

  /** Moodle's settings as config.php makes them. */
  settings(environment: Record<string, string> = {}): Record<string, unknown> & { dboptions: Record<string, unknown> } {
    const { status, stdout, stderr } = this.php("echo json_encode($cfg, JSON_THROW_ON_ERROR);", environment);
    if (status !== 0) throw new Error(`${stdout}${stderr}`);
    return JSON.parse(stdout);
  }

  /** Why the settings are refused. */
  refusal(environment: Record<string, string>): string {
    const { status, stderr } = this.php("", environment);
    expect(status).toBe(78);
    return stderr.trim();
  }

  /** A command of the image, run to its end. */
  moodle(args: string[], environment: Record<string, string> = {}): Ended {
    return this.run(this.program, args, environment);
  }

  /** A command of the image that goes on. */
  start(args: string[], environment: Record<string, string> = {}): ChildProcessWithoutNullStreams {
    return spawn(this.program, args, { ...user, env: { ...this.environment, ...environment } });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private run(command: string, args: string[], environment: Record<string, string>): Ended {
    const env = { ...this.environment, ...environment };
    return spawnSync(command, args, { ...user, env, encoding: "utf8", timeout: 60_000 });
  }

  /** Commands run as a user of their own where the tests run as root. */
  private own(): void {
    const { uid, gid } = user;
    if (uid === undefined || gid === undefined) return;
    chmodSync(this.directory, 0o755);
    for (const entry of readdirSync(this.directory, { recursive: true })) {
      chownSync(join(this.directory, entry.toString()), uid, gid);
    }
  }
}
