import { BackupError, LeaseHeld, NoRepository, WrongKey } from "../../../../services/backup/src/errors";
import { EXIT } from "../../../../services/backup/src/exit-codes";
import type { Finding } from "../../../../services/backup/src/operations";
import { RULES } from "../support/anonymise-rules";
import { drill, ID, manifest, partial, run, SECRET } from "./fake-world";

/** The options with which the program called an operation. */
async function optionsOf(operation: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const { calls, stderr } = await run(args);
  expect(stderr).toBe("");
  return calls[operation]?.[0] as Record<string, unknown>;
}

describe("what the configuration says is what a command does", () => {
  test.each([
    ["snapshot", "runSnapshot", { lockDays: 30, leaseSeconds: 300, retryLockSeconds: 0, signingSecret: SECRET }],
    ["prune", "runPrune", { retention: { keepDaily: 14 }, graceHours: 24, signingSecret: SECRET }],
    ["verify", "runVerify", { readShare: 0, snapshots: undefined, signingSecret: undefined }],
    ["drill", "runDrill", { snapshot: "latest", sample: 500, signingSecret: SECRET }],
  ])("%s", async (command, operation, expected) => {
    expect(await optionsOf(operation, [command])).toMatchObject({ concurrency: 32, ...expected });
  });
});

describe("what the command line says comes before it", () => {
  test.each([
    ["runSnapshot", "snapshot --lock-days 7 --retry-lock 1h", { lockDays: 7, retryLockSeconds: 3600 }],
    [
      "runVerify",
      `verify ${ID.toLowerCase()} --read-data-subset 5% --record`,
      { snapshots: [ID], readShare: 0.05, signingSecret: SECRET },
    ],
    [
      "runPrune",
      "prune --keep-last 3 --keep-within 1y2m --grace-hours 48 --dry-run",
      {
        retention: { keepLast: 3, keepWithin: "1y2m" },
        graceHours: 48,
        dryRun: true,
      },
    ],
    ["runDrill", `drill ${ID} --sample 10`, { snapshot: ID, sample: 10 }],
    [
      "runRestore",
      "restore latest --wwwroot https://new.example.edu --allow-partial",
      {
        snapshot: "latest",
        wwwroot: "https://new.example.edu",
        allowPartial: true,
        anonymise: undefined,
      },
    ],
    ["runRestore", "restore latest --anonymise /etc/rules.yaml", { anonymise: RULES }],
  ])("%s: moodle-backup %s", async (operation, line, expected) => {
    expect(await optionsOf(operation, line.split(" "))).toMatchObject(expected);
  });

  test("rules of retention replace those of the configuration as a whole", async () => {
    expect((await optionsOf("runPrune", ["prune", "--keep-yearly", "2"])).retention).toEqual({ keepYearly: 2 });
  });

  test("a required drill is asked for in seconds", async () => {
    expect((await run(["require-drill", "7d"])).calls.requireDrill).toEqual([[expect.anything(), 604_800]]);
  });
});

describe("restore", () => {
  const opened = async (...only: string[]) => {
    const { calls } = await run(["restore", "latest", ...only]);
    const [options] = calls.runRestore as { database?: unknown; files?: { name: string } }[];
    return { database: options?.database !== undefined, files: options?.files?.name };
  };

  test("takes database and files, files below filedir", async () => {
    expect(await opened()).toEqual({ database: true, files: "/var/moodle/restored/filedir" });
  });

  test("takes the one that is named", async () => {
    expect(await opened("--only", "database")).toEqual({ database: true, files: undefined });
    expect(await opened("--only", "files")).toEqual({ database: false, files: "/var/moodle/restored/filedir" });
  });

  test("needs a target, and says which field", async () => {
    const { exitCode, stderr } = await run(["restore", "latest"], { configuration: { restore: {} } });
    expect([exitCode, stderr]).toEqual([
      EXIT.misconfigured,
      "moodle-backup: restore.database: missing, and this command needs it; add the field\n",
    ]);
  });
});

