/** `moodle install`: what a Job in the cluster runs, and what happens to it there. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Installer } from "./support/installer";
import { describeSites, type Outcome } from "./support/sites";

/** Milliseconds: an installation takes minutes. */
const LIMIT = 900_000;

/** Throws what a run has said that did not end well. */
function expectSuccess(...outcomes: Outcome[]): void {
  for (const { code, output } of outcomes)
    if (code !== 0) throw new Error(`moodle install ended with ${code}:\n${output}`);
}

describeSites("moodle install", (site) => {
  let installer: Installer;

  beforeAll(async () => {
    installer = await Installer.start(site);
  });
  afterAll(() => installer?.stop());

  test(
    "begins anew after it was killed in the middle, while a second one waits",
    async () => {
      const killed = installer.begin();
      while ((await installer.tables()) < 200) {
        await sleep(200);
        if (killed.hasEnded) throw new Error(`it ended before it could be killed:\n${killed.output}`);
      }
      await killed.kill();

      const [first, second] = await Promise.all([installer.run(), installer.run()]);
      expectSuccess(first, second);
      const waited = [first, second].filter(({ output }) => output.includes("another installation or upgrade"));
      expect(waited).toHaveLength(1);
      expect(waited[0]?.output).toMatch(/the database is at .* already/);
      expect(await installer.tables()).toBeGreaterThan(400);
    },
    LIMIT,
  );

  test(
    "does nothing to a database that is up to date",
    async () => {
      const version = await installer.version();
      const { code, output } = await installer.run();
      expect([code, output]).toEqual([0, expect.stringMatching(/^moodle: the database is at .* already$/m)]);
      expect(await installer.version()).toBe(version);
    },
    LIMIT,
  );

  test(
    "upgrades, once, also where it was killed; and never goes back",
    async () => {
      const before = Number(await installer.version());
      const newer = installer.codeWithVersion((version) => (Number(version) + 0.01).toFixed(2));
      const killed = installer.begin(newer);
      while (!killed.output.includes("upgrading")) await sleep(50);
      await sleep(1000);
      await killed.kill();

      const [first, second] = await Promise.all([installer.run(newer), installer.run(newer)]);
      expectSuccess(first, second);
      expect(Number(await installer.version())).toBeCloseTo(before + 0.01, 2);

      const older = await installer.run();
      expect([older.code, older.output]).toEqual([78, expect.stringContaining("newer than this code")]);
      expect(Number(await installer.version())).toBeCloseTo(before + 0.01, 2);
    },
    LIMIT,
  );

  test("shows no password", async () => {
    const { output } = await installer.run(join(site.path("code")));
    expect(output).not.toContain("it's $HOME");
    expect(output).not.toContain("an-administrator's-password");
    expect(existsSync(site.path("data/climaintenance.html"))).toBe(false);
  });
});
