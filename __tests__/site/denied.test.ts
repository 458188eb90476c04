/** What lies in Moodle's folder and is nobody's business. */
import { existsSync, readFileSync } from "node:fs";
import { describeSites } from "./support/sites";

/** Each is a file that is there: where Moodle has none, the test puts one. */
const DENIED = [
  "/.git/config",
  "/.git/HEAD",
  "/.env",
  "/.htaccess",
  "/mod/forum/.hidden",
  "/composer.json",
  "/composer.lock",
  "/package.json",
  "/npm-shrinkwrap.json",
  "/Gruntfile.js",
  "/README.md",
  "/mod/forum/readme.txt",
  "/mod/forum/upgrade.txt",
  "/UPGRADING.md",
  "/phpunit.xml.dist",
  "/behat.yml.dist",
  "/vendor/autoload.php",
  "/node_modules/grunt/package.json",
  "/lib/tests/moodlelib_test.php",
  "/mod/forum/tests/generator/lib.php",
  "/lib/behat/lib.php",
  "/lib/db/install.xml",
  "/admin/environment.xml",
  "/lib/thirdpartylibs.xml",
  "/admin/cli/cron.php",
  "/config-dist.php",
  "/install.php",
  "/config.php.bak",
  "/config.php~",
  "/dump.sql",
  "/mod/forum/version.php.orig",
] as const;

describeSites("paths", (site) => {
  beforeAll(() => {
    for (const path of DENIED) {
      if (!existsSync(site.path("code", path))) site.put(`code${path}`, "not for visitors");
    }
  });

  const get = async (path: string) => {
    const response = await fetch(site.url + path, { redirect: "manual" });
    return { path, status: response.status, body: await response.text() };
  };

  it.each(DENIED)("%s is not served", async (path) => {
    const { status, body } = await get(path);
    expect([403, 404]).toContain(status);
    expect(body).not.toContain(readFileSync(site.path("code", path), "utf8"));
  });

  it("config.php shows no source, whatever is put behind it", async () => {
    for (const path of [
      "/config.php",
      "/config.php/x.css",
      "/config.php?x",
      "/CONFIG.php",
      "/config.php%00.css",
      "/config%2ephp",
    ]) {
      const { body, status } = await get(path);
      expect([path, status]).toEqual([path, expect.any(Number)]);
      expect(body).not.toMatch(/<\?php|load_settings|CFG/);
    }
  });

  it("does not climb out of its folder", async () => {
    for (const path of [
      "/../secrets/database/password",
      "/%2e%2e/secrets/database/password",
      "/theme/../../environment.json",
    ]) {
      const { body, status } = await get(path);
      expect([path, status]).toEqual([path, expect.any(Number)]);
      expect(body).not.toContain(site.secret("database/password"));
      expect(body).not.toContain("MOODLE_");
    }
  });

  it("lists no folder, and runs no PHP that is not there", async () => {
    expect((await get("/lib/amd/")).status).toBe(404);
    expect((await get("/nothing.php")).status).toBe(404);
    expect((await get("/pix/moodlelogo.png/x.php")).status).toBe(404);
  });

  it("serves what visitors need", async () => {
    for (const path of ["/login/index.php", "/lib/requirejs/require.js", "/pix/moodlelogo.png"]) {
      expect(await get(path)).toMatchObject({ path, status: 200 });
    }
  });

  it("serves monitoring on a port of its own", async () => {
    for (const path of ["/stub_status", "/metrics/php-fpm", "/status", "/ping"]) {
      expect(await get(path)).toMatchObject({ path, status: 404 });
    }
    const metrics = await fetch(`http://127.0.0.1:${site.ports.internal}/metrics/php-fpm`);
    expect(await metrics.text()).toContain("phpfpm_");
    const nginx = await fetch(`http://127.0.0.1:${site.ports.internal}/stub_status`);
    expect(await nginx.text()).toContain("Active connections");
  });
});
