/** What is read from replicas, and what is not, since caches would keep it. */
import { Client } from "pg";
import { describeSites } from "./support/sites";

/** Caches that are filled from no table: from the code, its settings and language packs, files, or other servers. */
const WITHOUT_TABLES = [
  "communication_matrix/serverversions",
  "core/ai_ratelimit",
  "core/contentbank_enabled_extensions",
  "core/databasemeta",
  "core/eventinvalidation",
  "core/file_imageinfo",
  "core/fontawesomeiconmapping",
  "core/hookcallbacks",
  "core/htmlpurifier",
  "core/langmenu",
  "core/message_time_last_message_between_users",
  "core/navigation_cache",
  "core/navigation_expandcourse",
  "core/observers",
  "core/plugin_functions",
  "core/postprocessedcss",
  "core/presignup",
  "core/routes",
  "core/string",
  "core/tagindexbuilder",
  "core/userselections",
  "core/yuimodules",
  "mod_bigbluebuttonbn/recordings",
  "mod_bigbluebuttonbn/serverinfo",
  "mod_bigbluebuttonbn/subplugins",
  "mod_bigbluebuttonbn/validatedurls",
  "mod_lti/keyset",
  "repository_googledocs/folder",
  "repository_onedrive/folder",
  "tool_mobile/plugininfo",
  "tool_mobile/subscriptiondata",
];

interface Known {
  /** Caches whose mode is application or session. */
  readonly caches: readonly string[];
  readonly tablesByCache: Record<string, readonly string[]>;
  readonly excluded: readonly string[];
  readonly existing: readonly string[];
  readonly ofQuestionTypes: readonly string[];
}

describeSites("replicas", (site) => {
  let known: Known;

  beforeAll(async () => {
    const script = `define("CLI_SCRIPT", true); require "config.php";
      $tables = [];
      foreach (glob("$CFG->dirroot/question/type/*/db/install.xml") as $file)
        foreach (simplexml_load_file($file)->TABLES->TABLE as $table) $tables[] = (string) $table["NAME"];
      echo json_encode([
        "caches" => array_keys(array_filter(
          require $CFG->platform_caches["definitions"],
          fn($definition) => $definition["mode"] !== \\core_cache\\store::MODE_REQUEST,
        )),
        "tablesByCache" => platform\\CACHED_TABLES,
        "excluded" => platform\\cached_tables($CFG->dirroot),
        "existing" => array_values($DB->get_tables()),
        "ofQuestionTypes" => $tables,
      ]);`;
    known = JSON.parse(await site.exec("moodle", "php", "-r", script));
  });

  it("are known to be asked, or not, for every cache of this Moodle that outlives a request", () => {
    const listed = [...Object.keys(known.tablesByCache), ...WITHOUT_TABLES];
    expect([...listed].sort()).toEqual([...known.caches].sort());
  });

  it("are not asked for any table of a question type or an activity", () => {
    expect(known.ofQuestionTypes.length).toBeGreaterThan(20);
    expect(known.excluded).toEqual(expect.arrayContaining([...known.ofQuestionTypes, "quiz", "forum", "assign"]));
  });

  it("are kept from tables that there are", () => {
    expect(known.excluded.filter((table) => !known.existing.includes(table))).toEqual([]);
  });

  describe("that are behind", () => {
    const isPostgresql = site.database === "postgresql";
    /** Each time anew: the database starts again with the site. */
    const asAdministrator = async (...statements: string[]) => {
      const client = new Client({
        host: "127.0.0.1",
        port: site.ports.database,
        user: "administrator",
        password: site.secret("database-administrator/password"),
        database: "moodle",
      });
      await client.connect();
      for (const statement of statements) await client.query(statement);
      await client.end();
    };

    beforeAll(async () => {
      if (!isPostgresql) return;
      // To this role some tables are as they were.
      await asAdministrator(
        "CREATE ROLE reader LOGIN PASSWORD 'reader'",
        "ALTER ROLE reader SET search_path = behind, public",
        "CREATE SCHEMA behind",
        ...["mdl_config_plugins", "mdl_user"].map((table) => `CREATE TABLE behind.${table} AS TABLE public.${table}`),
        "UPDATE behind.mdl_user SET lastname = 'Behind' WHERE username = 'admin'",
        "GRANT USAGE ON SCHEMA behind, public TO reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA behind, public TO reader",
      );
      site.put("secrets/database-reader/username", "reader");
      site.put("secrets/database-reader/password", "reader");
      await site.up({ MOODLE_DATABASE_READERS: "127.0.0.1" });
    });
    afterAll(async () => {
      if (!isPostgresql) return;
      await site.exec("rm", "--recursive", site.path("secrets/database-reader"));
      await site.up();
      await asAdministrator("DROP SCHEMA behind CASCADE", "DROP OWNED BY reader", "DROP ROLE reader");
    });

    (isPostgresql ? it : it.skip)("are asked, but spoil no setting that has just changed", async () => {
      site.put(
        "code/replica.php",
        `<?php require "config.php";
        echo $DB->get_field("user", "lastname", ["username" => "admin"]), " ", get_config("theme_boost", "brandcolor");`,
      );
      const page = () => fetch(`${site.url}/replica.php`).then((response) => response.text());
      expect(await page()).toBe("Behind ");
      const setting = ["moodle", "php", "admin/cli/cfg.php", "--component=theme_boost", "--name=brandcolor"];
      await site.exec(...setting, "--set=#112233");
      // Who asks first fills the cache for all.
      site.redis("redis-cache", "FLUSHALL");
      expect(await page()).toBe("Behind #112233");
      expect(await site.exec(...setting)).toContain("#112233");
      await site.exec(...setting, "--unset");
    });
  });
});
