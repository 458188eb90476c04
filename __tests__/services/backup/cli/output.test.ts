import fc from "fast-check";
import { eventSchema } from "../../../../services/backup/src/cli/output/events";
import {
  formatBytes,
  formatNumberOf,
  formatSeconds,
  formatTable,
} from "../../../../services/backup/src/cli/output/format";
import { JsonLinesReporter } from "../../../../services/backup/src/cli/output/json-lines";
import type { Reporter } from "../../../../services/backup/src/cli/output/reporter";
import { resultLine } from "../../../../services/backup/src/cli/output/result-file";
import { TerminalReporter } from "../../../../services/backup/src/cli/output/terminal";
import { BackupError } from "../../../../services/backup/src/errors";
import type { SnapshotOptions } from "../../../../services/backup/src/operations";
import type { ProgressEvent } from "../../../../services/backup/src/progress";
import { ID, manifest, run } from "./fake-world";

const EVENTS: readonly ProgressEvent[] = [
  { kind: "phase", phase: "copy", objects: 100, bytes: 1000 },
  { kind: "advance", phase: "copy", objects: 30, bytes: 250 },
  { kind: "phase", phase: "dump" },
  { kind: "advance", phase: "dump", objects: 1, bytes: 2048 },
  { kind: "warning", message: "a blob is in an archive class", fields: { blob: "aabb" } },
  { kind: "note", message: "the first snapshot" },
  { kind: "advance", phase: "copy", objects: 20, bytes: 250 },
  { kind: "done", phase: "dump", milliseconds: 900 },
  { kind: "done", phase: "copy", milliseconds: 1200 },
];

