import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { locked } from "../../scripts/site/lock";
import { moodleEnvironment } from "../../scripts/site/moodle";
import { ports, siteOptions, sources } from "../../scripts/site/options";
import { Processes, type Service, startOf } from "../../scripts/site/processes";
import { Site } from "../../scripts/site/site";
import { copySources, pluginPath } from "../../scripts/site/source";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "site-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("options", () => {
  it("has a default for each", () => {
    expect(siteOptions({})).toEqual({ folder: join(process.cwd(), "build/site"), port: 8080, database: "postgresql" });
  });

  it("names every fault at once", () => {
    const wrong = () => siteOptions({ folder: `/${"x".repeat(80)}`, port: "80", database: "oracle" });
    expect(wrong).toThrow(
      /3 faults[\s\S]*--folder[\s\S]*--port[\s\S]*1024[\s\S]*--database[\s\S]*postgresql or mariadb/,
    );
  });

  it("takes a port only where the ports of all servers are ports", () => {
    fc.assert(
      fc.property(fc.integer({ min: -10, max: 70_000 }), (port) => {
        const fits = port >= 1024 && Math.max(...Object.values(ports({ port }))) <= 65535;
        if (!fits) expect(() => siteOptions({ port: String(port) })).toThrow("--port");
        else expect(new Set(Object.values(ports(siteOptions({ port: String(port) })))).size).toBe(7);
      }),
    );
  });

  it("refuses a folder without Moodle's code, and plugins that are not there", () => {
    expect(() => sources({})).toThrow(/MOODLE_SRC[\s\S]*given: {3}nothing/);
    writeFileSync(join(folder, "version.php"), "");
    expect(() => sources({ MOODLE_SRC: folder, MOODLE_PLUGINS: join(folder, "none") })).toThrow("MOODLE_PLUGINS");
    expect(sources({ MOODLE_SRC: folder })).toEqual({ moodle: folder });
  });
});

describe("sources", () => {
  const put = (path: string, content = "") => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  const types = JSON.stringify({ plugintypes: { tool: "admin/tool", mod: "mod", profilefield: "user/profile/field" } });
  const make = () => new Site(siteOptions({ folder: join(folder, "site") }));

  beforeEach(() => {
    for (const part of ["moodle", "image", "site"]) mkdirSync(join(folder, part));
    put("moodle/lib/components.json", types);
    put("moodle/version.php", "4.5");
    put("moodle/config.php", "of another site");
    put("moodle/.git/HEAD");
    put("plugins/tool_objectfs/version.php", "plugin");
    put("image/config.php", "of the image");
  });

  it("puts code, plugins and the image's config.php together, and leaves the sources as they are", () => {
    const site = make();
    const from = { moodle: join(folder, "moodle"), plugins: join(folder, "plugins") };
    expect(copySources(site, from, join(folder, "image"))).toEqual(["tool_objectfs"]);
    expect(readFileSync(site.path("code/config.php"), "utf8")).toBe("of the image");
    expect(readFileSync(site.path("code/admin/tool/objectfs/version.php"), "utf8")).toBe("plugin");
    expect(existsSync(site.path("code/.git"))).toBe(false);
    expect(readFileSync(join(folder, "moodle/config.php"), "utf8")).toBe("of another site");
    expect(existsSync(join(folder, "moodle/admin"))).toBe(false);
  });

  it("copies again where a file has changed, and only then", () => {
    const site = make();
    const from = { moodle: join(folder, "moodle") };
    copySources(site, from, join(folder, "image"));
    writeFileSync(site.path("code/version.php"), "untouched");
    copySources(site, from, join(folder, "image"));
    expect(readFileSync(site.path("code/version.php"), "utf8")).toBe("untouched");
    put("moodle/version.php", "4.5.1");
    copySources(site, from, join(folder, "image"));
    expect(readFileSync(site.path("code/version.php"), "utf8")).toBe("4.5.1");
  });

  it("knows where plugins belong, below public/ from 5.1 on", () => {
    expect(pluginPath(join(folder, "moodle"), "profilefield_matrix")).toBe("user/profile/field/matrix");
    put("new/public/lib/components.json", types);
    expect(pluginPath(join(folder, "new"), "mod_board")).toBe("public/mod/board");
  });

  it.each(["objectfs", "unknown_thing", "tool_", "constructor_x", "tool_../../x"])("refuses %s as a plugin", (name) => {
    expect(() => pluginPath(join(folder, "moodle"), name)).toThrow("MOODLE_PLUGINS");
  });
});

