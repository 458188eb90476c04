import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pinBase } from "../../scripts/images-base";
import { lockImage } from "../../scripts/images-lock";

const image = resolve(__dirname, "../../images/moodle");
const directory = mkdtempSync(join(tmpdir(), "images-lock-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const digest = `sha256:${"d".repeat(64)}`;
const identity = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@b", GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@b" };

/** A repository with one commit of these files. */
class Repository {
  readonly folder: string;
  readonly url: string;

  constructor(name: string, files: Record<string, string>) {
    this.folder = join(directory, name);
    this.url = `file://${this.folder}`;
    mkdirSync(this.folder);
    this.git("init", "--quiet");
    this.commit(files);
  }

  git(...args: string[]): string {
    const env = { ...process.env, ...identity };
    return execFileSync("git", args, { cwd: this.folder, env, encoding: "utf8", stdio: "pipe" }).trim();
  }

  commit(files: Record<string, string>): string {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), content);
    }
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", "files");
    return this.git("rev-parse", "HEAD");
  }
}

/** The rule of build/tree-sha256, once more. */
function treeSha256(files: Record<string, string>): string {
  const sum = (text: string) => createHash("sha256").update(text).digest("hex");
  const paths = Object.keys(files).sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  return sum(paths.map((path) => `${sum(files[path] ?? "")}  ./${path}\n`).join(""));
}

const moodle = { "version.php": "<?php", "lib/a.php": "a", "lib-b.php": "ü\r\n" };
const plugin = { "version.php": "plugin" };
const core = new Repository("core", moodle);
core.git("tag", "--annotate", "--message", "release", "v4.5.12");
const objectfs = new Repository("objectfs", plugin);
const chosen = objectfs.git("rev-parse", "HEAD");
objectfs.commit({ "later.php": "later" });
const redis = new Repository("redis", { "config.m4": "redis" });
redis.git("tag", "6.1.0");

const complete = () => ({
  core: { name: "moodle", repository: core.url, tag: "v4.5.12", commit: null, sha256: null } as Record<string, unknown>,
  plugins: [
    {
      name: "tool_objectfs",
      path: "admin/tool/objectfs",
      repository: objectfs.url,
      reason: "no tags",
      commit: chosen,
      sha256: null,
    },
  ] as Record<string, unknown>[],
  extensions: [{ name: "redis", repository: redis.url, tag: "6.1.0", commit: null, sha256: null }] as Record<
    string,
    unknown
  >[],
});

let folder: string;
let count = 0;

function write(lock: unknown): string {
  folder = join(directory, `image-${count++}`);
  mkdirSync(folder);
  cpSync(join(image, "build"), join(folder, "build"), { recursive: true });
  writeFileSync(join(folder, "Dockerfile"), "# a\nFROM docker.io/library/php:8.3-fpm-trixie AS base\n");
  const text = `${JSON.stringify(lock, null, 2)}\n`;
  writeFileSync(join(folder, "plugins.lock.json"), text);
  return text;
}

const read = (name = "plugins.lock.json") => readFileSync(join(folder, name), "utf8");
const run = (check = false) => lockImage(folder, async () => digest, check);

beforeEach(() => {
  jest.spyOn(console, "log").mockImplementation();
  jest.spyOn(console, "warn").mockImplementation();
});
afterEach(() => jest.restoreAllMocks());

test("tags become commits, and commits checksums of their files", async () => {
  write(complete());
  await run();
  expect(JSON.parse(read())).toEqual({
    core: { ...complete().core, commit: core.git("rev-parse", "v4.5.12^{commit}"), sha256: treeSha256(moodle) },
    plugins: [{ ...complete().plugins[0], commit: chosen, sha256: treeSha256(plugin) }],
    extensions: [
      {
        ...complete().extensions[0],
        commit: redis.git("rev-parse", "HEAD"),
        sha256: treeSha256({ "config.m4": "redis" }),
      },
    ],
  });
});

test("a second run changes nothing, and --check is content", async () => {
  write(complete());
  await run();
  const [lock, dockerfile] = [read(), read("Dockerfile")];
  await run();
  await run(true);
  expect([read(), read("Dockerfile")]).toEqual([lock, dockerfile]);
});

test("--check refuses an incomplete lock, and writes nothing", async () => {
  const before = write(complete());
  await expect(run(true)).rejects.toThrow("plugins.lock.json is not complete: run npm run images:lock");
  expect(read()).toBe(before);
  expect(read("Dockerfile")).not.toContain("@sha256");
});