const report = {
  runSnapshot: (options: SnapshotOptions) => {
    for (const event of EVENTS) options.progress(event);
    return Promise.resolve({ manifest, unchanged: 0, incomplete: [], lockExtensions: 0 });
  },
};

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("--json", () => {
  test("every line is as the schema says, and the last one is the result", async () => {
    const { stdout, stderr } = await run(["snapshot", "--json"], { operations: report });
    const lines = linesOf(stdout);
    for (const line of lines) expect(eventSchema.safeParse(line)).toMatchObject({ success: true });
    expect(lines.map(({ event }) => event)).toEqual([
      "phase",
      "phase",
      "warning",
      "note",
      "progress",
      "done",
      "done",
      "result",
    ]);
    expect(lines.at(-1)).toMatchObject({ command: "snapshot", exitCode: 0, report: { id: ID, status: "complete" } });
    expect(stderr).toBe("");
  });

  test.each([
    "init",
    "list",
    "show latest",
    "verify",
    "restore latest",
    "prune",
    "drill",
    "require-drill 7d",
    "unlock",
    "doctor",
    "metrics",
    "schedule --image backup:1 --snapshot='0 2 * * *'",
  ])("%s ends with a result", async (line) => {
    const args = line.match(/[^\s']+='[^']*'|\S+/g)?.map((word) => word.replaceAll("'", "")) ?? [];
    const { stdout } = await run([...args, "--json"]);
    const lines = linesOf(stdout);
    expect(eventSchema.parse(lines.at(-1))).toMatchObject({ event: "result", exitCode: 0, report: expect.anything() });
  });

  test("progress counts up, and what is done is its sum", async () => {
    const lines = linesOf((await run(["snapshot", "--json"], { operations: report })).stdout);
    expect(lines.filter(({ event, phase }) => event === "done" && phase === "copy")).toMatchObject([
      { objects: 50, bytes: 500, milliseconds: 1200 },
    ]);
  });

  test("a phase has one line a second, however much it does", () => {
    let now = 0;
    const lines: string[] = [];
    const clock = { now: () => new Date(0), elapsed: () => now, sleep: async () => {} };
    const reporter = new JsonLinesReporter({ stdout: (line) => void lines.push(line), stderr: () => {} }, clock);
    reporter.progress({ kind: "phase", phase: "copy" });
    for (now = 0; now < 10_000; now += 10) reporter.progress({ kind: "advance", phase: "copy", objects: 1, bytes: 1 });
    expect(lines).toHaveLength(1 + 9);
  });

  test("a failure is a result too", async () => {
    const operations = { listSnapshots: () => Promise.reject(new BackupError("s3://backups: access denied (403)")) };
    const { stdout, stderr, exitCode } = await run(["list", "--json"], { operations });
    expect(linesOf(stdout)).toEqual([
      expect.objectContaining({
        event: "result",
        command: "list",
        exitCode: 1,
        error: { name: "BackupError", message: "s3://backups: access denied (403)" },
      }),
    ]);
    expect([exitCode, stderr]).toEqual([1, ""]);
  });

  test("so is a configuration that cannot work", async () => {
    const { stdout } = await run(["list", "--json"], { configuration: { lockDays: -1 } });
    expect(linesOf(stdout)).toMatchObject([{ event: "result", exitCode: 2, error: { name: "ConfigurationError" } }]);
  });
});

describe("without --json", () => {
  test("a pipe gets warnings and the result, and nothing else", async () => {
    const { stdout, stderr } = await run(["snapshot"], { operations: report });
    expect(stderr).toBe("warning: a blob is in an archive class\n");
    expect(stdout.split("\n")).toHaveLength(3);
    expect(stdout + stderr).not.toContain("\u001b");
  });

  test("a terminal sees a bar, and the line is gone at the end", async () => {
    const { stdout, stderr } = await run(["snapshot"], { operations: report, isTerminal: true });
    expect(stderr).toContain("copy [#####...............] 30/100 250 B");
    expect(stderr).toContain("dump 1 2.0 KiB");
    expect(stderr).toContain("warning: a blob is in an archive class\n");
    expect(stderr.endsWith("\r\u001b[2K")).toBe(true);
    expect(stdout).not.toContain("\u001b");
  });

  test("no line is longer than the terminal is wide", () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 120 }), fc.array(fc.constantFrom(...EVENTS)), (columns, events) => {
        let output = "";
        const clock = { now: () => new Date(0), elapsed: () => output.length * 1000, sleep: async () => {} };
        const stderr = (text: string) => {
          output += text;
        };
        const streams = { stdout: () => {}, stderr };
        const reporter: Reporter = new TerminalReporter(streams, clock, () => columns);
        for (const event of events) if (event.kind !== "warning" && event.kind !== "note") reporter.progress(event);
        for (const line of output.split("\r\u001b[2K")) expect(line.length).toBeLessThan(columns);
      }),
    );
  });

  test("each fault of a configuration is a line of its own", async () => {
    const { stderr } = await run(["list"], { configuration: { lockDays: -1, graceHours: 0 } });
    expect(stderr).toMatch(
      /^moodle-backup: .*lockDays: 0 or more, given -1\nmoodle-backup: .*graceHours: 1 or more, given 0\n$/,
    );
  });
});

describe("--result-file", () => {
  test("holds the result's line", async () => {
    const { written } = await run(["snapshot", "--result-file", "/dev/termination-log"]);
    expect(linesOf(written["/dev/termination-log"] ?? "")).toMatchObject([{ event: "result", report: { id: ID } }]);
  });

  test("fits a termination message, whatever the report", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 200 }), { maxLength: 300 }), fc.string(), (findings, message) => {
        const line = resultLine({
          event: "result",
          time: "2026-08-21T04:00:00Z",
          command: "verify",
          exitCode: 20,
          seconds: 1,
          report: { findings, further: { findings, message: message.repeat(50) } },
        });
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4096);
        expect(JSON.parse(line)).toMatchObject({ command: "verify", exitCode: 20 });
      }),
    );
  });
});

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [1_048_500, "1.0 MiB"],
  [150 * 1024 ** 3, "150 GiB"],
])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [0.44, "0.4 s"],
  [59.4, "59 s"],
  [61, "1 min 1 s"],
  [7500, "2 h 5 min"],
])("%d seconds are %s", (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

test("one thing is not plural", () => {
  expect([formatNumberOf(1, "file"), formatNumberOf(2000, "file")]).toEqual(["1 file", "2,000 files"]);
});

test("columns of a table are as wide as their widest cell", () => {
  expect(
    formatTable(
      ["id", "n"],
      [
        ["a", "1"],
        ["bbb", "22"],
      ],
    ),
  ).toBe("id   n\na    1\nbbb  22");
});
