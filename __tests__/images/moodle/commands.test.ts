import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { fpmChildren } from "../../../constructs/workloads/fpm-children";
import { image, MoodleFolder } from "./support/moodle-folder";
import { Process } from "./support/web-server";

const folder = new MoodleFolder();
afterAll(() => folder.remove());

describe.each([
  ["cron", "--keep-alive=600"],
  ["adhoc", "--execute"],
])("moodle %s", (command, option) => {
  test.each(["SIGQUIT", "SIGTERM"] as const)("on %s ends the task that runs, and begins no other", async (signal) => {
    const process = new Process(folder.start([command]));
    await process.says("began");
    process.signal(signal);
    expect(await process.end()).toBe(0);
    expect(process.output.match(/began/g)).toHaveLength(1);
    expect(process.output).toContain("ended");
    expect(process.output).toContain(option);
  });
});

test("cron leaves ad-hoc tasks to workers of their own where there are some", async () => {
  for (const [workers, tasks] of [
    ["separate", "scheduled"],
    ["", "all"],
  ] as const) {
    const process = new Process(folder.start(["cron"], { MOODLE_ADHOC_WORKERS: workers }));
    await process.says(`tasks=${tasks}`);
    process.signal("SIGTERM");
    await process.end();
  }
});

test("cron --once runs what is due one time, and ends as it ended", () => {
  const done = folder.moodle(["cron", "--once"], { FIXTURE_SECONDS: "1", MOODLE_CRON_KEEP_ALIVE: "0" });
  expect([done.status, done.stdout.match(/began/g)]).toEqual([0, ["began"]]);
  expect(done.stdout).toContain('["--keep-alive=0"]');
  const failed = folder.moodle(["cron", "--once"], { FIXTURE_SECONDS: "1", FIXTURE_STATUS: "3" });
  expect([failed.status, failed.stdout.match(/began/g)]).toEqual([3, ["began"]]);
});

test("the keep-alive time is the environment's", async () => {
  const cron = new Process(folder.start(["cron"], { MOODLE_CRON_KEEP_ALIVE: "77" }));
  await cron.says('["--keep-alive=77"]');
  const adhoc = new Process(folder.start(["adhoc"], { MOODLE_ADHOC_KEEP_ALIVE: "88" }));
  await adhoc.says('["--execute","--keep-alive=88"]');
  for (const process of [cron, adhoc]) {
    process.signal("SIGTERM");
    await process.end();
  }
});

test("the version is the code's, and needs no configuration", () => {
  const { PATH, MOODLE_SOURCE_DIR } = folder.environment as { PATH: string; MOODLE_SOURCE_DIR: string };
  const { stdout } = spawnSync(join(image, "bin/moodle"), ["version"], {
    env: { PATH, MOODLE_SOURCE_DIR },
    encoding: "utf8",
  });
  expect(JSON.parse(stdout)).toEqual({
    version: 2024100706,
    release: "4.5.6 (Build: fixture)",
    hash: expect.stringMatching(/^[0-9a-f]{40}$/),
    plugins: { mod_quiz: 2024100700 },
  });
});

test("the version of no code is refused", () => {
  expect(folder.moodle(["version"], { MOODLE_SOURCE_DIR: "/nonexistent" })).toMatchObject({
    status: 78,
    stderr: "moodle: there is no Moodle in /nonexistent: set MOODLE_SOURCE_DIR to the folder of its code\n",
  });
});

test("an unknown command is refused, and help names those that exist", () => {
  const { status, stderr } = folder.moodle(["serve"]);
  expect(status).toBe(64);
  expect(stderr).toMatch(/^moodle: unknown command "serve": use nginx, php-fpm, cron, adhoc, install, wait, metrics/);
  expect(folder.moodle(["help"]).stdout).toContain("install | wait | metrics");
});

test.each(["php-fpm", "cron", "install", "wait"])("moodle %s says what is wrong with its environment", (command) => {
  const { status, stderr } = folder.moodle([command], { MOODLE_DATABASE_TYPE: "oracle" });
  expect(stderr).toBe(
    'moodle: MOODLE_DATABASE_TYPE is "oracle": set it to one of pgsql, mysqli, mariadb, auroramysql\n',
  );
  expect(status).toBe(78);
});

describe("children of PHP-FPM", () => {
  const children = (environment: Record<string, string>) =>
    spawnSync(join(image, "bin/fpm-children"), { env: { PATH: process.env.PATH, ...environment }, encoding: "utf8" });

  test("are as many as the sizing of a site reckons with", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 50, max: 64_000 }),
        fc.integer({ min: 128, max: 262_144 }),
        (milliCpu, memoryMb) => {
          const { stdout } = children({
            MOODLE_FPM_CPU_MILLICORES: `${milliCpu}`,
            MOODLE_FPM_MEMORY_MB: `${memoryMb}`,
          });
          expect(Number(stdout)).toBe(fpmChildren({ cpu: milliCpu / 1000, memoryMb }));
        },
      ),
      {
        numRuns: 60,
        examples: [
          [1900, 2944],
          [250, 512],
          [1000, 255],
          [2000, 1856],
        ],
      },
    );
  });

  test("may be a number of one's own", () => {
    expect(children({ MOODLE_FPM_CHILDREN: "7", MOODLE_FPM_CPU_MILLICORES: "64000" }).stdout).toBe("7\n");
  });

  test("need to know what there is", () => {
    const { status, stderr } = children({ MOODLE_FPM_MEMORY_MB: "1024" });
    expect(status).not.toBe(0);
    expect(stderr).toContain("MOODLE_FPM_CPU_MILLICORES: set it, or MOODLE_FPM_CHILDREN");
  });
});

test("every PHP file of the image is PHP", () => {
  const files = readdirSync(image, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".php"));
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) {
    const { stdout } = spawnSync("php", ["-l", join(image, file)], { encoding: "utf8" });
    expect(stdout).toMatch(/^No syntax errors detected/);
  }
});

test("files of the image that are started can be", () => {
  for (const file of readdirSync(join(image, "bin"))) {
    const path = join(image, "bin", file);
    expect(statSync(path).mode & 0o111).toBe(0o111);
    expect(readFileSync(path, "utf8")).toMatch(/^#!\/bin\/(ba)?sh\n/);
  }
});
