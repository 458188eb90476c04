import { execFileSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import type { Service } from "./processes";
import { program, SEARCH_PATH } from "./programs";
import { replaceFile, type Site } from "./site";

/** A MariaDB server of the site's own, on 127.0.0.1, with the database `moodle` and the user `moodle`. */
export function mariadb(site: Site): Service {
  const mariadbd = program("mariadbd");
  const data = site.path("mariadb");
  if (!existsSync(data)) initialize(data);
  // The server runs this at each start, before it takes connections.
  const user = `'${site.secret("database/username", () => "moodle")}'@'127.0.0.1'`;
  const statements = [
    "CREATE DATABASE IF NOT EXISTS moodle CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;",
    `CREATE USER IF NOT EXISTS ${user};`,
    `ALTER USER ${user} IDENTIFIED BY '${site.secret("database/password")}';`,
    `GRANT ALL ON moodle.* TO ${user};`,
  ];
  replaceFile(site.path("secrets/mariadb.sql"), `${statements.join("\n")}\n`);
  return {
    name: "mariadb",
    command: mariadbd,
    args: [
      "--no-defaults",
      `--datadir=${data}`,
      `--port=${site.ports.database}`,
      "--bind-address=127.0.0.1",
      "--skip-name-resolve",
      `--socket=${site.path("run/mariadb.sock")}`,
      `--pid-file=${site.path("run/mariadb.pid")}`,
      `--init-file=${site.path("secrets/mariadb.sql")}`,
      "--character-set-server=utf8mb4",
    ],
    stopSignal: "SIGTERM",
    probe: () => connects(site.ports.database),
  };
}

/** In a folder that gets its name when all is in it, so that no run finds half a database. */
function initialize(data: string): void {
  const unfinished = `${data}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  const options = [
    `--datadir=${unfinished}`,
    // No password: whoever runs the server is its administrator, through the socket.
    "--auth-root-authentication-method=socket",
    `--auth-root-socket-user=${userInfo().username}`,
    "--skip-test-db",
  ];
  execFileSync("mariadb-install-db", ["--no-defaults", ...options], { stdio: "pipe", env: { PATH: SEARCH_PATH } });
  renameSync(unfinished, data);
}

function connects(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port }, () => resolve(void socket.destroy()));
    socket.once("error", reject);
  });
}
