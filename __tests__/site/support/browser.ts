import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { Visitor } from "../../../scripts/site/bench/visitor";
import { ROOT, type TestSite } from "./sites";

const CHROMIUM = "/usr/bin/chromium";

/** Why there is no browser, or undefined where there is one. */
export function missingBrowser(): string | undefined {
  return existsSync(CHROMIUM) ? undefined : "chromium is not installed";
}

/** A browser with one page, which keeps what went wrong in it. */
export class Browser {
  /** Faults of scripts, and answers of 500 and more. */
  readonly faults: string[] = [];
  private count = 0;

  private constructor(
    private readonly profile: string,
    private readonly context: BrowserContext,
    readonly page: Page,
    private readonly screenshots: string,
  ) {
    page.on("pageerror", (error) => this.faults.push(`${page.url()}: ${error.stack ?? error.message}`));
    page.on("response", (response) => {
      if (response.status() >= 500) this.faults.push(`${response.url()} answers ${response.status()}`);
    });
  }

  static async start(site: TestSite): Promise<Browser> {
    // Moodle says in the first answer, and garbles it by that, which of MOODLE_SRC's own plugins have scripts that are no
    // modules; from then on it answers from its cache.
    const visitor = new Visitor(site);
    const [scripts] = /[^"']*\/requirejs\.php\/\d+\//.exec(await visitor.text("/login/index.php")) ?? [];
    await visitor.fetch(`${scripts}core/first.js`);
    const profile = mkdtempSync(join(tmpdir(), "chromium-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      headless: true,
      chromiumSandbox: false,
      baseURL: site.url,
      viewport: { width: 1280, height: 900 },
      args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"],
    });
    const screenshots = join(ROOT, "build/screenshots", site.database);
    rmSync(screenshots, { recursive: true, force: true });
    mkdirSync(screenshots, { recursive: true });
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(60_000);
    return new Browser(profile, context, page, screenshots);
  }

  /** Opens a page and waits until its scripts have settled. */
  async open(path: string): Promise<void> {
    await this.page.goto(path);
    await this.page.waitForLoadState("networkidle");
  }

  /**
   * Clicks until something appears: a script that is still on its way does not hear the first click. Each time with twice
   * the patience, as a click that was heard makes a slow machine begin anew.
   */
  async clickUntil(target: string, appears: string): Promise<void> {
    const appeared = (timeout: number) =>
      this.page.waitForSelector(appears, { timeout }).then(
        () => true,
        () => false,
      );
    await this.page.click(target);
    for (let patience = 5000; !(await appeared(patience)); patience *= 2)
      await this.page.click(target, { timeout: 5000 }).catch(() => {});
  }

  /** Into build/screenshots/<database>, numbered. */
  async screenshot(name: string): Promise<void> {
    const number = String(++this.count).padStart(2, "0");
    await this.page.screenshot({ path: join(this.screenshots, `${number}-${name}.png`), fullPage: true });
  }

  async stop(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}
