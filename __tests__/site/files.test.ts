/** Files as students get them: by PHP's say and nginx's hands. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Visitor } from "../../scripts/site/bench/visitor";
import { type Course, makeCourse } from "./support/course";
import { describeSites } from "./support/sites";

/** More than sockets and nginx's buffers hold. */
const SIZE = 60 * 2 ** 20;

describeSites("files", (site) => {
  let course: Course;
  let student: Visitor;

  beforeAll(async () => {
    course = await makeCourse(site, `FILES-${Date.now()}`, SIZE);
    student = await new Visitor(site).login(course.username, course.password);
  });

  const hash = (content: Uint8Array) => createHash("sha1").update(content).digest("hex");

  it("are served by slash arguments, whole", async () => {
    const response = await student.fetch(course.file);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(String(SIZE));
    expect(response.headers.get("content-disposition")).toContain('filename="lecture notes.bin"');
    expect(hash(new Uint8Array(await response.arrayBuffer()))).toBe(course.contentHash);
  });

  it("are served by ranges", async () => {
    const range = (bytes: string) => student.fetch(course.file, { headers: { range: `bytes=${bytes}` } });
    const middle = await range("1000-1999");
    expect(middle.status).toBe(206);
    expect(middle.headers.get("content-range")).toBe(`bytes 1000-1999/${SIZE}`);
    expect(Buffer.from(await middle.arrayBuffer())).toEqual(course.content.subarray(1000, 2000));
    expect(Buffer.from(await (await range("-10")).arrayBuffer())).toEqual(course.content.subarray(-10));
    expect((await range(`${SIZE}-`)).status).toBe(416);
  });

  it("are not sent again to who has them", async () => {
    const first = await student.fetch(course.file, { headers: { range: "bytes=0-0" } });
    const etag = first.headers.get("etag") ?? "";
    expect(etag).not.toBe("");
    const again = await student.fetch(course.file, { headers: { "if-none-match": etag } });
    expect(again.status).toBe(304);
  });

  it("do in a browser what Moodle lets them, whether PHP or nginx sends them", async () => {
    const script = site.put(
      "tmp/folder.php",
      `<?php define("CLI_SCRIPT", true); require getcwd() . "/config.php";
      require_once "$CFG->libdir/testing/generator/lib.php";
      require_once "$CFG->libdir/filelib.php";
      \\core\\session\\manager::set_user(get_admin());
      $folder = (new testing_data_generator())->create_module("folder", ["course" => $argv[1], "forcedownload" => 0]);
      $context = context_module::instance($folder->cmid);
      get_file_storage()->create_file_from_string([
        "contextid" => $context->id, "component" => "mod_folder", "filearea" => "content", "itemid" => 0,
        "filepath" => "/", "filename" => "page.html",
      ], "<script>alert(1)</script>");
      $user = $DB->get_record("user", ["username" => $argv[2]]);
      echo json_encode(["path" => "$context->id/mod_folder/content/0/page.html", "key" => get_user_key("core_files", $user->id)]);`,
    );
    const id = new URL(course.course, site.url).searchParams.get("id") ?? "";
    const output = await site.exec("moodle", "php", script, id, course.username);
    const { path, key } = JSON.parse(output.trim().split("\n").at(-1) ?? "") as { path: string; key: string };
    const page = await student.fetch(`/pluginfile.php/${path}`);
    expect(await page.text()).toContain("<script>");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    const elsewhere = await fetch(`${site.url}/tokenpluginfile.php/${key}/${path}`);
    expect(elsewhere.status).toBe(200);
    expect(elsewhere.headers.get("access-control-allow-origin")).toBe("*");
    expect(elsewhere.headers.get("access-control-expose-headers")).toBe("Content-Range");
  });

  it("are refused to who is not in the course", async () => {
    const stranger = await new Visitor(site).fetch(course.file);
    expect(new URL(stranger.url).pathname).not.toBe(new URL(course.file, site.url).pathname);
    expect(stranger.headers.get("content-type")).toContain("text/html");
  });

  it("leave PHP free while they are on their way", async () => {
    const slow = await new Promise<import("node:http").IncomingMessage>((done, failed) => {
      request(new URL(course.file, site.url), { headers: { cookie: student.cookie } }, done)
        .on("error", failed)
        .end();
    });
    try {
      expect(slow.headers["content-length"]).toBe(String(SIZE));
      slow.pause();
      await sleep(2000);
      const metrics = await (await fetch(`http://127.0.0.1:${site.ports.internal}/metrics/php-fpm`)).text();
      const active = /^phpfpm_active_processes(?:\{[^}]*\})? (\d+)/m.exec(metrics);
      expect(active?.[1]).toBe("0");
      expect(slow.complete).toBe(false);
      // Nor has nginx taken a copy of what PHP said: PHP handed the file over by name.
      const copies = await site.exec("find", site.path("tmp"), site.path("run"), "-type", "f", "-size", "+1M");
      expect(copies).toBe("");
    } finally {
      slow.destroy();
    }
  });

  it("are refused, in half a minute, to who has left the course", async () => {
    const script = `define("CLI_SCRIPT", true); require "config.php";
      $user = $DB->get_record("user", ["username" => "${course.username}"]);
      foreach ($DB->get_records("user_enrolments", ["userid" => $user->id]) as $enrolment) {
        $instance = $DB->get_record("enrol", ["id" => $enrolment->enrolid]);
        enrol_get_plugin($instance->enrol)->unenrol_user($instance, $user->id);
      }`;
    const part = await student.fetch(course.file, { headers: { range: "bytes=0-9" } });
    expect(part.status).toBe(206);
    await site.exec("moodle", "php", "-r", script);
    await sleep(31_000);
    const refused = await student.fetch(course.file);
    expect(refused.headers.get("content-type")).toContain("text/html");
  });

  it("lie outside of what the web server serves by itself", async () => {
    const { contentHash } = course;
    const inside = `/dataroot/filedir/${contentHash.slice(0, 2)}/${contentHash.slice(2, 4)}/${contentHash}`;
    expect(existsSync(site.path("data", inside.slice("/dataroot".length)))).toBe(true);
    for (const path of [
      inside,
      `/../data${inside.slice("/dataroot".length)}`,
      "/dataroot/",
      "/dataroot/../secrets/database/password",
    ]) {
      expect([path, (await fetch(site.url + path)).status]).toEqual([path, 404]);
    }
  });
});
