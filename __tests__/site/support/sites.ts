/**
 * Real sites on this machine, one on each database, made by `npm run site`. `start.ts` starts them for the whole run and
 * `stop.ts` ends them; a test file begins with `describeSites`.
 */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createConnection } from "mysql2/promise";
import { Client } from "pg";
import { DATABASES, type DatabaseEngine, ports } from "../../../scripts/site/options";
import { findProgram } from "../../../scripts/site/programs";
import { runAs } from "../../servers/support/process";

export const ROOT = resolve(__dirname, "../../..");
const COMMAND = join(ROOT, "dist/scripts/site/index.js");

/** Why no site can be started, or undefined where one can. */
export function missing(): string | undefined {
  if (process.env.MOODLE_SRC === undefined) return "MOODLE_SRC does not name a folder with Moodle's code";
  const programs = ["nginx", "php-fpm8.2", "php", "postgres", "mariadbd", "redis-server"] as const;
  const [program] = programs.filter((name) => findProgram(name) === undefined);
  return program === undefined ? undefined : `${program} is not installed`;
}

/** Why there is no object store, or undefined where there is one. */
export function missingObjectStore(): string | undefined {
  const { MOODLE_PLUGINS = "" } = process.env;
  if (!existsSync(join(MOODLE_PLUGINS, "tool_objectfs"))) return "MOODLE_PLUGINS holds no tool_objectfs";
  return findProgram("versitygw") === undefined ? "versitygw is not installed" : undefined;
}

/** Runs the tests once for each database, or skips them all. */
export function describeSites(name: string, tests: (site: TestSite) => void, isMissing = missing): void {
  const describeEach = (isMissing() ?? missing()) === undefined ? describe.each : describe.skip.each;
  describeEach(DATABASES)(`${name} on %s`, (database) => tests(new TestSite(database)));
}

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** One of the sites. */
export class TestSite {
  readonly port: number;

  constructor(readonly database: DatabaseEngine) {
    this.port = Number(process.env.TEST_SITES_PORT) + 10 * DATABASES.indexOf(database);
  }

  get folder(): string {
    return join(process.env.TEST_SITES ?? "", this.database);
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  get ports() {
    return ports(this);
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  secret(name: string): string {
    return readFileSync(this.path("secrets", name), "utf8");
  }

  /** `npm run site -- COMMAND`, on this site. */
  command(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    return new Promise((done) => {
      const options = { env: { ...process.env, ...environment }, maxBuffer: 64 * 2 ** 20 };
      execFile(process.execPath, [COMMAND, "--folder", this.folder, ...args], options, (error, stdout, stderr) => {
        done({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
      });
    });
  }

  async up(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    const { code, output } = await this.command(
      ["--port", String(this.port), "--database", this.database, "up"],
      environment,
    );
    if (code !== 0) throw new Error(`the site on ${this.database} did not start:\n${output}`);
  }

  async down(): Promise<void> {
    const { code, output } = await this.command(["down"]);
    if (code !== 0) throw new Error(`the site on ${this.database} did not stop:\n${output}`);
  }

  /** What a command printed that ran in the site's environment. */
  async exec(...command: string[]): Promise<string> {
    const { code, output } = await this.command(["exec", ...command]);
    if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${output}`);
    return output;
  }

  /** Writes a file as the user whom the site runs as, who may have to replace it. Returns its path. */
  put(file: string, content: string): string {
    const path = this.path(file);
    const script = 'mkdir -p "$(dirname "$0")" && cat > "$0"';
    execFileSync("sh", ["-c", script, path], { ...runAs("www-data"), input: content });
    return path;
  }

  async query<Row>(sql: string): Promise<Row[]> {
    const login = {
      host: "127.0.0.1",
      port: this.ports.database,
      user: "moodle",
      password: this.secret("database/password"),
      database: "moodle",
    };
    if (this.database === "mariadb") {
      const connection = await createConnection(login);
      const [rows] = await connection.query(sql);
      await connection.end();
      return rows as Row[];
    }
    const client = new Client(login);
    await client.connect();
    const { rows } = await client.query(sql);
    await client.end();
    return rows;
  }

  /** What Redis answers, a line each. */
  redis(server: "redis-sessions" | "redis-cache", ...command: string[]): string[] {
    const port = this.ports[server === "redis-sessions" ? "redisSessions" : "redisCache"];
    const env = { ...process.env, REDISCLI_AUTH: this.secret(`${server}/password`) };
    const output = execFileSync("redis-cli", ["-p", String(port), ...command], { env, encoding: "utf8" });
    return output.split("\n").filter((line) => line !== "");
  }
}
