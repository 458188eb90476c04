/** What the documents say of the program is so. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MEANINGS } from "../../../../services/backup/src/cli/help";
import { eventSchema } from "../../../../services/backup/src/cli/output/events";
import { createProgram } from "../../../../services/backup/src/cli/program";
import type { World } from "../../../../services/backup/src/cli/world";
import { parseLine } from "./command-lines";

const root = join(__dirname, "../../../..");
const DOCUMENTS = [
  "docs/backup.md",
  "services/backup/README.md",
  "services/backup/DESIGN.md",
  "charts/backup/README.md",
];
const read = (path: string) => readFileSync(join(root, path), "utf8");

/** Commands of the program in a document: in indented lines, and in code within a sentence. */
function commandsIn(document: string): string[] {
  return document.split("\n").flatMap((line) => {
    if (/^ {4}/.test(line)) return line.includes("moodle-backup ") ? [line.trim().replace(/ +#.*/, "")] : [];
    return Array.from(line.matchAll(/`(moodle-backup [^`]+)`/g), ([, command = ""]) => command);
  });
}

const commands = DOCUMENTS.flatMap((path) =>
  commandsIn(read(path)).map((command): [string, string] => [path, command]),
);

test("there are commands to look at", () => {
  expect(commands.length).toBeGreaterThan(25);
});

test.each(commands)("%s: %s", (_, command) => {
  expect(parseLine(command)).not.toEqual([]);
});

/** First cells of the table below a heading or a sentence. */
function firstCells(document: string, heading: string): string[] {
  const [, section = ""] = document.split(heading);
  const rows = /\n\|[^\n]*\|\n\|[-| ]+\|\n((?:\|[^\n]*\n?)+)/.exec(section)?.[1] ?? "";
  return rows
    .trimEnd()
    .split("\n")
    .map((row) => row.split("|")[1]?.trim().replaceAll("`", "") ?? "");
}

test.each(["docs/backup.md", "services/backup/README.md"])("%s explains every exit code, and no other", (path) => {
  expect(firstCells(read(path), "## Exit codes").map(Number)).toEqual(Object.keys(MEANINGS).map(Number));
});

test("the README says of every exit code what --help does", () => {
  for (const [code, meaning] of Object.entries(MEANINGS)) {
    expect(read("services/backup/README.md")).toContain(`| ${code} | ${meaning} |`);
  }
});

test("the README has every event of --json, with all its fields", () => {
  const readme = read("services/backup/README.md");
  for (const { shape } of eventSchema.options) {
    const fields = Object.keys(shape).filter((name) => name !== "event" && name !== "time");
    expect(readme).toContain(`| \`${shape.event.value}\` | ${fields.map((name) => `\`${name}\``).join(", ")} |`);
  }
});

test("the README has the report of every command", () => {
  const described = firstCells(read("services/backup/README.md"), "What `report` has").flatMap((cell) =>
    cell.split(", "),
  );
  const names = createProgram({} as World, async () => {}).commands.map((command) => command.name());
  expect(described.sort()).toEqual(names.filter((name) => name !== "completion").sort());
});