describe("snapshot", () => {
  test("makes the repository first where that is asked for", async () => {
    expect((await run(["snapshot", "--init"])).calls.initialise).toHaveLength(1);
    expect((await run(["snapshot"])).calls.initialise).toBeUndefined();
  });

  test("connects as the configuration says, with what its files hold", async () => {
    const { calls } = await run(["snapshot"]);
    expect(calls.openSource?.[0]).toMatchObject({ host: "db.example.edu", port: 5432, tls: true, tablePrefix: "mdl_" });
  });
});

test("prune without a rule is refused before anything is opened", async () => {
  const { exitCode, stderr, calls } = await run(["prune"], { configuration: { retention: {} } });
  expect(exitCode).toBe(EXIT.misconfigured);
  expect(stderr).toMatch(/^moodle-backup: retention: no rule keeps anything; .*--keep-daily 14/);
  expect(calls).toEqual({});
});

test("whatever is opened is closed, also where the command fails", async () => {
  expect((await run(["snapshot"])).closed).toBe(3);
  const failing = { runSnapshot: () => Promise.reject(new BackupError("no")) };
  expect((await run(["snapshot"], { operations: failing })).closed).toBe(3);
});

describe("a snapshot ends with 0 where that is allowed", () => {
  const report = { unchanged: 0, lockExtensions: 0 };
  const whole = { ...report, manifest, incomplete: ["the cloud made none"] };
  const lacking = { ...report, manifest: partial, incomplete: [] };
  const both = { ...report, manifest: partial, incomplete: ["the cloud made none"] };

  test.each([
    ["whole, without something beside it", "--allow-incomplete", whole, EXIT.success],
    ["whole, without something beside it", "--allow-partial", whole, EXIT.incompleteSource],
    ["partial", "--allow-incomplete", lacking, EXIT.referencesMissing],
    ["partial", "--allow-partial", lacking, EXIT.success],
    ["both", "--allow-partial", both, EXIT.incompleteSource],
    ["both", "--allow-incomplete --allow-partial", both, EXIT.success],
  ])("%s, %s", async (_, options, made, expected) => {
    const { exitCode, stdout } = await run(["snapshot", ...options.split(" "), "--json"], {
      operations: { runSnapshot: async () => made },
    });
    expect(exitCode).toBe(expected);
    // What is short is told all the same.
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "").report).toMatchObject({
      status: made.manifest.status,
      incomplete: made.incomplete,
    });
  });
});

describe("exit codes", () => {
  const finding: Finding = { problem: "missing", what: "blob", key: "blobs/aa/bb/aabb", snapshots: [ID] };
  const verified = { snapshots: 1, blobs: 1, read: { objects: 0, bytes: 0 }, findings: [finding], furtherFindings: 3 };
  test.each([
    [
      "a snapshot in which files are missing",
      "snapshot",
      EXIT.referencesMissing,
      {
        runSnapshot: async () => ({ manifest: partial, unchanged: 0, incomplete: ["x"], lockExtensions: 0 }),
      },
    ],
    [
      "a snapshot beside which something was not done",
      "snapshot",
      EXIT.incompleteSource,
      {
        runSnapshot: async () => ({ manifest, unchanged: 0, incomplete: ["the cloud made none"], lockExtensions: 0 }),
      },
    ],
    ["findings", "verify", EXIT.referencesMissing, { runVerify: async () => verified }],
    [
      "a drill that did not pass",
      "drill",
      EXIT.drillFailed,
      {
        runDrill: async () => ({ ...drill, passed: false, failures: ["mdl_user has 9 rows, not 10"] }),
      },
    ],
    [
      "a snapshot in the list that cannot be read",
      "list",
      EXIT.failed,
      {
        listSnapshots: async () => [manifest, { id: ID, problem: "is damaged" }],
      },
    ],
    ["no repository", "list", EXIT.noRepository, { listSnapshots: () => Promise.reject(new NoRepository("s3://b")) }],
    ["another run", "prune", EXIT.leaseHeld, { runPrune: () => Promise.reject(new LeaseHeld("in use")) }],
    ["another key", "snapshot", EXIT.wrongKey, { runSnapshot: () => Promise.reject(new WrongKey("another")) }],
    ["anything else", "list", EXIT.failed, { listSnapshots: () => Promise.reject(new TypeError("x is no function")) }],
  ])("%s", async (_, command, exitCode, operations) => {
    expect((await run([command], { operations })).exitCode).toBe(exitCode);
  });

  test.each([
    ["an unknown command", ["backup"]],
    ["an unknown option", ["list", "--all"]],
    ["an argument too many", ["list", "all"]],
    ["a missing argument", ["show"]],
    ["an argument of the wrong kind", ["show", "newest"]],
    ["a share without a percent sign", ["verify", "--read-data-subset", "5"]],
    ["no command", []],
  ])("%s", async (_, args) => {
    const { exitCode, stderr, calls } = await run(args);
    expect(exitCode).toBe(EXIT.misconfigured);
    expect(stderr).not.toBe("");
    expect(calls).toEqual({});
  });

  test("an interrupted run, whatever broke because of it", async () => {
    const controller = new AbortController();
    const operations = {
      runSnapshot: async () => {
        controller.abort();
        throw new Error("socket closed");
      },
    };
    const { exitCode, stderr, closed } = await run(["snapshot"], { operations, signal: controller.signal });
    expect([exitCode, stderr]).toEqual([
      EXIT.interrupted,
      "moodle-backup: interrupted; the next run goes on where this one stopped\n",
    ]);
    expect(closed).toBe(3);
  });
});

