import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigurationError, type Fault } from "../../constructs/core/errors";

export const DATABASES = ["postgresql", "mariadb"] as const;
export type DatabaseEngine = (typeof DATABASES)[number];

/** Ports that a site takes, from its own on: see `ports()`. */
const PORT_COUNT = 7;
/** Longest path of a folder that holds a Unix socket: 107 bytes in all, `/run/moodle/php-fpm.sock` among them. */
const MAX_FOLDER_LENGTH = 75;

/** What `npm run site` is told by its options and by the environment. */
export interface SiteOptions {
  /** Everything that the site writes. @default build/site */
  readonly folder: string;
  /** Port of the site on 127.0.0.1; the next six are its servers'. @default 8080 */
  readonly port: number;
  /** @default postgresql */
  readonly database: DatabaseEngine;
}

/** Moodle's code, and folders of plugins that are put into a copy of it: each named by its component, as `tool_objectfs`. */
export interface Sources {
  readonly moodle: string;
  readonly plugins?: string;
}

export function siteOptions(values: { folder?: string; port?: string; database?: string }): SiteOptions {
  const { folder = "build/site", port = "8080", database = "postgresql" } = values;
  const faults: Fault[] = [];
  const path = resolve(folder);
  if (Buffer.byteLength(path) > MAX_FOLDER_LENGTH) {
    faults.push({
      path: "--folder",
      given: path,
      allowed: `a path of at most ${MAX_FOLDER_LENGTH} bytes, since it holds a Unix socket`,
      remedy: "name a folder nearer the root",
    });
  }
  if (!/^\d{4,5}$/.test(port) || Number(port) < 1024 || Number(port) + PORT_COUNT > 65536) {
    faults.push({
      path: "--port",
      given: port,
      allowed: `a whole number from 1024 to ${65536 - PORT_COUNT}`,
      remedy: "name a port that is free, as are the six that follow it",
    });
  }
  const engine = DATABASES.find((name) => name === database);
  if (engine === undefined) {
    faults.push({ path: "--database", given: database, allowed: DATABASES.join(" or "), remedy: "name one of them" });
  }
  if (faults.length > 0 || engine === undefined) throw new ConfigurationError(faults);
  return { folder: path, port: Number(port), database: engine };
}

/** Ports of all servers, from the site's own on. */
export function ports({ port }: Pick<SiteOptions, "port">) {
  return {
    site: port,
    internal: port + 1,
    metrics: port + 2,
    database: port + 3,
    redisSessions: port + 4,
    redisCache: port + 5,
    objectStore: port + 6,
  } as const;
}

/** Reads `MOODLE_SRC` and `MOODLE_PLUGINS`. */
export function sources(environment: NodeJS.ProcessEnv): Sources {
  const { MOODLE_SRC = "", MOODLE_PLUGINS = "" } = environment;
  const faults: Fault[] = [];
  if (!existsSync(resolve(MOODLE_SRC, "version.php")) && !existsSync(resolve(MOODLE_SRC, "public/version.php"))) {
    faults.push({
      path: "MOODLE_SRC",
      given: MOODLE_SRC || undefined,
      allowed: "a folder with Moodle's code, version.php in it or in its public/",
      remedy: "unpack a release from https://download.moodle.org and name its folder",
    });
  }
  if (MOODLE_PLUGINS !== "" && !isFolder(MOODLE_PLUGINS)) {
    faults.push({
      path: "MOODLE_PLUGINS",
      given: MOODLE_PLUGINS,
      allowed: "a folder of plugins, each in a folder named by its component, as tool_objectfs",
      remedy: "make that folder, or leave the variable out",
    });
  }
  if (faults.length > 0) throw new ConfigurationError(faults);
  const plugins = MOODLE_PLUGINS === "" ? {} : { plugins: resolve(MOODLE_PLUGINS) };
  return { moodle: resolve(MOODLE_SRC), ...plugins };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