const commit = "0123456789abcdef0123456789abcdef01234567";
const refused: [string, (lock: ReturnType<typeof complete>) => void, string][] = [
  [
    "a tag that is not there",
    (lock) => (lock.core.tag = "v9"),
    "moodle: file://.* has no tag v9: name one that it has",
  ],
  [
    "a repository that does not answer",
    (lock) => (lock.core.repository = "file:///nonexistent"),
    "moodle: file:///nonexistent does not give it: [^]*nonexistent[^]*Run this where the repository can be reached",
  ],
  ["a tag that has moved", (lock) => (lock.core.commit = commit), `the tag v4.5.12 names .* and not ${commit}`],
  [
    "a commit that is not there",
    (lock) => Object.assign(lock.plugins[0] ?? {}, { commit }),
    "tool_objectfs: .*does not give it",
  ],
  [
    "other files than were locked",
    (lock) => Object.assign(lock.plugins[0] ?? {}, { sha256: "a".repeat(64) }),
    "tool_objectfs: the files of .* have the SHA-256 .* and not aaaa",
  ],
  [
    "neither tag nor commit",
    (lock) => Object.assign(lock.plugins[0] ?? {}, { commit: null }),
    "tool_objectfs has neither tag nor commit: give it one of them",
  ],
  ["a short commit", (lock) => (lock.core.commit = "0123456"), "expected a commit's id of 40 hexadecimal digits"],
  ["an unknown field", (lock) => (lock.core.branch = "main"), 'Unrecognized key: "branch"'],
  ["a plugin without its folder", (lock) => delete lock.plugins[0]?.path, "path"],
];

test.each(refused)("%s leaves both files as they are", async (_, change, message) => {
  const lock = complete();
  change(lock);
  const before = write(lock);
  const dockerfile = read("Dockerfile");
  await expect(run()).rejects.toThrow(new RegExp(message));
  expect(read()).toBe(before);
  expect(read("Dockerfile")).toBe(dockerfile);
  expect(readdirSync(folder).filter((name) => name.endsWith(".new"))).toEqual([]);
});

describe("the base image", () => {
  const recipe = (name: string) =>
    `# syntax\nFROM docker.io/library/php:8.3-fpm-trixie${name} AS base\nFROM debian AS x\n`;
  const pinned = recipe(`@${digest}`);

  test("is pinned to the digest that its tag has", async () => {
    const asked: string[] = [];
    const digests = async (...names: string[]) => {
      asked.push(names.join(" "));
      return digest;
    };
    expect(await pinBase(recipe(""), digests)).toBe(pinned);
    expect(await pinBase(recipe(`@sha256:${"0".repeat(64)}`), digests)).toBe(pinned);
    expect(asked[0]).toBe("library/php 8.3-fpm-trixie");
  });

  test("stays as it is where the registry does not answer", async () => {
    expect(await pinBase(pinned, async () => undefined)).toBe(pinned);
    write(complete());
    const dockerfile = read("Dockerfile");
    await lockImage(folder, async () => undefined, false);
    expect(JSON.parse(read()).core.sha256).toBe(treeSha256(moodle));
    expect(read("Dockerfile")).toBe(dockerfile);
  });

  test("of another kind of Dockerfile is refused", async () => {
    await expect(pinBase("FROM php AS base\n", async () => digest)).rejects.toThrow("begins with no FROM docker.io/");
  });
});

test("the checksum does not see owners, dates, modes and order, but every name and byte", () => {
  const sum = (files: Record<string, string>, mode = 0o644) => {
    const tree = mkdtempSync(join(directory, "tree-"));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), content);
      chmodSync(join(tree, path), mode);
    }
    return execFileSync(join(image, "build/tree-sha256"), [tree], { encoding: "utf8" }).trim();
  };
  const files = { "a b/ü": "1", "a.b": "2", "a/b": "3", Z: "4" };
  expect(sum(files)).toBe(treeSha256(files));
  expect(sum(files, 0o755)).toBe(sum(files));
  expect(sum({ ...files, Z: "5" })).not.toBe(sum(files));
  expect(sum({ ...files, y: "" })).not.toBe(sum(files));
  expect(sum({})).toBe(treeSha256({}));
});

test("the lock of the image names the object store's plugin and every extension that is built", () => {
  const lock = JSON.parse(readFileSync(join(image, "plugins.lock.json"), "utf8"));
  expect(lock.plugins).toContainEqual(expect.objectContaining({ name: "tool_objectfs", path: "admin/tool/objectfs" }));
  const built = readFileSync(join(image, "build/extensions"), "utf8")
    .match(/^build \w+/gm)
    ?.map((line) => line.slice(6));
  expect(lock.extensions.map(({ name }: { name: string }) => name).sort()).toEqual(built?.sort());
});
