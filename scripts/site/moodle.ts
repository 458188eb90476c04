import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { BUCKET } from "./object-store";
import type { Service } from "./processes";
import { SEARCH_PATH } from "./programs";
import type { Site } from "./site";

/** A quarter of the machine's memory for PHP-FPM, so that a laptop stays one. */
const MEMORY_SHARE = 4;

/**
 * The environment of the image's commands: charts/moodle/README.md. What the caller has set as MOODLE_* or AWS_* has
 * precedence, so that a site can be tried with another configuration.
 */
export function moodleEnvironment(site: Site, objects: boolean, caller: NodeJS.ProcessEnv): Record<string, string> {
  const { ports, options } = site;
  const own = {
    PATH: `${site.path("image/bin")}:${SEARCH_PATH}`,
    HOME: site.options.folder,
    TMPDIR: site.path("tmp"),
    MOODLE_SOURCE_DIR: site.path("code"),
    MOODLE_RUN_DIR: site.path("run"),
    MOODLE_DATA_DIR: site.path("data"),
    MOODLE_LOCAL_DIR: site.path("local"),
    MOODLE_SECRETS_DIR: site.path("secrets"),
    MOODLE_LISTEN_ADDRESS: "127.0.0.1",
    MOODLE_HTTP_PORT: String(ports.site),
    MOODLE_INTERNAL_PORT: String(ports.internal),
    MOODLE_METRICS_PORT: String(ports.metrics),
    MOODLE_WWWROOT: `http://localhost:${ports.site}`,
    MOODLE_REVERSE_PROXY_TLS: "disable",
    MOODLE_SITE_NAME: "Moodle on this machine",
    MOODLE_SHORT_NAME: "Moodle",
    MOODLE_ADMIN_EMAIL: "admin@example.com",
    MOODLE_LANGUAGE: "en",
    MOODLE_NOREPLY_ADDRESS: "noreply@example.com",
    MOODLE_DATABASE_TYPE: options.database === "postgresql" ? "pgsql" : "mariadb",
    MOODLE_DATABASE_HOST: "127.0.0.1",
    MOODLE_DATABASE_PORT: String(ports.database),
    MOODLE_DATABASE_NAME: "moodle",
    MOODLE_DATABASE_TLS: "disable",
    MOODLE_REDIS_PREFIX: "moodle:",
    MOODLE_REDIS_SESSIONS_HOST: "127.0.0.1",
    MOODLE_REDIS_SESSIONS_PORT: String(ports.redisSessions),
    MOODLE_REDIS_CACHE_HOST: "127.0.0.1",
    MOODLE_REDIS_CACHE_PORT: String(ports.redisCache),
    MOODLE_REDIS_TLS: "disable",
    MOODLE_FPM_CPU_MILLICORES: String(availableParallelism() * 1000),
    MOODLE_FPM_MEMORY_MB: String(Math.floor(totalmem() / MEMORY_SHARE / 2 ** 20)),
    MOODLE_ADHOC_WORKERS: "separate",
    ...(objects && {
      MOODLE_OBJECT_STORE: "s3",
      MOODLE_OBJECT_STORE_BUCKET: BUCKET,
      MOODLE_OBJECT_STORE_REGION: "us-east-1",
      MOODLE_OBJECT_STORE_ENDPOINT: `http://127.0.0.1:${ports.objectStore}`,
    }),
  };
  const overridden = Object.entries(caller).filter(
    ([name]) => /^(MOODLE|AWS)_/.test(name) && !/^MOODLE_(SRC|PLUGINS)$/.test(name),
  );
  return { ...own, ...(Object.fromEntries(overridden) as Record<string, string>) };
}

/** A command of the image. */
export function moodleService(
  site: Site,
  command: "install" | "nginx" | "php-fpm" | "cron" | "adhoc" | "metrics",
  environment: Readonly<Record<string, string>>,
): Service {
  const { site: port, metrics } = site.ports;
  const probes = {
    nginx: `http://127.0.0.1:${port}/health`,
    metrics: `http://127.0.0.1:${metrics}/metrics`,
    install: undefined,
    "php-fpm": undefined,
    cron: undefined,
    adhoc: undefined,
  };
  const url = probes[command];
  return {
    name: command,
    command: join(site.path("image"), "bin/moodle"),
    args: [command],
    environment,
    stopSignal: "SIGQUIT",
    ...(url !== undefined && { probe: () => expectOk(url) }),
  };
}

export async function expectOk(url: string): Promise<void> {
  const { status } = await fetch(url);
  if (status !== 200) throw new Error(`${url} answers ${status}`);
}
