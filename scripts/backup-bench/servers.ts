import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { program } from "../site/programs";

export const ACCESS_KEY = "bench-access-key";
export const SECRET_KEY = "bench-secret-key";
export const REGION = "eu-central-1";
/** Tenths of a second in which a server has to be ready: one that lists a million files makes them first. */
const ATTEMPTS = 600;

/** Servers of the benchmark's own, on 127.0.0.1 and on sockets below its folder. */
export class Servers {
  private readonly children: ChildProcess[] = [];
  readonly objects: string;
  readonly socket: string;
  endpoint = "";

  constructor(folder: string) {
    this.objects = join(folder, "objects");
    this.socket = join(folder, "postgresql");
  }

  async start(): Promise<void> {
    await this.startObjectStore();
    await this.startPostgresql();
  }

  /** An S3 server in front, of which `blobs/` lists `count` files that are nowhere. */
  async startListing(count: number): Promise<string> {
    const port = await freePort();
    const script = join(__dirname, "listing-server.js");
    this.begin(process.execPath, ["--max-old-space-size=4096", script, String(port), this.endpoint, String(count)]);
    const endpoint = `http://127.0.0.1:${port}`;
    await ready(() => fetch(endpoint));
    return endpoint;
  }

  psql(database: string, sql: string): string {
    return execFileSync("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", ...this.address(database)], {
      input: sql,
      encoding: "utf8",
      stdio: "pipe",
    });
  }

  address(database: string): string[] {
    return ["-h", this.socket, "-U", "moodle", "-d", database];
  }

  async stop(): Promise<void> {
    for (const child of this.children.reverse()) {
      if (child.exitCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGINT");
      await ended;
    }
  }

  private async startObjectStore(): Promise<void> {
    const port = await freePort();
    for (const bucket of ["moodle", "backup", "volume", "references", "restic"]) {
      mkdirSync(join(this.objects, bucket), { recursive: true });
    }
    this.begin(program("versitygw"), [
      ...["--access", ACCESS_KEY, "--secret", SECRET_KEY, "--region", REGION, "--port", `127.0.0.1:${port}`],
      ...["--quiet", "--keep-alive", "posix", this.objects],
    ]);
    this.endpoint = `http://127.0.0.1:${port}`;
    await ready(() => fetch(this.endpoint));
  }

  private async startPostgresql(): Promise<void> {
    const postgres = program("postgres");
    const user = unprivileged("postgres");
    const data = join(this.socket, "data");
    mkdirSync(this.socket);
    // Its user has to get there.
    chmodSync(dirname(this.socket), 0o755);
    if (user.uid !== undefined && user.gid !== undefined) chownSync(this.socket, user.uid, user.gid);
    const options = ["-U", "moodle", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
    execFileSync(join(dirname(postgres), "initdb"), ["-D", data, ...options], {
      ...user,
      cwd: this.socket,
      stdio: "pipe",
    });
    const settings = ["listen_addresses=", `unix_socket_directories=${this.socket}`, "fsync=off", "max_wal_size=4GB"];
    this.begin(postgres, ["-D", data, ...settings.flatMap((setting) => ["-c", setting])], user);
    await ready(async () => this.psql("postgres", "SELECT 1"));
  }

  private begin(command: string, args: readonly string[], user: { uid?: number; gid?: number } = {}): void {
    this.children.push(spawn(command, [...args], { ...user, stdio: "ignore" }));
  }
}

/** PostgreSQL refuses to run as root. */
function unprivileged(user: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, user], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function ready(probe: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await probe();
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await sleep(100);
    }
  }
}
