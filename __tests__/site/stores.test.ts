/** Where sessions and caches are kept. */
import { existsSync, readdirSync } from "node:fs";
import { Visitor } from "../../scripts/site/bench/visitor";
import { type Course, makeCourse } from "./support/course";
import { describeSites } from "./support/sites";

describeSites("stores", (site) => {
  let course: Course;
  let student: Visitor;

  beforeAll(async () => {
    course = await makeCourse(site, `STORES-${Date.now()}`, 1000);
    student = await new Visitor(site).login(course.username, course.password);
  });

  it("keep sessions in their own Redis, and nowhere else", async () => {
    const id = student.cookies.get("MoodleSession") ?? "";
    expect(id).not.toBe("");
    const keys = site.redis("redis-sessions", "--scan", "--pattern", "moodle:session:*");
    expect(keys.filter((key) => key.includes(id))).not.toEqual([]);
    expect(site.redis("redis-cache", "--scan", "--pattern", `*${id}*`)).toEqual([]);
    const [{ count }] = (await site.query<{ count: string | number }>(
      "SELECT COUNT(*) AS count FROM mdl_sessions WHERE sessdata IS NOT NULL",
    )) as [{ count: string | number }];
    expect(Number(count)).toBe(0);
    const files = site.path("data/sessions");
    expect(existsSync(files) ? readdirSync(files) : []).toEqual([]);
  });

  it("forget a session at logout", async () => {
    const visitor = await new Visitor(site).login(course.username, course.password);
    const id = visitor.cookies.get("MoodleSession") ?? "";
    const sesskey = /"sesskey":"(\w+)"/.exec(await visitor.text("/my/"))?.[1];
    await visitor.text(`/login/logout.php?sesskey=${sesskey}`);
    expect(site.redis("redis-sessions", "--scan", "--pattern", `*${id}*`)).toEqual([]);
  });

  it("keep application caches in the other Redis, and not on the shared folder", async () => {
    await student.text(course.course);
    const keys = site.redis("redis-cache", "--scan", "--pattern", "moodle:*");
    expect(keys.length).toBeGreaterThan(10);
    const [{ version }] = (await site.query<{ version: string }>(
      "SELECT value AS version FROM mdl_config WHERE name = 'allversionshash'",
    )) as [{ version: string }];
    for (const key of keys) expect(key.startsWith(`moodle:cache:${version.slice(0, 12)}:`)).toBe(true);
    expect(site.redis("redis-sessions", "--scan", "--pattern", "moodle:cache:*")).toEqual([]);
    for (const folder of ["cache/cachestore_file", "muc/config.php"])
      expect([folder, existsSync(site.path("data", folder))]).toEqual([folder, false]);
  });

  it("keep connections to Redis, and make those anew that it has ended", async () => {
    const servers = ["redis-sessions", "redis-cache"] as const;
    const connections = () =>
      servers.map((server) =>
        Number(/total_connections_received:(\d+)/.exec(site.redis(server, "INFO").join("\n"))?.[1]),
      );
    const many = async () => {
      const answers = await Promise.all(Array.from({ length: 60 }, () => fetch(`${site.url}/login/index.php`)));
      return answers.map(({ status }) => status);
    };
    await many();
    const before = connections();
    await many();
    // Cron and metrics make some meanwhile.
    for (const [index, count] of connections().entries()) expect(count - (before[index] ?? 0)).toBeLessThan(30);
    for (const server of servers) site.redis(server, "CLIENT", "KILL", "TYPE", "normal");
    expect(await many()).toEqual(Array(60).fill(200));
  });

  it("keep a language's strings as code, and show them as the shared folder has them now", async () => {
    const labels = async () =>
      (await (await fetch(`${site.url}/login/index.php`)).text()).match(/placeholder="[^"]*"/g);
    const file = "data/lang/en_local/moodle.php";
    for (const word of ["First", "Second"]) {
      site.put(file, `<?php $string["username"] = "${word} name";`);
      // What is new opcache would leave out by itself.
      await site.exec("touch", "--date", "1 minute ago", site.path(file));
      await site.exec("moodle", "php", "admin/cli/purge_caches.php", "--lang");
      expect(await labels()).toContain(`placeholder="${word} name"`);
    }
    await site.exec("rm", "--recursive", site.path("data/lang/en_local"));
    await site.exec("moodle", "php", "admin/cli/purge_caches.php", "--lang");
    expect(await labels()).toContain('placeholder="Username"');
    const files = await site.exec(
      "grep",
      "--files-with-matches",
      "--recursive",
      "Second name",
      site.path("local/arrays"),
    );
    expect(files.trim().split("\n")).toHaveLength(1);
  });

  it("serve a page as fast as it comes when the caches are thrown away", async () => {
    site.redis("redis-cache", "FLUSHALL");
    expect(await student.text(course.course)).toContain("Assignment 1");
  });
});
