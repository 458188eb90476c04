import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProgram } from "../../../../services/backup/src/cli/program";
import type { World } from "../../../../services/backup/src/cli/world";
import { run } from "./fake-world";

const scriptOf = async (shell: string) => (await run(["completion", shell])).stdout;
const names = createProgram({} as World, async () => {}).commands.map((command) => command.name());

/** What bash offers once these words are typed, the last of them only begun. */
async function bashOffers(...words: string[]): Promise<string[]> {
  const line = ["moodle-backup", ...words];
  const script = `${await scriptOf("bash")}
COMP_WORDS=(${line.map((word) => `'${word}'`).join(" ")})
COMP_CWORD=${line.length - 1}
_moodle_backup
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((word) => word !== "");
}

test.each([
  ["commands", [""], ["snapshot", "list", "restore", "--config"]],
  ["what begins so", ["re"], ["restore", "require-drill"]],
  ["options of a command", ["verify", "--r"], ["--read-data-subset", "--record"]],
  ["the program's own options", ["list", "--j"], ["--json"]],
  ["choices of an option", ["restore", "--only", ""], ["database", "files"]],
  ["the newest snapshot", ["show", "l"], ["latest"]],
  ["shells", ["completion", ""], ["bash", "zsh", "fish"]],
])("bash offers %s", async (_, words, expected) => {
  expect(await bashOffers(...words)).toEqual(expect.arrayContaining(expected));
});

test("bash offers an option's files, and nothing where only a person knows", async () => {
  expect(await bashOffers("--config", "package.j")).toEqual(["package.json"]);
  expect(await bashOffers("snapshot", "--retry-lock", "")).toEqual([]);
});

test("bash offers values behind an equals sign, which it takes for a word", async () => {
  expect(await bashOffers("--config", "=", "package.j")).toEqual(["package.json"]);
  expect(await bashOffers("restore", "--only", "=", "d")).toEqual(["database"]);
  expect(await bashOffers("restore", "--only", "=")).toEqual(["database", "files"]);
});

test("bash offers a file whose name has a blank as one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "completion-"));
  writeFileSync(join(folder, "site one.yaml"), "");
  expect(await bashOffers("--config", join(folder, "s"))).toEqual([join(folder, "site one.yaml")]);
});

test("bash offers options of other commands nowhere", async () => {
  expect(await bashOffers("list", "--keep")).toEqual([]);
});

test.each(["bash", "zsh", "fish"])("%s knows every command", async (shell) => {
  const script = await scriptOf(shell);
  for (const name of names) expect(script).toMatch(new RegExp(`\\b${name}\\b`));
});

test("a description with a quote breaks no script", async () => {
  for (const shell of ["zsh", "fish"]) {
    const quotes = (await scriptOf(shell)).replaceAll("'\\''", "").replaceAll("\\'", "").match(/'/g) ?? [];
    expect(quotes.length % 2).toBe(0);
  }
});
