import { existsSync } from "node:fs";
import { join } from "node:path";
import { MoodleFolder } from "./support/moodle-folder";
import { WebServer } from "./support/web-server";

/** What Moodle's code holds for developers and for the command line. */
const denied = [
  ".git/config",
  ".env",
  "lib/.htaccess",
  "composer.json",
  "composer.lock",
  "package.json",
  "npm-shrinkwrap.json",
  "vendor/autoload.php",
  "lib/phpspreadsheet/vendor/composer/installed.php",
  "node_modules/grunt/grunt.js",
  "lib/tests/fixtures/page.php",
  "mod/quiz/tests/attempt_test.php",
  "ai/tests/fixtures/white.png",
  "lib/behat/lib.php",
  "README.md",
  "Readme.txt",
  "lib/readme_moodle.txt",
  "lib/upgrade.txt",
  "UPGRADING.md",
  "lib/db/install.xml",
  "lib/thirdpartylibs.xml",
  "admin/environment.xml",
  "phpunit.xml.dist",
  "behat.yml.dist",
  "config.php",
  "config-dist.php",
  "install.php",
  "Gruntfile.js",
  "admin/cli/cron.php",
  "backup.sql",
];

/** What repositories and exports keep in the shared folder: names that nginx would treat otherwise among the code. */
const uploaded = ["photo.png", "data.json", "script.php", "dump.sql", "README.md", ".hidden/x", "tests/a.txt"];

describe.each(["root", "public"] as const)("with Moodle's code in %s", (layout) => {
  const folder = new MoodleFolder(layout);
  const inWebroot = layout === "public" ? "source/public" : "source";
  let server: WebServer;

  beforeAll(async () => {
    // The tree has the scripts that the commands use.
    for (const path of denied.filter((path) => !existsSync(join(folder.webroot, path))))
      folder.file(`${inWebroot}/${path}`, "<?php echo 'the secret';");
    folder.file(`${inWebroot}/pix/logo.svg`, "<svg/>");
    folder.file(`${inWebroot}/.well-known/security.txt`, "Contact");
    folder.file("data/filedir/ab/large", "0123456789".repeat(1000));
    folder.file("data/filedir/ab/a b%20ü+.bin", "strange name");
    for (const path of uploaded) folder.file(`data/filedir/${path}`, `uploaded ${path}`);
    server = await WebServer.start(folder);
  });
  afterAll(async () => {
    await server.stop();
    folder.remove();
  });

  const arguments_ = async (path: string) => JSON.parse((await server.get(path)).body);

  test.each(denied)("/%s is not there", async (path) => {
    expect(await server.get(`/${path}`)).toMatchObject({ status: 404, body: expect.not.stringContaining("secret") });
  });

  test.each(["vendor/autoload.php", "lib/tests/fixtures/page.php", "config.php", "admin/cli/cron.php"])(
    "/%s is not there with slash arguments either",
    async (path) => expect((await server.get(`/${path}/x`)).status).toBe(404),
  );

  test("uploaded files may have such names", async () => {
    for (const name of ["README.md", ".hidden", "vendor/x.php", "tests/a.txt", "composer.json", "a.sql"]) {
      const path = `/5/mod_folder/content/0/${name}`;
      expect(await arguments_(`/pluginfile.php${path}`)).toEqual({ path, query: "", script: "/pluginfile.php" });
    }
  });

  test("slash arguments are the script's PATH_INFO, decoded once", async () => {
    expect(await arguments_("/pluginfile.php/1/a%20b/%C3%BC%2Bx.php?forcedownload=1")).toEqual({
      path: "/1/a b/ü+x.php",
      query: "forcedownload=1",
      script: "/pluginfile.php",
    });
  });

  test("a folder is its index", async () => {
    expect((await server.get("/")).body).toBe("front page");
    expect((await server.get("/course/")).body).toBe("courses");
    expect(await server.get("/course")).toMatchObject({ status: 301, headers: { location: "/course/" } });
    expect((await server.get("/pix/")).status).toBe(404);
  });

  test("files of the code may be kept for a while, and are compressed where that helps", async () => {
    const { status, headers } = await server.get("/pix/logo.svg");
    expect(status).toBe(200);
    expect(headers["cache-control"]).toBe("max-age=3600");
    expect(headers["content-type"]).toBe("image/svg+xml");
    expect((await server.get("/.well-known/security.txt")).status).toBe(200);
  });

  if (layout === "public") {
    test("what is no file goes to the router", async () => {
      for (const path of ["/course/42/manage?x=1", "/api/rest/v2/a.json", "/theme/none.php/x", "/none.css"]) {
        expect((await server.get(path)).body).toBe(`router ${path}`);
      }
    });

    test("nothing outside public is served", async () => {
      folder.file("source/secret.txt", "the secret");
      for (const path of ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"]) {
        expect((await server.get(path)).body).not.toContain("the secret");
      }
    });
  } else {
    test("what is no file is 404 without PHP", async () => {
      for (const path of ["/course/42/manage", "/none.php", "/none.php/x", "/none.css"]) {
        expect(await server.get(path)).toMatchObject({ status: 404, body: expect.stringContaining("nginx") });
      }
    });
  }

  test("a file of the shared folder is sent by nginx, whole and in ranges", async () => {
    const whole = await server.get("/pluginfile.php/send?file=ab/large");
    expect(whole).toMatchObject({ status: 200, headers: { "content-type": "application/octet-stream" } });
    expect(whole.body).toHaveLength(10_000);
    const range = await server.get("/pluginfile.php/send?file=ab/large", { range: "bytes=5-14" });
    expect(range).toMatchObject({ status: 206, body: "5678901234" });
    expect(range.headers["content-range"]).toBe("bytes 5-14/10000");
    const strange = await server.get(`/pluginfile.php/send?file=${encodeURIComponent("ab/a b%20ü+.bin")}`);
    expect(strange.body).toBe("strange name");
  });

  test.each(uploaded)("a file of the shared folder may be called %s", async (path) => {
    expect(await server.get(`/pluginfile.php/send?file=${encodeURIComponent(path)}`)).toMatchObject({
      status: 200,
      body: `uploaded ${path}`,
    });
  });

  test("the shared folder cannot be asked for, only Moodle hands its files out", async () => {
    for (const path of ["/dataroot/filedir/ab/large", "/dataroot/", "//dataroot/filedir/ab/large"]) {
      const { body } = await server.get(path);
      expect(body).not.toContain("0123456789");
    }
  });
});
