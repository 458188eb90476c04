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
    expect(site.redis("redis-sessions", "--scan", "--pattern", "moodle:cache:*")).toEqual([]);
    for (const folder of ["cache/cachestore_file", "muc/config.php"])
      expect([folder, existsSync(site.path("data", folder))]).toEqual([folder, false]);
  });

  it("serve a page as fast as it comes when the caches are thrown away", async () => {
    site.redis("redis-cache", "FLUSHALL");
    expect(await student.text(course.course)).toContain("Assignment 1");
  });
});
