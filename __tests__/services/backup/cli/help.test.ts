import { createProgram } from "../../../../services/backup/src/cli/program";
import { runProgram } from "../../../../services/backup/src/cli/run";
import type { World } from "../../../../services/backup/src/cli/world";
import { EXIT } from "../../../../services/backup/src/exit-codes";
import { PROGRAM } from "../../../../services/backup/src/version";
import { parseLine } from "./command-lines";
import { run } from "./fake-world";

const names = createProgram({} as World, async () => {}).commands.map((command) => command.name());
const helpOf = async (...args: string[]) => run([...args, "--help"]);

test("every command of the design is there", () => {
  for (const name of "snapshot list show verify restore prune drill schedule unlock doctor".split(" ")) {
    expect(names).toContain(name);
  }
});

describe.each([[], ...names.map((name) => [name])])("moodle-backup %s --help", (...name: string[]) => {
  const words = name.filter((word) => typeof word === "string");
  test("says what it is for, and how to use it, on standard output", async () => {
    const { stdout, stderr, exitCode } = await helpOf(...words);
    expect(stdout).toMatch(/^Usage: moodle-backup /);
    expect(stdout).toMatch(/--config <file>/);
    expect([stderr, exitCode]).toEqual(["", EXIT.success]);
  });

  test("has examples that are right", async () => {
    const { stdout } = await helpOf(...words);
    const examples = [...stdout.matchAll(/^ {2}\$ (.*)$/gm)].map(([, line]) => line ?? "");
    expect(examples).not.toEqual([]);
    for (const example of examples) expect(parseLine(example)).not.toEqual([]);
  });

  test("says what its exit codes mean", async () => {
    const { stdout } = await helpOf(...words);
    for (const code of [EXIT.success, EXIT.failed, EXIT.misconfigured, EXIT.interrupted]) {
      expect(stdout).toMatch(new RegExp(`^ +${code} {2}[a-z]`, "m"));
    }
  });

  test("fits a terminal of 80 columns, but for examples", async () => {
    const { stdout } = await helpOf(...words);
    const [text = ""] = stdout.split("Examples:");
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

test("the program's own help has every exit code", async () => {
  const { stdout } = await helpOf();
  for (const code of Object.values(EXIT)) expect(stdout).toMatch(new RegExp(`^ +${code} {2}[a-z]`, "m"));
});

test("--version prints name and version", async () => {
  expect((await run(["--version"])).stdout).toBe(`${PROGRAM}\n`);
});

test("a command that is misspelt is told which was meant", async () => {
  const { stderr, exitCode } = await run(["snapshto"]);
  expect(stderr).toMatch(/^moodle-backup: unknown command 'snapshto'.*\n.*Did you mean snapshot\?/);
  expect(exitCode).toBe(EXIT.misconfigured);
});

test("help loads neither configuration nor operations", async () => {
  const world = {
    variables: { MOODLE_BACKUP_CONFIG: "/nowhere" },
    stdout: () => {},
    stderr: () => {},
    operations: () => Promise.reject(new Error("loaded")),
  } as unknown as World;
  expect(await runProgram(["snapshot", "--help"], world)).toBe(EXIT.success);
});