describe("environment of Moodle", () => {
  it("gives way to what the caller has set, but for the sources", () => {
    const caller = { MOODLE_SITE_NAME: "Mine", AWS_REGION: "here", MOODLE_SRC: "/src", HOME: "/root" };
    const environment = moodleEnvironment(new Site(siteOptions({ folder })), false, caller);
    expect(environment).toMatchObject({ MOODLE_SITE_NAME: "Mine", AWS_REGION: "here", HOME: folder });
    expect(environment).not.toHaveProperty("MOODLE_SRC");
    expect(environment).not.toHaveProperty("MOODLE_OBJECT_STORE");
  });

  it("keeps passwords in files", () => {
    const site = new Site(siteOptions({ folder }));
    const password = site.secret("database/password");
    expect(site.secret("database/password")).toBe(password);
    expect(JSON.stringify(moodleEnvironment(site, true, {}))).not.toContain(password);
  });
});

describe("processes", () => {
  const shell = (script: string): Service => ({
    name: "shell",
    command: "/bin/sh",
    args: ["-c", script],
    stopSignal: "SIGTERM",
  });
  const never = new AbortController().signal;
  let processes: Processes;
  beforeEach(() => {
    processes = new Processes(folder, join(folder, "log"));
  });
  afterEach(() => processes.stop());

  it("are found and stopped by another command", async () => {
    await processes.start(shell("sleep 60"), never);
    const other = new Processes(folder, join(folder, "log"));
    const [running] = other.running();
    expect(running?.name).toBe("shell");
    await other.stop();
    expect(processes.running()).toEqual([]);
    expect(existsSync(join(folder, "processes.json"))).toBe(false);
  });

  it("whose leader was killed leave nobody behind", async () => {
    await processes.start(shell(`sleep 60 & echo $! > ${folder}/child; wait`), never);
    while (!existsSync(join(folder, "child"))) await sleep(20);
    await sleep(50);
    const child = Number(readFileSync(join(folder, "child"), "utf8"));
    process.kill(processes.running()[0]?.pid ?? 0, "SIGKILL");
    await sleep(50);
    expect(startOf(child)).toBeDefined();
    await processes.stop();
    expect(startOf(child)).toBeUndefined();
  });

  it("are found below a session of their own, as PHP-FPM's", async () => {
    const child = join(folder, "session");
    await processes.start(shell(`setsid sh -c 'echo $$ > ${child}; exec sleep 60' & wait`), never);
    while (!existsSync(child) || readFileSync(child, "utf8") === "") await sleep(20);
    const pid = Number(readFileSync(child, "utf8"));
    expect(processes.members(["shell"])).toContain(pid);
    expect(processes.members(["another"])).toEqual([]);
    process.kill(pid, "SIGKILL");
  });

  it("are not mistaken for others that got their number", async () => {
    const stranger = spawn("/bin/sleep", ["60"]);
    const record = { name: "stranger", pid: stranger.pid, start: "1", stopSignal: "SIGKILL" };
    writeFileSync(join(folder, "processes.json"), JSON.stringify([record]));
    await processes.stop();
    expect(stranger.exitCode).toBeNull();
    stranger.kill();
    await once(stranger, "exit");
  });

  it("that end at once are reported with what they wrote", async () => {
    const failing = { ...shell("echo no such file; exit 3"), probe: () => Promise.reject(new Error("refused")) };
    await expect(processes.start(failing, never)).rejects.toThrow(/shell ended as soon[\s\S]*no such file/);
    await expect(processes.run(shell("echo no right; exit 4"), never)).rejects.toThrow(/exit code 4[\s\S]*no right/);
  });

  it("are called off while they start", async () => {
    const calledOff = new AbortController();
    const slow = { ...shell("sleep 60"), probe: () => Promise.reject(new Error("not yet")) };
    const started = processes.start(slow, calledOff.signal);
    setTimeout(() => calledOff.abort(), 50);
    await expect(started).rejects.toThrow("abort");
  });
});

describe("lock", () => {
  it("refuses a second command, and outlives none", async () => {
    await locked(folder, async () => {
      await expect(locked(folder, async () => {})).rejects.toThrow(`process ${process.pid} is changing this site`);
    });
    writeFileSync(join(folder, "lock"), JSON.stringify({ pid: process.pid, start: "1" }));
    await expect(locked(folder, async () => "done")).resolves.toBe("done");
  });
});
