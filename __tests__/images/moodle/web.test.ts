import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../servers/support/process";
import { image, MoodleFolder } from "./support/moodle-folder";
import { WebServer } from "./support/web-server";

/** As EKS Pod Identity gives them to a pod. */
const identity = {
  AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://169.254.170.23/v1/credentials",
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/token",
};

const folder = new MoodleFolder();
let server: WebServer;

beforeAll(async () => {
  folder.secret("database/password", "p'\"$HOME ü\n");
  server = await WebServer.start(folder, {
    ...identity,
    MOODLE_TRUSTED_PROXIES: "127.0.0.0/8 10.20.0.0/16",
    MOODLE_MAX_UPLOAD_MB: "2",
    MOODLE_MEMORY_LIMIT_MB: "384",
    MOODLE_OBJECT_STORE: "s3",
    MOODLE_OBJECT_STORE_BUCKET: "files",
    MOODLE_OBJECT_STORE_REGION: "eu-central-1",
  });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

/** What files return, or that there is none. */
const readingPage = (files: readonly string[]) =>
  `<?php echo implode(' ', array_map(fn($file) => is_file($file) ? include $file : 'none', ${JSON.stringify(files)}));`;

const facts = async (headers = {}, ini = "memory_limit") =>
  JSON.parse((await server.get(`/facts.php?ini=${ini}`, headers)).body);

describe("a worker of PHP-FPM", () => {
  test("reads code once, and what is PHP on the shared folder anew", async () => {
    const old = new Date(Date.now() - 60_000);
    // Opcache leaves out what has just been written.
    const write = (file: string, word: string) => {
      folder.file(file, `<?php return '${word}';`);
      utimesSync(join(folder.directory, file), old, old);
    };
    const [code, pack] = ["source/code.php", "data/lang/pack.php"];
    folder.file("source/read.php", readingPage([code, pack].map((file) => join(folder.directory, file))));
    const read = async () => (await server.get("/read.php")).body;
    for (const file of [code, pack]) write(file, "first");
    expect(await read()).toBe("first first");
    for (const file of [code, pack]) write(file, "second");
    expect(await read()).toBe("first second");
    rmSync(join(folder.directory, pack));
    expect(await read()).toBe("first none");
  });

  test("sees the whole configuration", async () => {
    const { settings } = await facts();
    expect(settings).toMatchObject({
      wwwroot: "https://moodle.example.edu",
      dbpass: "p'\"$HOME ü",
      // Kept from one request to the next; the command line's settings say false.
      dboptions: { dbpersist: true },
      forced_plugin_settings: { tool_objectfs: { s3_usesdkcreds: 1, s3_bucket: "files" } },
    });
  });

  test("keeps no connection of its own behind a pooler, which keeps them", async () => {
    const other = new MoodleFolder();
    const behind = await WebServer.start(other, { MOODLE_DATABASE_FETCH_BUFFER: "0" });
    const { settings } = JSON.parse((await behind.get("/facts.php")).body);
    expect(settings.dboptions.dbpersist).toBe(false);
    await behind.stop();
    other.remove();
  });

  test("reads from replicas where there are some, as commands do not", async () => {
    const other = new MoodleFolder();
    other.file(
      "source/readers.php",
      "<?php require 'config.php'; echo $CFG->dboptions['readonly']['instance'][0]['dbhost'];",
    );
    const reading = await WebServer.start(other, { MOODLE_DATABASE_READERS: "one.example.edu" });
    expect((await reading.get("/readers.php")).body).toBe("one.example.edu");
    await reading.stop();
    other.remove();
  });

  test.each([
    ["at once", "str_repeat('x', PHP_INT_MAX >> 20);"],
    ["little by little", "while (true) $all[] = new stdClass();"],
  ])("ends with the request that uses up its memory %s, and what it has kept with it", async (_, use) => {
    const other = new MoodleFolder();
    other.file("source/pid.php", "<?php require 'config.php'; usleep(20_000); echo getmypid();");
    other.file(
      "source/use.php",
      `<?php require 'config.php'; file_put_contents('${other.directory}/tmp/pid', getmypid()); ${use}`,
    );
    const spoilt = await WebServer.start(other, { MOODLE_MEMORY_LIMIT_MB: "32" });
    const workers = async () => {
      const answers = await Promise.all(Array.from({ length: 30 }, () => spoilt.get("/pid.php")));
      for (const { status } of answers) expect(status).toBe(200);
      return new Set(answers.map(({ body }) => body));
    };
    expect((await workers()).size).toBe(3);
    expect((await spoilt.get("/use.php")).status).toBe(500);
    const pid = readFileSync(join(other.directory, "tmp/pid"), "utf8");
    await sleep(500);
    const after = await workers();
    expect(after.has(pid)).toBe(false);
    expect(after.size).toBe(3);
    await spoilt.stop();
    other.remove();
  });

  test("sees the cloud identity's variables", async () => {
    expect((await facts()).environment).toMatchObject(identity);
  });

  test("has the limits of the environment and Moodle's needs", async () => {
    const names = "memory_limit,upload_max_filesize,post_max_size,max_execution_time,max_input_vars,display_errors";
    const { ini, opcache } = await facts({}, `${names},zend.exception_ignore_args,expose_php`);
    expect(ini).toEqual({
      memory_limit: "384M",
      upload_max_filesize: "2M",
      post_max_size: "10M",
      max_execution_time: "30",
      max_input_vars: "5000",
      display_errors: "",
      "zend.exception_ignore_args": "1",
      expose_php: "",
    });
    expect(opcache).toBe(false);
  });

  test("takes no proxy from a visitor (https://httpoxy.org)", async () => {
    expect((await facts({ proxy: "http://evil.example" })).proxy || null).toBeNull();
  });
});

describe("a visitor's address", () => {
  test("comes from trusted proxies, whatever the visitor claims", async () => {
    expect((await facts({ "x-forwarded-for": "203.0.113.7" })).address).toBe("203.0.113.7");
    expect((await facts({ "x-forwarded-for": "6.6.6.6, 203.0.113.7, 10.20.1.1" })).address).toBe("203.0.113.7");
    expect((await facts()).address).toBe("127.0.0.1");
  });

  test("is the last that CloudFront wrote, where the load balancer leaves the header as it is", async () => {
    // By IPv6, from a network that claims to be the load balancer's own, and as a whole chain of made-up proxies.
    for (const [claimed, visitor] of [
      ["", "2001:db8:85a3::8a2e:370:7334"],
      ["10.20.1.1, ", "203.0.113.7"],
      ["6.6.6.6, 10.20.1.1, 127.0.0.1, ", "198.51.100.9"],
    ] as const)
      expect((await facts({ "x-forwarded-for": `${claimed}${visitor}` })).address).toBe(visitor);
  });

  test("is the connection's where no proxy is trusted", async () => {
    const other = new MoodleFolder();
    const alone = await WebServer.start(other);
    const { body } = await alone.get("/facts.php", { "x-forwarded-for": "203.0.113.7" });
    expect(JSON.parse(body).address).toBe("127.0.0.1");
    await alone.stop();
    other.remove();
  });
});

test("answers tell neither program nor version, and forbid guessing of types and plain HTTP", async () => {
  const { headers } = await server.get("/");
  expect(headers.server).toBe("nginx");
  expect(headers).not.toHaveProperty("x-powered-by");
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(headers["strict-transport-security"]).toBe("max-age=31536000");
});

test("a body is as large as an upload and its form may be", async () => {
  const [fits, larger] = [Buffer.alloc(9 * 1024 ** 2), Buffer.alloc(11 * 1024 ** 2)];
  expect((await server.post("/index.php", fits)).status).toBe(200);
  expect((await server.post("/index.php", larger)).status).toBe(413);
});

test("the log has neither query strings nor tokens in paths", async () => {
  await server.get("/index.php?token=aaa&sesskey=bbb");
  await server.get("/tokenpluginfile.php/ccc/5/user/icon/f1?x=ddd");
  await server.get("/rss/file.php/12/eee/mod_forum/1/rss.xml", { referer: "https://moodle.example.edu/?token=fff" });
  await server.nginx.says("/rss/file.php/12/***/mod_forum/1/rss.xml");
  expect(server.nginx.output).toContain('"path":"/tokenpluginfile.php/***/5/user/icon/f1"');
  expect(server.nginx.output).not.toMatch(/aaa|bbb|ccc|ddd|eee|fff/);
  const line = server.nginx.output.split("\n").find((text) => text.includes("/tokenpluginfile.php"));
  expect(JSON.parse(line ?? "")).toMatchObject({ method: "GET", status: 404, address: "127.0.0.1" });
});

describe("code that is not the site's", () => {
  const other = new MoodleFolder();
  let older: WebServer;
  const files = ["/page.php", "/lib/javascript.php/1764000000/lib/a.js", "/pluginfile.php/5/film.mp4"];
  /** APCu counts whole seconds. */
  const heard = () => sleep(2500);

  beforeAll(async () => {
    other.file("source/page.php", "<?php require 'config.php'; echo 'served';");
    const answer = `if (!isset($_GET['film'])) exit('served');
      header('Cache-Control: private, max-age=86400');
      header('X-Accel-Redirect: ' . rawurlencode('/dataroot/filedir/ab/film'));`;
    for (const script of ["lib/javascript.php", "pluginfile.php"])
      other.file(`source/${script}`, `<?php require '${other.directory}/source/config.php'; ${answer}`);
    other.file("data/filedir/ab/film", "0123456789".repeat(110_000));
    older = await WebServer.start(other);
  });
  afterAll(async () => {
    await older.stop();
    other.remove();
  });

  test("serves until an installation has said which code is", async () => {
    for (const file of files) expect((await older.get(file)).body).toBe("served");
    const { hash } = JSON.parse(readFileSync(join(other.directory, "run/version.json"), "utf8"));
    other.file("data/code-version", hash);
    await heard();
    for (const file of files) expect((await older.get(file)).body).toBe("served");
  });

  test("answers nothing but the page of maintenance mode, which nobody keeps, and is not ready", async () => {
    other.file("data/code-version", "newer");
    await heard();
    for (const file of files) {
      expect(await older.get(file)).toMatchObject({
        status: 503,
        body: expect.stringContaining("Back in a few minutes"),
        headers: { "cache-control": "no-store", "retry-after": "60" },
      });
    }
    expect(await older.get("/health")).toMatchObject({ status: 503, body: "version\n" });
    other.file("data/climaintenance.template.html", "back soon");
    expect(await older.get("/page.php")).toMatchObject({ status: 503, body: "back soon" });
  });

  test("hands out no file that it had just been allowed to", async () => {
    rmSync(join(other.directory, "data/code-version"));
    await heard();
    const path = "/pluginfile.php/6/film.mp4?film=1";
    const visitor = { cookie: "MoodleSession=abc" };
    expect((await older.get(path, visitor)).status).toBe(200);
    other.file("data/code-version", "newer");
    await heard();
    expect((await older.get(path, visitor)).status).toBe(503);
  });
});

describe("health", () => {
  test("of nginx and of PHP-FPM is each program's own answer", async () => {
    expect(await server.get("/livez/nginx")).toMatchObject({ status: 200, body: "ok\n" });
    expect(await server.get("/livez/php-fpm")).toMatchObject({ status: 200, body: "ok" });
  });

  test("is 503 while the database does not answer, and the reason is in the log", async () => {
    expect(await server.get("/health")).toMatchObject({ status: 503, body: "database\n" });
    await server.phpFpm.says("health: the database does not answer");
    expect(server.phpFpm.output).not.toContain("HOME");
  });

  test("is 200 in maintenance, whatever the database does", async () => {
    folder.file("data/climaintenance.html", "maintenance");
    expect(await server.get("/health")).toMatchObject({ status: 200, body: "maintenance\n" });
    spawnSync("rm", [`${folder.directory}/data/climaintenance.html`]);
    expect((await server.get("/health")).status).toBe(503);
  });

  test("and metrics do not queue behind requests", async () => {
    const slow = [1, 2, 3, 4, 5].map(() => server.get("/slow.php?seconds=2"));
    await sleep(300);
    const began = Date.now();
    expect((await server.get("/livez/php-fpm")).status).toBe(200);
    expect((await server.get("/health")).body).toBe("database\n");
    const { body } = await server.internal("/metrics/php-fpm");
    expect(Date.now() - began).toBeLessThan(1000);
    expect(body).toMatch(/^phpfpm_active_processes 3$/m);
    for (const answer of await Promise.all(slow)) expect(answer.body).toBe("slow");
  });
});

test("monitoring's port has PHP-FPM's and nginx's own figures and nothing else", async () => {
  expect((await server.internal("/stub_status")).body).toContain("Active connections");
  expect((await server.internal("/")).status).toBe(404);
  expect((await server.internal("/index.php")).status).toBe(404);
  expect((await server.get("/stub_status")).status).toBe(404);
  expect((await server.get("/metrics/php-fpm")).status).toBe(404);
});

test.each(["SIGQUIT", "SIGTERM"] as const)("on %s requests are served to their end", async (signal) => {
  const other = new MoodleFolder();
  const leaving = await WebServer.start(other);
  const request = leaving.get("/slow.php?seconds=1.5");
  await sleep(300);
  leaving.nginx.signal(signal);
  leaving.phpFpm.signal(signal);
  await expect(request).resolves.toMatchObject({ status: 200, body: "slow" });
  await expect(leaving.get("/")).rejects.toThrow("ECONNREFUSED");
  expect(await leaving.nginx.end()).toBe(0);
  expect(await leaving.phpFpm.end()).toBe(0);
  other.remove();
});

test.each([
  [
    "MOODLE_TRUSTED_PROXIES",
    "10.0.0.0/16; include /etc/passwd",
    'has "10.0.0.0/16;": set it to networks as 10.0.0.0/16',
  ],
  ["MOODLE_DATA_DIR", "/data; }", 'is "/data; }": set it to an absolute path of letters, digits and ._+@-'],
  ["MOODLE_HTTP_PORT", "http", 'is "http": set it to a whole number from 1 to 65535'],
])("nginx does not start with %s=%s", (name, value, message) => {
  const { status, stderr } = folder.moodle(["nginx"], { [name]: value });
  expect(stderr.trim()).toBe(`moodle: ${name} ${message}`);
  expect(status).toBe(78);
});

test.each(["root", "public"] as const)(
  "nginx and PHP-FPM find no fault in their files, with the code in %s",
  async (layout) => {
    const other = new MoodleFolder(layout);
    const env = {
      ...other.environment,
      MOODLE_HTTP_PORT: `${await freePort()}`,
      MOODLE_INTERNAL_PORT: `${await freePort()}`,
      MOODLE_MAX_POST_MB: "8",
    };
    const rendered = spawnSync("php", [`${image}/web/nginx.conf.php`], { env, encoding: "utf8" });
    other.file("run/nginx.conf", rendered.stdout);
    const check = (command: string) =>
      spawnSync("bash", ["-c", `PATH=$PATH:/usr/sbin; (${command}) 2>&1 | cat`], { env, encoding: "utf8" }).stdout;
    const nginx = check(`nginx -t -e stderr -c ${other.directory}/run/nginx.conf`);
    expect(nginx).toContain("test is successful");
    expect(nginx).not.toContain("[warn]");
    const fpm = check(`$(compgen -c php-fpm | tail -n 1) -R -t -y ${image}/php/fpm.conf`);
    expect(fpm).toContain("test is successful");
    other.remove();
  },
);