describe("what people read", () => {
  test.each([
    [
      "snapshot",
      /^01K3V7X2M9QZ4T8RWB6YHNCDEF is complete: 20,000 files of 3\.0 GiB, database 2\.0 KiB\n340 new files of 5\.0 MiB, 19,660 files unchanged\n$/,
    ],
    [
      "list",
      /^id +moment +status .*\n01K3V7X2M9QZ4T8RWB6YHNCDEF {2}2026-08-21 02:15:07 UTC {2}complete {2}20,000 .*\n1 snapshot\n$/,
    ],
    ["show latest", /^snapshot +01K3.*\nstatus +complete\n.*\nMoodle +4\.5\.6/s],
    ["verify", /^1 snapshot, 20,000 files; read 0 objects of 0 B\neverything is there\n$/],
    ["restore latest", /is restored, 20,000 files of 1\.0 KiB, in 1 min 1 s\ncron and mail are off/],
    ["restore latest --only files", /in 1 min 1 s\n$/],
    ["prune", /^kept 1 snapshot\nmarked 0 snapshots and 0 files of 0 B: a run after the grace deletes them\ndeleted 0/],
    ["prune --dry-run", /^nothing was changed; a run would have:\nkept 1 snapshot/],
    [
      "drill",
      /^drill .* passed on 2026-08-21 03:10:00 UTC\ndownload 30 s, restore 6 min 40 s, checks 20 s; 20,000 files there, 500 files read\n$/,
    ],
    ["unlock", /^no run held the lease\n$/],
    ["init", /^memory:\/\/backups is repository 3f2b8f3e/],
  ])("moodle-backup %s", async (line, expected) => {
    const { stdout, stderr, exitCode } = await run(line.split(" "));
    expect(stdout).toMatch(expected);
    expect([stderr, exitCode]).toEqual(["", EXIT.success]);
  });

  test("a drill of a partial snapshot says so", async () => {
    const { stdout, exitCode } = await run(["drill"], {
      operations: { runDrill: async () => ({ ...drill, missing: 1 }) },
    });
    expect(stdout).toMatch(/ passed on .*\n.*\nthe snapshot is partial: it lacks 1 file\n$/);
    expect(exitCode).toBe(EXIT.success);
  });

  test("what is missing is named", async () => {
    const { stdout } = await run(["show", ID], { operations: { readSnapshot: async () => partial } });
    expect(stdout).toMatch(/missing +2 of 300 B\n {2}b{40}\n {2}c{40}\n$/);
  });
});
