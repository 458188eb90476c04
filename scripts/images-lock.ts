/**
 * `npm run images:lock [-- --check] [folder]`: resolves what images/moodle/plugins.lock.json names. A tag becomes the commit
 * that it names, and each commit the SHA-256 of its files; the Dockerfile's base is pinned to its digest where the registry
 * answers. Nothing is written unless everything was resolved; with --check nothing is written at all, and what is missing
 * or different is an error.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { type Digests, imageDigest, pinBase } from "./images-base";

const commit = z.string().regex(/^[0-9a-f]{40}$/, "expected a commit's id of 40 hexadecimal digits");
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");

/** A Git repository at one commit. */
const entrySchema = z.strictObject({
  name: z.string().min(1),
  /** Folder below Moodle's root. */
  path: z.string().optional(),
  repository: z.url(),
  /** Without one the commit is chosen by hand, and `reason` says why. */
  tag: z.string().optional(),
  reason: z.string().optional(),
  commit: commit.nullable(),
  sha256: sha256.nullable(),
});

const lockSchema = z.strictObject({
  core: entrySchema,
  plugins: z.array(entrySchema.required({ path: true })),
  extensions: z.array(entrySchema),
});

type Entry = z.infer<typeof entrySchema>;

/** What a program prints that reads an entry's repository. */
function ask({ name, repository }: Entry, command: string, ...args: string[]): string {
  const result = spawnSync(command, args, { encoding: "utf8" });
  if (result.status === 0) return result.stdout;
  throw new Error(
    `${name}: ${repository} does not give it: ${(result.error?.message ?? result.stderr).trim()}\n` +
      "Run this where the repository can be reached. Nothing was written",
  );
}

/** The commit that a tag names; an annotated tag's own id is not it. */
function commitOfTag(entry: Entry): string {
  const { name, repository, tag } = entry;
  const refs = [`refs/tags/${tag}`, `refs/tags/${tag}^{}`];
  const lines = ask(entry, "git", "ls-remote", "--tags", repository, ...refs)
    .trim()
    .split("\n");
  const found = lines.at(-1)?.split("\t")[0];
  if (!found) throw new Error(`${name}: ${repository} has no tag ${tag}: name one that it has`);
  return found;
}

/** An entry with its commit and the checksum of its files. */
function resolveEntry(entry: Entry, tools: string): Entry {
  const resolved = entry.tag === undefined ? entry.commit : commitOfTag(entry);
  if (resolved === null) throw new Error(`${entry.name} has neither tag nor commit: give it one of them`);
  if (entry.commit !== null && resolved !== entry.commit) {
    throw new Error(
      `${entry.name}: the tag ${entry.tag} names ${resolved} and not ${entry.commit}, as when it was locked: find out who moved ` +
        "it; set commit and sha256 to null if that is right, or if the tag in the lock is a new one",
    );
  }
  const folder = mkdtempSync(join(tmpdir(), "images-lock-"));
  try {
    ask(entry, join(tools, "fetch"), entry.repository, resolved, join(folder, "tree"));
    const sum = execFileSync(join(tools, "tree-sha256"), [join(folder, "tree")], { encoding: "utf8" }).trim();
    if (entry.commit !== null && entry.sha256 !== null && entry.sha256 !== sum) {
      throw new Error(`${entry.name}: the files of ${resolved} have the SHA-256 ${sum} and not ${entry.sha256}`);
    }
    return { ...entry, commit: resolved, sha256: sum };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Puts a file in another's place at once. */
function replaceFile(file: string, content: string): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}

/** Completes the lock of an image's folder. See the top of the file. */
export async function lockImage(folder: string, digests: Digests, check: boolean): Promise<void> {
  const lockFile = join(folder, "plugins.lock.json");
  const dockerfile = join(folder, "Dockerfile");
  const before = readFileSync(lockFile, "utf8");
  const parsed = lockSchema.safeParse(JSON.parse(before));
  if (!parsed.success) throw new Error(`${lockFile}: ${z.prettifyError(parsed.error)}`);
  const tools = join(folder, "build");
  const resolve = (entry: Entry) => {
    console.log(`${entry.name} ${entry.tag ?? entry.commit}`);
    return resolveEntry(entry, tools);
  };
  const { core, plugins, extensions } = parsed.data;
  const resolved = { core: resolve(core), plugins: plugins.map(resolve), extensions: extensions.map(resolve) };
  const after = `${JSON.stringify(resolved, null, 2)}\n`;
  const recipe = readFileSync(dockerfile, "utf8");
  const pinned = await pinBase(recipe, digests);
  if (check) {
    if (before !== after)
      throw new Error(`${lockFile} is not complete: run npm run images:lock, and commit what it writes`);
    return;
  }
  if (before !== after) replaceFile(lockFile, after);
  if (recipe !== pinned) replaceFile(dockerfile, pinned);
}

/** Runs the command. An argument that it does not know is an error: a mistyped `--check` must not write. */
async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: { check: { type: "boolean" } }, allowPositionals: true });
  const [folder = "images/moodle", ...others] = positionals;
  if (others.length > 0 || !existsSync(join(folder, "plugins.lock.json"))) {
    throw new Error(
      `given ${positionals.join(" ")}: give one folder that has a plugins.lock.json, or none for images/moodle`,
    );
  }
  await lockImage(folder, imageDigest, values.check === true);
}

if (require.main === module) {
  main(process.argv.slice(2)).catch((error: Error) => {
    console.error(error.message.trim());
    process.exitCode = 1;
  });
}
