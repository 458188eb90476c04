import { execFile, execFileSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Service } from "./processes";
import { program } from "./programs";
import type { Site } from "./site";

/** A PostgreSQL server of the site's own, on 127.0.0.1, with the database `moodle` and the role `moodle`. */
export function postgresql(site: Site): Service {
  const postgres = program("postgres");
  const data = site.path("postgresql");
  if (!existsSync(data)) initialize(site, postgres, data);
  const port = String(site.ports.database);
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories="];
  return {
    name: "postgresql",
    command: postgres,
    args: ["-D", data, "-p", port, ...settings.flatMap((setting) => ["-c", setting])],
    stopSignal: "SIGINT",
    probe: () => promisify(execFile)(join(dirname(postgres), "pg_isready"), ["-h", "127.0.0.1", "-p", port]),
  };
}

/** In a folder that gets its name when all is in it, so that no run finds half a database. */
function initialize(site: Site, postgres: string, data: string): void {
  const unfinished = `${data}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  const options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"];
  site.secret("database-administrator/password");
  const password = `--pwfile=${site.path("secrets/database-administrator/password")}`;
  const initdb = join(dirname(postgres), "initdb");
  execFileSync(initdb, ["-D", unfinished, "-U", "administrator", password, ...options], { stdio: "pipe" });
  // One statement a line, run without a server that anyone could reach.
  const role = site.secret("database/username", () => "moodle");
  execFileSync(postgres, ["--single", "-D", unfinished, "postgres"], {
    input: `CREATE ROLE ${role} LOGIN PASSWORD '${site.secret("database/password")}'\nCREATE DATABASE moodle OWNER ${role}\n`,
    stdio: ["pipe", "pipe", "pipe"],
  });
  renameSync(unfinished, data);
}
