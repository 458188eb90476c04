import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ConfigurationError } from "../../constructs/core/errors";
import { mariadb } from "./mariadb";
import { expectOk, moodleEnvironment, moodleService } from "./moodle";
import { objectStore } from "./object-store";
import type { Sources } from "./options";
import { postgresql } from "./postgresql";
import { program } from "./programs";
import { redis } from "./redis";
import { replaceFile, type Site } from "./site";
import { copySources } from "./source";

/** The image's files, beside the compiled program and beside its source alike. */
const IMAGE = join(__dirname.replace(/\/dist(?=\/scripts\/site$)/, ""), "../../images/moodle");

/** Folders that the image's commands expect to exist. */
const FOLDERS = ["run", "data", "local", "tmp", "secrets"];

/** What can be refused before anything runs or stops: a wrong option must not end a site that serves. */
export function checkUp(site: Site): void {
  for (const name of ["nginx", "php-fpm8.2", "php"] as const) program(name);
  refuseOtherDatabase(site);
}

/**
 * Everything up to a site that serves: a copy of the code, database, Redis, object store, the installation or upgrade,
 * and the image's own processes. What runs when one of these fails is the caller's to stop.
 */
export async function up(
  site: Site,
  sources: Sources,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await site.processes.stop();
  for (const folder of FOLDERS) mkdirSync(site.path(folder), { recursive: true, mode: 0o700 });
  // Caches of the code that was there before.
  for (const folder of ["run", "local", "tmp"]) emptyFolder(site.path(folder));
  const components = copySources(site, sources, IMAGE, say);
  site.save();
  await startServers(site, components.includes("tool_objectfs"), signal);
  say("installing or upgrading, which takes minutes the first time");
  const environment = savedEnvironment(site);
  await site.processes.run(moodleService(site, "install", environment), signal);
  for (const command of ["php-fpm", "nginx", "cron", "adhoc", "metrics"] as const) {
    await site.processes.start(moodleService(site, command, environment), signal);
  }
}

/** What Moodle needs before it can be installed. */
async function startServers(site: Site, objects: boolean, signal: AbortSignal): Promise<void> {
  const database = site.options.database === "postgresql" ? postgresql(site) : mariadb(site);
  const services = [database, redis(site, "redis-sessions"), redis(site, "redis-cache")];
  if (objects) services.push(objectStore(site));
  for (const service of services) await site.processes.start(service, signal);
  site.secret("administrator/adminPassword");
  replaceFile(site.path("environment.json"), JSON.stringify(moodleEnvironment(site, objects, process.env)));
}

/** Runs a command in Moodle's folder, in the site's environment. Returns its exit code. */
export async function execute(site: Site, [command, ...args]: readonly string[]): Promise<number> {
  if (command === undefined) throw new Error("exec wants a command: exec moodle php admin/cli/purge_caches.php");
  const child = spawn(command, args, { cwd: site.path("code"), env: savedEnvironment(site), stdio: "inherit" });
  const [code] = await once(child, "close");
  return code ?? 1;
}

export async function status(site: Site, say: (line: string) => void): Promise<boolean> {
  const running = site.processes.running();
  for (const { name, pid } of running) say(`${name.padEnd(16)} ${pid}`);
  const address = `http://localhost:${site.ports.site}`;
  const serves = await expectOk(`${address}/health`).then(
    () => true,
    () => false,
  );
  say(serves ? `${address} serves` : `${address} does not serve`);
  return serves;
}

/** What the image's commands run in. */
export function savedEnvironment(site: Site): Record<string, string> {
  return JSON.parse(readFileSync(site.path("environment.json"), "utf8"));
}

/** The files in `data` belong to the database they were uploaded with. */
function refuseOtherDatabase(site: Site): void {
  const { database } = site.options;
  const other = database === "postgresql" ? "mariadb" : "postgresql";
  if (!existsSync(site.path(other))) return;
  throw new ConfigurationError([
    {
      path: "--database",
      given: database,
      allowed: `${other}: ${site.options.folder} holds a site on it`,
      remedy: "name another --folder for another site",
    },
  ]);
}

function emptyFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
}
