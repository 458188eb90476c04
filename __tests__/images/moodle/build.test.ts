import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { image } from "./support/moodle-folder";

const directory = mkdtempSync(join(tmpdir(), "moodle-build-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Entry {
  readonly name: string;
  readonly path?: string;
  readonly repository: string;
  commit: string | null;
  sha256: string | null;
}

/** A repository with one file, and how the lock names it. */
function repository(name: string, file: string, path?: string): Entry {
  const folder = join(directory, name);
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), name);
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], {
      cwd: folder,
      encoding: "utf8",
    }).trim();
  const sha256 = execFileSync(join(image, "build/tree-sha256"), [folder], { encoding: "utf8" }).trim();
  git("init", "--quiet");
  git("add", ".");
  git("commit", "--quiet", "--message", "files");
  return { name, path, repository: `file://${folder}`, commit: git("rev-parse", "HEAD"), sha256 };
}

const core = repository("moodle-4.5", "version.php");
const later = repository("moodle-5.1", "public/version.php");
const objectfs = repository("tool_objectfs", "lib.php", "admin/tool/objectfs");
const redis = repository("redis", "config.m4");

let count = 0;
function build(lock: { core: Entry; plugins: Entry[]; extensions: Entry[] }): {
  folder: string;
  status: number | null;
  stderr: string;
} {
  const folder = join(directory, `build-${count++}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "lock.json"), JSON.stringify(lock));
  return {
    folder,
    ...spawnSync(join(image, "build/sources"), [join(folder, "lock.json"), folder], { encoding: "utf8" }),
  };
}

describe("the build", () => {
  test("puts Moodle, its plugins and PHP's extensions in their places, without Git's own files", () => {
    const { folder, status, stderr } = build({ core, plugins: [objectfs], extensions: [redis] });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(readFileSync(join(folder, "moodle/version.php"), "utf8")).toBe("moodle-4.5");
    expect(readFileSync(join(folder, "moodle/admin/tool/objectfs/lib.php"), "utf8")).toBe("tool_objectfs");
    expect(readFileSync(join(folder, "extensions/redis/config.m4"), "utf8")).toBe("redis");
    for (const path of ["moodle", "moodle/admin/tool/objectfs", "extensions/redis"]) {
      expect(existsSync(join(folder, path, ".git"))).toBe(false);
    }
  });

  test("puts plugins in public/ from 5.1 on", () => {
    const { folder } = build({ core: later, plugins: [objectfs], extensions: [] });
    expect(existsSync(join(folder, "moodle/public/admin/tool/objectfs/lib.php"))).toBe(true);
  });

  test.each(["commit", "sha256"] as const)("refuses an entry without %s", (field) => {
    for (const lock of [
      { core: { ...core, [field]: null }, plugins: [], extensions: [] },
      { core, plugins: [{ ...objectfs, [field]: null }], extensions: [] },
      { core, plugins: [], extensions: [{ ...redis, [field]: null }] },
    ]) {
      const { status, stderr } = build(lock);
      expect(stderr).toMatch(
        /^(moodle-4.5|tool_objectfs|redis) has no commit or no sha256 in .*: run npm run images:lock/,
      );
      expect(status).not.toBe(0);
    }
  });

  test("refuses files that are not the locked ones", () => {
    const { status, stderr } = build({ core, plugins: [{ ...objectfs, sha256: redis.sha256 }], extensions: [] });
    expect(stderr).toBe(
      `tool_objectfs: its files have the SHA-256 ${objectfs.sha256}, and not ${redis.sha256} as in ${stderr.split(" as in ")[1]}`,
    );
    expect(status).not.toBe(0);
  });

  test("refuses a commit that the repository lacks", () => {
    expect(build({ core: { ...core, commit: "0".repeat(40) }, plugins: [], extensions: [] }).status).not.toBe(0);
  });
});

describe("the Dockerfile", () => {
  const dockerfile = readFileSync(join(image, "Dockerfile"), "utf8");

  test("takes every folder that commands need", () => {
    const copied = [...dockerfile.matchAll(/^COPY images\/moodle\/(\w+) \/usr\/local\/lib\/moodle\/(\w+)$/gm)];
    for (const [, from, to] of copied) expect(from).toBe(to);
    const folders = readdirSync(image, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(copied.map(([, name]) => name).sort()).toEqual(
      folders
        .map(({ name }) => name)
        .filter((name) => name !== "build")
        .sort(),
    );
  });

  test("has the defaults that the commands have", () => {
    const program = readFileSync(join(image, "bin/moodle"), "utf8");
    const value = (name: string) => new RegExp(`^ +${name}=(\\d+)`, "m").exec(dockerfile)?.[1];
    for (const name of ["MOODLE_MEMORY_LIMIT_MB", "MOODLE_MAX_UPLOAD_MB", "MOODLE_REQUEST_TIMEOUT"]) {
      expect(program).toContain(`${name}=\${${name}:-${value(name)}}`);
    }
    expect(Number(value("MOODLE_MAX_POST_MB"))).toBe(Number(value("MOODLE_MAX_UPLOAD_MB")) + 8);
  });

  test("runs as 33:33 and ends by SIGQUIT", () => {
    expect(dockerfile).toMatch(/^USER 33:33$/m);
    expect(dockerfile).toMatch(/^STOPSIGNAL SIGQUIT$/m);
    expect(dockerfile).toMatch(/^ENTRYPOINT \["moodle"\]$/m);
  });
});

test("the check of PHP names what is missing", () => {
  const lib = join(directory, "php-n");
  cpSync(join(image, "build/check.php"), lib);
  const { status, stderr } = spawnSync("php", ["-n", lib], { encoding: "utf8" });
  expect(stderr).toMatch(/^PHP lacks .*redis/);
  expect(status).toBe(1);
});
