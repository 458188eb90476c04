import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigurationError } from "../../constructs/core/errors";

/** Where Debian puts servers, which is not on every user's `PATH`. */
const SERVER_FOLDERS = ["/usr/sbin", "/usr/local/sbin"];

/** How to get each program. */
const REMEDIES = {
  nginx: "apt install nginx",
  "php-fpm8.2": "apt install php8.2-fpm",
  php: "apt install php8.2-cli",
  mariadbd: "apt install mariadb-server",
  postgres: "apt install postgresql",
  "redis-server": "apt install redis-server",
  apache2: "apt install apache2 libapache2-mod-php8.2",
  versitygw: "go install github.com/versity/versitygw/cmd/versitygw@v1.8.0, or leave out tool_objectfs",
} as const;
export type ProgramName = keyof typeof REMEDIES;

/** The search path of the site's commands. */
export const SEARCH_PATH = [
  ...new Set([
    ...(process.env.PATH ?? "").split(":").filter((folder) => folder !== ""),
    ...SERVER_FOLDERS,
    ...(process.env.HOME === undefined ? [] : [join(process.env.HOME, "go/bin")]),
  ]),
].join(":");

/**
 * Folders with the programs of PostgreSQL, newest version first: Debian's packages, and whatever `TEST_POSTGRESQL_BIN`
 * names, separated by colons.
 */
export function postgresqlInstallations(): { version: string; bin: string }[] {
  const debian = "/usr/lib/postgresql";
  const candidates = [
    ...(process.env.TEST_POSTGRESQL_BIN ?? "").split(":"),
    ...(existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, "bin")) : []),
  ];
  return candidates
    .filter((bin) => existsSync(join(bin, "initdb")))
    .map((bin) => ({ bin, version: execFileSync(join(bin, "postgres"), ["--version"], { encoding: "utf8" }).trim() }))
    .sort((a, b) => b.version.localeCompare(a.version, "en", { numeric: true }));
}

/** Path of a program, or an error that says how to get it. */
export function program(name: ProgramName): string {
  const path = findProgram(name);
  if (path !== undefined) return path;
  throw new ConfigurationError([
    {
      path: name,
      given: undefined,
      allowed: "the program, on the PATH or where Debian puts it",
      remedy: REMEDIES[name],
    },
  ]);
}

export function findProgram(name: ProgramName): string | undefined {
  const [newest] = name === "postgres" ? postgresqlInstallations() : [];
  const folders = newest === undefined ? SEARCH_PATH.split(":") : [newest.bin];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
