import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { image, MoodleFolder } from "./support/moodle-folder";

interface Caches {
  readonly stores: Record<string, { plugin: string; configuration: Record<string, unknown>; default: boolean }>;
  readonly definitions: Record<string, unknown>;
  readonly definitionmappings: { definition: string; store: string; sort: number }[];
  readonly modemappings: { mode: number; store: string }[];
  readonly siteidentifier: string;
}

let folder: MoodleFolder;
beforeEach(() => {
  folder = new MoodleFolder();
  // Moodle's own stores, as far as they are asked what they can do.
  for (const plugin of ["redis", "apcu", "file", "session", "static"]) {
    folder.file(
      `source/cache/stores/${plugin}/lib.php`,
      `<?php class cachestore_${plugin} { static function get_supported_features() { return 0; } static function get_supported_modes() { return 1; } }`,
    );
  }
});
afterEach(() => folder.remove());

/** What Moodle is given, in its own words. */
function caches(environment: Record<string, string> = {}): Caches {
  const env = { ...folder.environment, MOODLE_MAX_POST_MB: "8", ...environment };
  const prepared = spawnSync("php", [`${image}/commands/prepare.php`], { env, encoding: "utf8" });
  expect(prepared).toMatchObject({ status: 0, stderr: "", stdout: "" });
  return JSON.parse(inMoodle("echo json_encode(platform\\CacheConfig::configuration());", env));
}

/** What code prints that runs after config.php. */
function inMoodle(code: string, env: Record<string, string>): string {
  const load = "define('CLI_SCRIPT', true); require getenv('MOODLE_SOURCE_DIR') . '/config.php';";
  const { stdout, stderr } = spawnSync("php", ["-r", `${load} ${code}`], { env, encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout;
}

const stores = (all: Caches, definition: string) =>
  all.definitionmappings
    .filter((mapping) => mapping.definition === definition)
    .sort((one, other) => other.sort - one.sort)
    .map(({ store }) => store);

test("what pods share is in Redis, by TLS", () => {
  folder.secret("redis-cache/password", "p'\"$ ü\n");
  const { stores: all, modemappings } = caches();
  expect(modemappings).toContainEqual({ mode: 1, store: "redis", sort: -1 });
  expect(all.redis).toMatchObject({
    plugin: "redis",
    configuration: {
      server: "cache.example.edu:6380",
      password: "p'\"$ ü",
      prefix: expect.stringMatching(/^moodle:site:cache:[0-9a-f]{12}:$/),
      serializer: 2,
      encryption: true,
      cafile: "/etc/moodle/authorities/redis-cache.pem",
      connectiontimeout: 1,
    },
  });
});

test("what may be local is in memory or on the pod's disk first, and what is large not in memory", () => {
  const all = caches();
  expect(stores(all, "core/plugin_functions")).toEqual(["memory", "redis"]);
  expect(stores(all, "core/coursemodinfo")).toEqual(["disk", "redis"]);
  // Its keys have no version: another pod would keep what this one deletes.
  expect(stores(all, "core/h5p_libraries")).toEqual(["redis"]);
  expect(all.stores.memory?.plugin).toBe("apcu");
  expect(all.stores.disk).toMatchObject({
    plugin: "file",
    configuration: { path: `${folder.environment.MOODLE_LOCAL_DIR}/muc` },
  });
});

test("what follows from the code stays in the pod, though Moodle would share it", () => {
  const all = caches();
  for (const definition of ["core/hookcallbacks", "core/databasemeta"]) {
    expect([definition, stores(all, definition)]).toEqual([definition, ["arrays", "disk"]]);
  }
});

test("strings of languages are in memory, and files beside it, first", () => {
  const all = caches();
  expect(stores(all, "core/string")).toEqual(["arrays", "redis"]);
  const path = `${folder.environment.MOODLE_LOCAL_DIR}/arrays`;
  expect(all.stores.arrays).toMatchObject({ plugin: "apcu", configuration: { folder: path } });
  expect(statSync(path).isDirectory()).toBe(true);
});

test("what may not be local is nowhere else", () => {
  expect(stores(caches(), "core/config")).toEqual([]);
});

test("caches of a session are in the session, those of a request in the request", () => {
  const all = caches();
  expect(stores(all, "core/navigation")).toEqual([]);
  expect(all.modemappings).toContainEqual({ mode: 2, store: "session", sort: -1 });
  expect(all.modemappings).toContainEqual({ mode: 4, store: "request", sort: -1 });
  expect(all.stores.session).toMatchObject({ plugin: "session", default: true });
});

test("nothing falls back to files of the shared folder, which would be stale", () => {
  for (const { plugin, configuration, default: isDefault } of Object.values(caches().stores)) {
    if (plugin === "file") expect(configuration.path).toContain(folder.environment.MOODLE_LOCAL_DIR);
    expect(isDefault).toBe(plugin === "session" || plugin === "static");
  }
});

test("every pod of a site has the same keys, and no other site has", () => {
  const { siteidentifier } = caches();
  expect(caches().siteidentifier).toBe(siteidentifier);
  expect(caches({ MOODLE_REDIS_PREFIX: "moodle:other:" }).siteidentifier).not.toBe(siteidentifier);
});

test("pods of one code have the same keys, and those of another version none in common", () => {
  const prefix = () => caches().stores.redis?.configuration.prefix;
  const before = prefix();
  expect(prefix()).toBe(before);
  folder.file("source/version.php", "<?php $version = 2024100707.00; $release = '4.5.7';");
  expect(prefix()).not.toBe(before);
});

test("without TLS only where that is said", () => {
  const { stores: all } = caches({ MOODLE_REDIS_TLS: "disable", MOODLE_REDIS_CACHE_CA_FILE: "" });
  expect(all.redis?.configuration).not.toHaveProperty("encryption");
});

test("an administrator who would change them by click is told why that cannot be", () => {
  const methods = [
    "add_store_instance('a', 'file')",
    "edit_store_instance('a', 'file', [])",
    "delete_store_instance('a')",
    "set_mode_mappings([])",
    "set_definition_mappings('a', [])",
    "set_definition_sharing('a', 1)",
  ];
  for (const method of methods) {
    const code = `try { (new platform\\CacheConfigWriter())->${method}; } catch (moodle_exception $e) { echo $e->getMessage(); }`;
    expect(inMoodle(code, folder.environment)).toBe(
      "caches follow from the site's configuration, and cannot be changed here",
    );
  }
});
