/** What teachers and administrators do, in a browser. Screenshots are kept in build/screenshots. */
import { Browser, missingBrowser } from "./support/browser";
import { describeSites } from "./support/sites";

describeSites(
  "in a browser",
  (site) => {
    let browser: Browser;
    let course: string;

    beforeAll(async () => {
      // Tours for new users lie above what the tests click.
      await site.query("UPDATE mdl_tool_usertours_tours SET enabled = 0");
      await site.exec("moodle", "php", "admin/cli/purge_caches.php", "--muc");
      browser = await Browser.start(site);
    });
    afterAll(() => browser?.stop());
    afterEach(() => {
      expect(browser.faults.splice(0)).toEqual([]);
    });

    it("an administrator logs in", async () => {
      const { page } = browser;
      await browser.open("/login/index.php");
      await browser.screenshot("login");
      await page.fill("#username", "admin");
      await page.fill("#password", site.secret("administrator/adminPassword"));
      await page.click("#loginbtn");
      await page.waitForSelector("#user-menu-toggle");
      await browser.open("/my/");
      await browser.screenshot("dashboard");
    });

    it("creates a course", async () => {
      const { page } = browser;
      const name = `Botany ${Date.now()}`;
      await browser.open("/course/edit.php?category=1");
      await page.fill("#id_fullname", name);
      await page.fill("#id_shortname", name);
      await browser.screenshot("new-course");
      await page.click("#id_saveandreturn, #id_saveanddisplay");
      await browser.open(`/course/search.php?q=${encodeURIComponent(name)}`);
      await page.click(`a.aalink:has-text("${name}")`);
      await page.waitForURL(/\/course\/view\.php\?id=\d+/);
      course = new URL(page.url()).searchParams.get("id") ?? "";
      expect(await page.textContent("h1")).toContain(name);
    });

    it("uploads a file to it", async () => {
      const { page } = browser;
      await browser.open(`/course/modedit.php?add=resource&course=${course}&section=1&return=0`);
      await page.fill("#id_name", "Reading list");
      const upload = '.fp-repo-name:has-text("Upload a file")';
      await browser.clickUntil(".filemanager.fm-loaded:not(.fm-updating) .fp-btn-add a", upload);
      await browser.clickUntil(upload, 'input[name="repo_upload_file"]');
      await page.setInputFiles('input[name="repo_upload_file"]', {
        name: "reading list – ümläut.txt",
        mimeType: "text/plain",
        buffer: Buffer.from("On the Origin of Species\n"),
      });
      await page.click(".fp-upload-btn");
      await page.waitForSelector(".fp-filename:has-text('reading list')");
      await browser.screenshot("upload");
      await page.click("#id_submitbutton2");
      await page.waitForURL(/\/course\/view\.php/);
      await page.waitForSelector("text=Reading list");
      await browser.screenshot("course");
    });

    it("reads it back", async () => {
      const { page } = browser;
      const link = await page.getAttribute('a.aalink:has-text("Reading list")', "href");
      const response = await page.request.get(`${link}&redirect=1`);
      expect(response.url()).toContain("/pluginfile.php/");
      expect(await response.text()).toBe("On the Origin of Species\n");
    });

    it.each([
      ["notifications", "/admin/index.php"],
      ["environment", "/admin/environment.php"],
      ["status", "/report/status/index.php"],
      ["caches", "/cache/admin.php"],
      ["scheduled-tasks", "/admin/tool/task/scheduledtasks.php"],
      ["plugins", "/admin/plugins.php"],
      ["http-security", "/admin/settings.php?section=httpsecurity"],
    ])("sees the administrator's page of %s", async (name, path) => {
      await browser.open(path);
      await browser.screenshot(name);
      expect(await browser.page.textContent("body")).not.toMatch(/Exception|Coding error detected|errorcode/);
    });

    it("a student with a telephone sees the page of login", async () => {
      await browser.page.setViewportSize({ width: 390, height: 844 });
      await browser.page.context().clearCookies();
      await browser.open("/login/index.php");
      await browser.screenshot("login-on-a-telephone");
      expect(await browser.page.isVisible("#loginbtn")).toBe(true);
    });

    it("everyone sees the page of maintenance", async () => {
      await site.exec("moodle", "php", "admin/cli/maintenance.php", "--enable");
      try {
        const response = await browser.page.goto("/");
        expect(response?.status()).toBe(503);
        await browser.screenshot("maintenance");
        browser.faults.length = 0;
      } finally {
        await site.exec("moodle", "php", "admin/cli/maintenance.php", "--disable");
      }
    });
  },
  missingBrowser,
);
