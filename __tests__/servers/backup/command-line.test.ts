/** The program as its users start it, against real databases: each command, and how it ends. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventSchema } from "../../../services/backup/src/cli/output/events";
import { addFiles, hashOf, moodleTables } from "./support/moodle-tables";
import { type DatabaseServer, databaseServers } from "./support/servers";

const MAIN = join(__dirname, "../../../services/backup/dist/cli/main.js");
const PASSWORD = "a-password-nobody-may-see";
const SECRET = "a-signing-secret-of-more-than-32-characters";
const CONTENTS = ["one", "two", "three"];

interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly report: Record<string, never> & { readonly [field: string]: unknown };
}

describe.each(databaseServers())("moodle-backup on $engine", ({ engine, start }) => {
  let server: DatabaseServer;
  let folder: string;
  /** Arguments of every process of the machine, as others see them while the program runs. */
  const seen = new Set<string>();
  const said: string[] = [];

  const path = (...names: string[]) => join(folder, ...names);

  function configure(changes: Record<string, unknown> = {}): void {
    const connection = {
      engine,
      host: "localhost",
      port: server.port,
      caFile: path("ca.pem"),
      username: "moodle",
      passwordFile: path("password"),
    };
    const configuration = {
      repository: { kind: "folder", path: path("repository") },
      signing: { secretFile: path("signing") },
      database: { ...connection, name: "moodle" },
      files: { directory: path("data") },
      scratchDirectory: path("scratch"),
      retention: { keepLast: 1 },
      drill: { server: connection },
      restore: { database: { ...connection, name: "target" }, files: { directory: path("restored") } },
      ...changes,
    };
    writeFileSync(path("config.json"), JSON.stringify(configuration));
  }

  function begin(...args: string[]) {
    const child = spawn(process.execPath, [MAIN, ...args, "--config", path("config.json")], {
      env: { PATH: process.env.PATH, HOME: folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output.stderr += chunk;
    });
    const watch = setInterval(() => seen.add(processes()), 20);
    const ended = new Promise<Ran>((resolve) => {
      child.once("close", (code) => {
        clearInterval(watch);
        said.push(output.stdout, output.stderr);
        const last = output.stdout.trimEnd().split("\n").at(-1) ?? "";
        const report = args.includes("--json") ? JSON.parse(last).report : {};
        resolve({ exitCode: code ?? -1, ...output, report });
      });
    });
    return { child, output, ended };
  }

  const run = (...args: string[]) => begin(...args).ended;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "backup-program-"));
    server = await start(PASSWORD);
    writeFileSync(path("ca.pem"), server.ca);
    writeFileSync(path("password"), `${PASSWORD}\n`);
    writeFileSync(path("signing"), `${SECRET}\n`);
    for (const database of ["moodle", "target"]) await server.makeDatabase(database);
    const statements = moodleTables(engine === "postgresql" ? "postgresql" : "mysql").filter(
      (sql) => !/config_plugins VALUES|config_plugins \(plugin/.test(sql) || /^CREATE/.test(sql),
    );
    for (const sql of [...statements, addFiles(...CONTENTS)]) await server.query("moodle", sql);
    for (const content of CONTENTS) {
      const hash = hashOf(content);
      const filedir = path("data", "filedir", hash.slice(0, 2), hash.slice(2, 4));
      mkdirSync(filedir, { recursive: true });
      writeFileSync(join(filedir, hash), content);
    }
    configure();
  });

  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("before there is a repository, says so", async () => {
    const { exitCode, stderr } = await run("list");
    expect([exitCode, stderr]).toEqual([10, expect.stringMatching(/^moodle-backup: .* holds no repository; make one/)]);
  });

  test("makes a snapshot, and says in JSON what it does", async () => {
    const { exitCode, stdout, stderr, report } = await run("snapshot", "--init", "--json");
    expect([exitCode, stderr]).toEqual([0, ""]);
    for (const line of stdout.trimEnd().split("\n"))
      expect(eventSchema.safeParse(JSON.parse(line)).error).toBeUndefined();
    expect(report).toMatchObject({ status: "complete", files: { references: 3 }, added: { blobs: 3 } });
  });

  test("a second one copies no file again", async () => {
    expect((await run("snapshot", "--json")).report).toMatchObject({ added: { blobs: 0 }, unchanged: 3 });
  });

  test("lists and shows them", async () => {
    const { stdout } = await run("list");
    expect(stdout.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^id +moment/),
      expect.stringMatching(/ complete +3 /),
      expect.stringMatching(/ complete +3 /),
      "2 snapshots",
    ]);
    expect((await run("show", "latest")).stdout).toMatch(/^Moodle +4\.5\.6/m);
  });

  test("verifies all of it", async () => {
    const { exitCode, stdout } = await run("verify", "--read-data-subset", "100%", "--record");
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/everything is there\n$/)]);
  });

  test("no drill is not enough for an upgrade, and one that has passed is", async () => {
    expect((await run("require-drill", "7d")).exitCode).toBe(21);
    const { exitCode, report } = await run("drill", "--json");
    expect([exitCode, report]).toEqual([0, expect.objectContaining({ passed: true, references: 3, sampled: 3 })]);
    expect((await run("require-drill", "7d")).exitCode).toBe(0);
    expect((await server.databases()).filter((name) => name.startsWith("moodle_drill"))).toEqual([]);
  });

  test("restores into empty places, and into no others", async () => {
    const { exitCode, stdout } = await run("restore", "latest");
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/is restored, 3 files/)]);
    const [row] = await server.query("target", "SELECT count(*) AS n FROM mdl_files");
    expect(Number(row?.n)).toBe(3);
    const hash = hashOf("two");
    const restored = path("restored", "filedir", hash.slice(0, 2), hash.slice(2, 4), hash);
    expect(readFileSync(restored, "utf8")).toBe("two");
    expect((await run("restore", "latest")).exitCode).toBe(1);
  });

  test("lets the older one go, in two phases", async () => {
    expect((await run("prune", "--json")).report).toMatchObject({ marked: { snapshots: [expect.any(String)] } });
    expect((await run("list", "--json")).report).toMatchObject({ snapshots: [{}, {}] });
  });

  test("finds itself well", async () => {
    const { exitCode, stdout } = await run("doctor");
    expect([exitCode, stdout.match(/^ok/gm)?.length]).toEqual([0, 6]);
  });

  test("tells Prometheus what is in the repository", async () => {
    const { stdout } = await run("metrics");
    expect(stdout).toMatch(/^moodle_backup_snapshots\{status="complete"\} 2$/m);
    expect(stdout).toMatch(/^moodle_backup_last_drill_passed 1$/m);
    expect(stdout).toMatch(/^moodle_backup_last_verification_findings 0$/m);
  });

  test("a key of another repository is refused", async () => {
    writeFileSync(path("other"), "another-secret-of-more-than-32-characters\n");
    configure({ signing: { secretFile: path("other") } });
    expect((await run("snapshot")).exitCode).toBe(12);
    configure();
  });

  test("a password that is wrong is a failure, and is not repeated", async () => {
    writeFileSync(path("password"), "wrong-password-of-somebody\n");
    const { exitCode, stderr } = await run("snapshot");
    writeFileSync(path("password"), `${PASSWORD}\n`);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/refuses the login of moodle/)]);
    expect(stderr).not.toContain("wrong-password");
  });

  test("interrupted, it gives back the lease", async () => {
    const { child, output, ended } = begin("snapshot", "--json");
    while (!output.stdout.includes('"phase":"dump"')) await sleep(5);
    child.kill("SIGINT");
    expect((await ended).exitCode).toBe(130);
    expect((await run("snapshot")).exitCode).toBe(0);
  });

  test("a file that is gone from the repository is found", async () => {
    const hash = hashOf("three");
    rmSync(path("repository", "blobs", hash.slice(0, 2), hash.slice(2, 4), hash));
    const { exitCode, stdout } = await run("verify");
    expect([exitCode, stdout]).toEqual([20, expect.stringMatching(new RegExp(`^missing blob: blobs/.*${hash}`))]);
  });

  test("no secret was in any argument, in any output, or is in the repository", () => {
    const stored = readdirSync(path("repository"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
    expect(seen.size).toBeGreaterThan(10);
    expect(stored.length).toBeGreaterThan(10);
    for (const text of [...seen, ...said, ...stored]) {
      expect(text).not.toContain(PASSWORD);
      expect(text).not.toContain(SECRET);
    }
  });
});

function processes(): string {
  return execFileSync("ps", ["-A", "-ww", "-o", "args="], { encoding: "utf8" });
}
