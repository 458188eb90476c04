/** What CloudFront may keep, where it stands before a site: the same for everybody, and called public by Moodle itself. */
import { readdirSync } from "node:fs";
import { PUBLIC_PATHS } from "../../constructs/aws/cloudfront-distribution";
import { Visitor } from "../../scripts/site/bench/visitor";
import { makeCourse } from "./support/course";
import { describeSites } from "./support/sites";

type Script = (typeof PUBLIC_PATHS)[number];

/** Revisions that Moodle changes when what they stand for changes, as its pages name them. */
interface Revisions {
  readonly theme: string;
  readonly styles: string;
  readonly scripts: string;
}

describeSites("public files", (site) => {
  let student: Visitor;
  let revisions: Revisions;
  const stranger = new Visitor(site);

  beforeAll(async () => {
    const course = await makeCourse(site, `PUBLIC-${Date.now()}`, 1);
    student = await new Visitor(site).login(course.username, course.password);
    const page = await stranger.text("/login/index.php");
    const found = (pattern: RegExp) => pattern.exec(page)?.[1] ?? "";
    const styles = found(/theme\/styles\.php\/\w+\/(\d+_\d+)\//);
    revisions = { styles, theme: styles.split("_")[0] ?? "", scripts: found(/lib\/javascript\.php\/(\d+)\//) };
    for (const revision of Object.values(revisions)) expect(revision).toMatch(/^\d{10}/);
  });

  /** The first of Moodle's files in a folder whose path in it matches. */
  const inCode = (folder: string, pattern: RegExp) =>
    readdirSync(site.path("code", folder), { recursive: true, encoding: "utf8" }).find((path) => pattern.test(path)) ??
    "";

  const examples: Record<Script, (revisions: Revisions) => string> = {
    "/theme/styles.php*": ({ styles }) => `/boost/${styles}/all`,
    "/theme/image.php*": ({ theme }) => `/boost/core/${theme}/help`,
    "/theme/font.php*": ({ theme }) => `/boost/core/${theme}/fa-solid-900.woff2`,
    "/theme/javascript.php*": ({ theme }) => `/boost/${theme}/footer`,
    "/theme/jquery.php*": () => `/core/${inCode("lib/jquery", /^jquery-[\d.]+\.min\.js$/)}`,
    "/theme/yui_combo.php*": () => `?${inCode("lib/yuilib", /^3[\d.]+\/yui-base\/yui-base-min\.js$/)}`,
    "/theme/yui_image.php*": () => `/gallery/1/${inCode("lib/yuilib/gallery", /\.png$/)}`,
    "/lib/javascript.php*": ({ scripts }) => `/${scripts}/lib/javascript-static.js`,
    "/lib/requirejs.php*": ({ scripts }) => `/${scripts}/core/first.js`,
    "/lib/editor/tiny/loader.php*": ({ scripts }) => `/${scripts}/tinymce.js`,
    "/lib/editor/tiny/lang.php*": ({ scripts }) => `/${scripts}/en`,
    "/media/player/videojs/ogvloader.php*": ({ scripts }) =>
      `/${scripts}/${inCode("media/player/videojs/ogvjs", /^[\w-]+\.js$/)}`,
  };

  const get = async (visitor: Visitor, path: string) => {
    const { status, headers } = await fetch(site.url + path, { headers: { cookie: visitor.cookie } });
    return { status, cookies: headers.getSetCookie(), cacheControl: headers.get("cache-control") ?? "" };
  };

  it.each(PUBLIC_PATHS)("%s answers a student and a stranger alike, without a cookie", async (script) => {
    const path = script.replace("*", "") + examples[script](revisions);
    for (const visitor of [student, stranger, new Visitor(site)])
      expect(await get(visitor, path)).toMatchObject({
        status: 200,
        cookies: [],
        cacheControl: expect.stringMatching(/^public, max-age=\d{6,}/),
      });
    const bodies = await Promise.all(
      [student, stranger].map(async (visitor) => (await visitor.fetch(path)).arrayBuffer()),
    );
    expect(Buffer.from(bodies[0] ?? new ArrayBuffer())).toEqual(Buffer.from(bodies[1] ?? new ArrayBuffer()));
  });

  it.each(PUBLIC_PATHS.filter((script) => examples[script]({ theme: "", styles: "", scripts: "" }).includes("//")))(
    "%s calls nothing public that has no revision",
    async (script) => {
      const path = script.replace("*", "") + examples[script]({ theme: "-1", styles: "-1", scripts: "-1" });
      const { status, cacheControl } = await get(stranger, path);
      expect(status).toBe(200);
      expect(cacheControl).not.toContain("public");
    },
  );

  it("pages are not public either by a path that CloudFront takes for one of these scripts", async () => {
    // nginx reads an encoded slash as a slash, CloudFront does not.
    for (const page of ["my%2f", "login%2findex.php", "pluginfile.php%2f1%2fcore_admin%2flogo%2f1%2fx.png"]) {
      const { status, cacheControl } = await get(new Visitor(site), `/theme/styles.php/..%2f..%2f${page}`);
      expect(status).toBeGreaterThanOrEqual(200);
      expect(cacheControl).not.toContain("public");
    }
  });

  it("pages are not public, whoever asks", async () => {
    for (const visitor of [student, stranger])
      for (const path of ["/", "/my/", "/login/index.php", "/course/"])
        expect((await visitor.fetch(path)).headers.get("cache-control") ?? "").not.toContain("public");
  });
});
