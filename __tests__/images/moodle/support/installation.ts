/** What an installation and an upgrade are on every database; a file for each, so that they run beside each other. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../../servers/support/process";
import { type Database, login, password } from "./databases";
import { MetricsServer } from "./metrics-server";
import { MoodleFolder } from "./moodle-folder";
import { mute, silence } from "./silent-addresses";
import { Process, WebServer } from "./web-server";

const release = "4.5.6 (Build: fixture)";

export function installs(start: () => Promise<Database>): void {
  let database: Database;
  let folder: MoodleFolder;

  beforeAll(async () => {
    database = await start();
  });
  afterAll(() => database.server.stop());

  beforeEach(async () => {
    await database.empty();
    folder = new MoodleFolder();
    Object.assign(folder.environment, database.environment, {
      MOODLE_DATABASE_HOST: "127.0.0.1",
      MOODLE_DATABASE_PORT: `${database.server.port}`,
      MOODLE_DATABASE_CA_FILE: database.server.certificates.caFile,
    });
    folder.secret("database/password", `${password}\n`);
    folder.secret("administrator/adminPassword", "adm=in'\"$ ü\n");
  });
  afterEach(() => folder.remove());

  const install = (environment = {}) => folder.moodle(["install"], environment);
  const sql = (statement: string) => database.server.as(login, statement);
  const inMaintenance = () => existsSync(join(folder.directory, "data/climaintenance.html"));
  const older = async () => {
    install();
    await sql("UPDATE mdl_config SET value = 'older' WHERE name = 'allversionshash'");
    await sql("UPDATE mdl_config SET value = '4.5.5' WHERE name = 'release'");
  };

  test("an empty database is installed into, with the administrator's password as its file has it", () => {
    const { status, stdout } = install();
    const options = JSON.parse(/^installing: (.*)$/m.exec(stdout)?.[1] ?? "[]");
    expect(options).toEqual([
      "--agree-license",
      "--lang=en",
      "--adminuser=admin",
      "--adminpass=adm=in'\"$ ü",
      "--adminemail=admin@example.edu",
      "--fullname=Example University",
      "--shortname=Example",
    ]);
    expect(stdout.endsWith(`moodle: the database is at ${release}\n`)).toBe(true);
    expect(status).toBe(0);
  });

  test("the administrator's password is in no command line", async () => {
    const process = new Process(folder.start(["install"], { FIXTURE_ENDS: "linger" }));
    await process.says("installing:");
    const lines = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8");
        } catch {
          return "";
        }
      });
    expect(lines.some((line) => line.includes("commands/install.php"))).toBe(true);
    expect(lines.some((line) => line.includes("adm=in"))).toBe(false);
    expect(await process.end()).toBe(0);
  });

  test("a second run changes nothing", () => {
    install();
    const { status, stdout } = install();
    expect(stdout).toBe(`moodle: the database is at ${release} already\n`);
    expect(status).toBe(0);
  });

  test("of two at once one works and the other waits for it", async () => {
    const first = new Process(folder.start(["install"], { FIXTURE_ENDS: "linger" }));
    await first.says("installing:");
    const second = new Process(folder.start(["install"]));
    await second.says("waiting: another installation or upgrade holds the lock in the database");
    expect(first.output).not.toContain("the database is at");
    expect(await first.end()).toBe(0);
    expect(await second.end()).toBe(0);
    expect(second.output).toContain(`the database is at ${release} already`);
  });

  test("a killed process gives the lock back, and the next one begins anew", () => {
    expect(install({ FIXTURE_ENDS: "kill" }).status).not.toBe(0);
    const { status, stdout } = install();
    expect(stdout).toContain(
      "moodle: beginning anew: an installation was killed before its end, so nobody has used it\n",
    );
    expect(stdout).toContain(`moodle: the database is at ${release}\n`);
    expect(status).toBe(0);
    expect(install().stdout).toBe(`moodle: the database is at ${release} already\n`);
  });

  test("a half installation of somebody else is left as it is", () => {
    install({ FIXTURE_ENDS: "kill" });
    rmSync(join(folder.directory, "data/installation-unfinished"));
    const { status, stderr } = install();
    expect(stderr).toBe(
      "moodle: the database moodle holds an installation that never came to its end, and is not this command's: " +
        "make the database anew, and run this again\n",
    );
    expect(status).toBe(78);
  });

  test("after a half installation a new database is installed into", async () => {
    install({ FIXTURE_ENDS: "die" });
    await database.empty();
    expect(install().status).toBe(0);
    expect(install().stdout).toContain("already");
  });

  test("an installation that Moodle gave up has failed, and may be tried again", () => {
    const { status, stderr } = install({ FIXTURE_ENDS: "die" });
    expect(stderr).toBe(`moodle: the database is not at ${release}: see what Moodle said above\n`);
    expect(status).toBe(1);
  });

  test("an upgrade is in maintenance mode where Moodle asks for it, and until it has ended", async () => {
    await older();
    const { status, stdout } = install({ FIXTURE_MAINTENANCE: "2" });
    expect(stdout).toContain(`moodle: upgrading 4.5.5 to ${release}\n`);
    expect(stdout).toContain('upgrading: ["--non-interactive"]\nmaintenance: true\n');
    expect(stdout).toContain(`moodle: maintenance mode is over\nmoodle: the database is at ${release}\n`);
    expect(inMaintenance()).toBe(false);
    expect(status).toBe(0);
  });

  test("an upgrade without need is without maintenance, and purges caches afterwards", async () => {
    await older();
    const { status, stdout } = install({ FIXTURE_MAINTENANCE: "3" });
    expect(stdout).toContain('upgrading: ["--non-interactive","--maintenance=0"]\nmaintenance: false\n');
    expect(stdout).toContain(`purged\nmoodle: the database is at ${release}\n`);
    expect(status).toBe(0);
  });

  test("a failed upgrade stays in maintenance mode, and the next one ends it", async () => {
    await older();
    const failed = install({ FIXTURE_MAINTENANCE: "2", FIXTURE_ENDS: "kill" });
    expect(failed.status).not.toBe(0);
    expect(inMaintenance()).toBe(true);
    await sql("INSERT INTO mdl_config (name, value) VALUES ('upgraderunning', '9999999999')");
    const { status, stdout } = install({ FIXTURE_MAINTENANCE: "2" });
    expect(stdout).toContain("running: false");
    expect(inMaintenance()).toBe(false);
    expect(status).toBe(0);
  });

  test("maintenance mode that an administrator has begun goes on", async () => {
    await older();
    folder.file("data/climaintenance.html", "until Monday");
    expect(install({ FIXTURE_MAINTENANCE: "2" }).status).toBe(0);
    expect(readFileSync(join(folder.directory, "data/climaintenance.html"), "utf8")).toBe("until Monday");
  });

  test("a site has its own words for maintenance where it has a template", async () => {
    await older();
    folder.file("data/climaintenance.template.html", "back soon");
    install({ FIXTURE_MAINTENANCE: "2", FIXTURE_ENDS: "die" });
    expect(readFileSync(join(folder.directory, "data/climaintenance.html"), "utf8")).toContain("back soon");
  });

  test("an upgrade waits for the tasks of the older code", async () => {
    await older();
    await sql("INSERT INTO mdl_task_adhoc (timestarted) VALUES (1)");
    const process = new Process(folder.start(["install"], { FIXTURE_MAINTENANCE: "2" }));
    await process.says("maintenance mode until the upgrade has ended");
    await sleep(1500);
    const [reset] = (await sql("SELECT value FROM mdl_config WHERE name = 'scheduledtaskreset'")) as {
      value: string;
    }[];
    expect(Number(reset?.value)).toBeGreaterThan(Date.now() / 1000 - 60);
    expect(process.output).not.toContain("upgrading: ");
    await sql("UPDATE mdl_task_adhoc SET timestarted = NULL");
    expect(await process.end()).toBe(0);
  });

  test.each(["SIGTERM", "SIGQUIT"] as const)("%s does not interrupt it", async (signal) => {
    const process = new Process(folder.start(["install"], { FIXTURE_ENDS: "linger" }));
    await process.says("installing:");
    process.signal(signal);
    expect(await process.end()).toBe(0);
    expect(process.output).toContain(`the database is at ${release}`);
  });

  test("a newer database is refused for good", async () => {
    install();
    await sql("UPDATE mdl_config SET value = '2025041400' WHERE name = 'version'");
    await sql("UPDATE mdl_config SET value = '5.0' WHERE name = 'release'");
    const { status, stderr } = install();
    expect(stderr).toBe(
      `moodle: the database is at 5.0 (2025041400), newer than this code, ${release}: run an image of that version or ` +
        "newer; a database never goes back, except from a backup\n",
    );
    expect(status).toBe(78);
  });

  test("a newer plugin is refused for good", async () => {
    install();
    await sql("UPDATE mdl_config_plugins SET value = '2029010100' WHERE plugin = 'mod_quiz'");
    const { status, stderr } = install();
    expect(stderr).toBe(
      "moodle: the plugin mod_quiz is at 2029010100 in the database, newer than this code's 2024100700: run an image that " +
        "has that version or newer\n",
    );
    expect(status).toBe(78);
  });

  test("a database that does not answer may do so later", async () => {
    const { status, stderr } = install({ MOODLE_DATABASE_PORT: `${await freePort()}` });
    expect(stderr).toMatch(/^moodle: the database moodle on 127\.0\.0\.1 does not answer: /);
    expect(stderr).not.toContain(password);
    expect(status).toBe(1);
  });

  test("a server whose certificate another authority has signed is not talked to", () => {
    const { status, stderr } = install({ MOODLE_DATABASE_CA_FILE: "/etc/ssl/certs/ca-certificates.crt" });
    expect(stderr).toMatch(/does not answer: .*(certificate|SSL)/s);
    expect(status).toBe(1);
  });

  test("pods wait until the database has the version of their code", async () => {
    const process = new Process(folder.start(["wait"]));
    await process.says(`waiting: the database has no version, this code is ${release}`);
    install();
    expect(await process.end()).toBe(0);
    expect(process.output).toContain(`the database is at ${release}`);
    await sql("UPDATE mdl_config SET value = 'older' WHERE name = 'allversionshash'");
    const again = new Process(folder.start(["wait"]));
    await again.says("waiting: the database has 4.5.6");
    again.signal("SIGQUIT");
    expect(await again.end()).not.toBe(0);
  });

  test("which code may serve is what the database is at, before maintenance mode ends", async () => {
    const serving = () => readFileSync(join(folder.directory, "data/code-version"), "utf8");
    install();
    const { hash } = JSON.parse(folder.moodle(["version"]).stdout);
    expect(serving()).toBe(hash);

    await older();
    folder.file("data/code-version", "older");
    const failed = install({ FIXTURE_MAINTENANCE: "2", FIXTURE_ENDS: "die" });
    expect(failed.status).toBe(1);
    expect(serving()).toBe("older");

    const process = new Process(folder.start(["install"], { FIXTURE_MAINTENANCE: "2" }));
    await process.says("upgrading: ");
    while (serving() === "older") await sleep(50);
    // Pods that have not heard yet are still in maintenance mode.
    await sleep(1500);
    expect(inMaintenance()).toBe(true);
    expect(await process.end()).toBe(0);
    expect(inMaintenance()).toBe(false);
    expect(serving()).toBe(hash);
  });

  test("a site that has gone back to a backup is this code's again, by the first pod that waits", async () => {
    install();
    const { hash } = JSON.parse(folder.moodle(["version"]).stdout);
    folder.file("data/code-version", "newer");
    expect(folder.moodle(["wait"]).status).toBe(0);
    expect(readFileSync(join(folder.directory, "data/code-version"), "utf8")).toBe(hash);
  });

  test("health follows the version of the database", async () => {
    install();
    const server = await WebServer.start(folder);
    expect(await server.get("/health")).toMatchObject({ status: 200, body: "ok\n" });
    await sql("UPDATE mdl_config SET value = 'newer' WHERE name = 'allversionshash'");
    expect(await server.get("/health")).toMatchObject({ status: 503, body: "version\n" });
    await server.stop();
  });

  test("metrics tell of the database, of tasks, of files and of replicas", async () => {
    install();
    const now = Math.floor(Date.now() / 1000);
    await sql(`INSERT INTO mdl_user (lastaccess) VALUES (${now}), (${now - 10000})`);
    await sql(
      `INSERT INTO mdl_task_scheduled (lastruntime, faildelay, disabled) VALUES (${now - 100}, 60, 0), (5, 60, 1)`,
    );
    await sql(`INSERT INTO mdl_task_adhoc (nextruntime, timestarted, faildelay, attemptsavailable)
               VALUES (${now - 50}, NULL, 0, NULL), (${now - 20}, NULL, 0, 3), (1, 2, 0, 1),
                      (1, NULL, 9, 0), (${now + 99}, NULL, 9, 2), (${now + 99}, NULL, 9, NULL), (${now + 99}, NULL, 0, 1)`);
    await sql("INSERT INTO mdl_config_plugins (plugin, name, value) VALUES ('tool_objectfs', 'version', '1')");
    await sql("CREATE TABLE mdl_tool_objectfs_reports (id INT)");
    await sql(`CREATE TABLE mdl_tool_objectfs_report_data
               (reportid INT, reporttype VARCHAR(15), datakey VARCHAR(15), objectcount INT, objectsum BIGINT)`);
    await sql("INSERT INTO mdl_tool_objectfs_reports VALUES (1), (2)");
    await sql(`INSERT INTO mdl_tool_objectfs_report_data
               VALUES (1, 'location', '0', 9, 9), (2, 'location', '0', 3, 30), (2, 'location', '2', 4, 40)`);

    const server = await MetricsServer.start(folder, { MOODLE_DATABASE_READERS: "127.0.0.1 127.0.0.2" });
    const lines = await server.scrape();
    const seconds = (name: string) => Number(lines.find((line) => line.startsWith(`${name} `))?.split(" ")[1]);
    expect(seconds("moodle_cron_lag_seconds")).toBeGreaterThanOrEqual(100);
    expect(seconds("moodle_adhoc_tasks_oldest_seconds")).toBeGreaterThanOrEqual(50);
    expect(seconds("moodle_cron_lag_seconds") + seconds("moodle_adhoc_tasks_oldest_seconds")).toBeLessThan(200);
    for (const line of [
      "moodle_up 1",
      "moodle_maintenance 0",
      "moodle_code_version 2024100706",
      "moodle_database_version 2024100706",
      "moodle_active_users 1",
      "moodle_adhoc_tasks_queued 2",
      'moodle_tasks_running{type="adhoc"} 1',
      'moodle_tasks_running{type="scheduled"} 0',
      'moodle_tasks_failing{type="adhoc"} 2',
      'moodle_tasks_failing{type="scheduled"} 1',
      'moodle_objectfs_objects{location="local"} 3',
      'moodle_objectfs_objects{location="external"} 4',
      'moodle_objectfs_bytes{location="external"} 40',
      'moodle_replica_up{host="127.0.0.1"} 1',
      'moodle_replica_up{host="127.0.0.2"} 0',
      'moodle_replica_lag_seconds{host="127.0.0.1"} 0',
    ]) {
      expect(lines).toContain(line);
    }
    const names = lines.flatMap((line) => /^moodle_\w+/.exec(line) ?? []);
    expect(lines.filter((line) => /^# TYPE \S+ gauge$/.test(line))).toHaveLength(new Set(names).size);
    expect((await server.get("/")).status).toBe(404);

    await sql("DELETE FROM mdl_user");
    expect(await server.scrape()).toContain("moodle_active_users 1");
    await server.stop();
  });

  test.each([
    ["away", silence],
    ["silent once they have taken a connection", mute],
  ])("metrics come before Prometheus has stopped waiting, with Redis and all replicas %s", async (_, leave) => {
    install();
    const redis = await freePort();
    const readers = [2, 3, 4, 5, 6].map((number) => `127.0.0.${number}`);
    const away = await leave([`127.0.0.7:${redis}`, ...readers.map((reader) => `${reader}:${database.server.port}`)]);
    const server = await MetricsServer.start(folder, {
      MOODLE_DATABASE_READERS: readers.join(" "),
      MOODLE_REDIS_SESSIONS_HOST: "127.0.0.7",
      MOODLE_REDIS_SESSIONS_PORT: `${redis}`,
      MOODLE_REDIS_CACHE_HOST: "127.0.0.7",
      MOODLE_REDIS_CACHE_PORT: `${redis}`,
    });
    const began = Date.now();
    const lines = await server.scrape();
    expect(Date.now() - began).toBeLessThan(10_000);
    for (const line of [
      "moodle_up 1",
      'moodle_redis_up{use="sessions"} 0',
      'moodle_redis_up{use="cache"} 0',
      'moodle_replica_up{host="127.0.0.2"} 0',
      'moodle_replica_up{host="127.0.0.3"} 0',
    ]) {
      expect(lines).toContain(line);
    }
    await server.stop();
    await away.stop("SIGKILL");
  });
}
