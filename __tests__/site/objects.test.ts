/** Files in the object store, through ObjectFS. */
import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Visitor } from "../../scripts/site/bench/visitor";
import { type Course, makeCourse } from "./support/course";
import { describeSites, missingObjectStore } from "./support/sites";

describeSites(
  "objects",
  (site) => {
    let course: Course;
    const folders = (hash: string) => [hash.slice(0, 2), hash.slice(2, 4), hash];
    const local = () => site.path("data/filedir", ...folders(course.contentHash));
    const remote = () => site.path("objects/moodle", ...folders(course.contentHash));

    beforeAll(async () => {
      course = await makeCourse(site, `OBJECTS-${Date.now()}`, 3_000_000);
    });

    it("get there by cron", async () => {
      expect(existsSync(local())).toBe(true);
      await site.query("UPDATE mdl_task_scheduled SET nextruntime = 0 WHERE classname LIKE '%push_objects_to_storage'");
      for (let tries = 0; !existsSync(remote()); tries++) {
        if (tries > 180) throw new Error("the file is not in the bucket after three minutes");
        await sleep(1000);
      }
    });

    it("are served from there when they are no longer here", async () => {
      rmSync(local());
      const student = await new Visitor(site).login(course.username, course.password);
      const response = await student.fetch(course.file);
      expect(response.status).toBe(200);
      const content = Buffer.from(await response.arrayBuffer());
      expect(createHash("sha1").update(content).digest("hex")).toBe(course.contentHash);
    });

    it("are never deleted from the bucket by Moodle", async () => {
      const settings = await site.exec(
        "moodle",
        "php",
        "admin/cli/cfg.php",
        "--component=tool_objectfs",
        "--name=deleteexternal",
      );
      expect(settings.trim()).toBe("0");
    });
  },
  missingObjectStore,
);
