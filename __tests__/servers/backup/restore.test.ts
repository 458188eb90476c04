import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAnonymiseRules } from "../../../services/backup/src/anonymise/rules";
import type { DatabaseConnection } from "../../../services/backup/src/databases/connection";
import type { RestoreOptions } from "../../../services/backup/src/databases/database";
import { openScratchServer, openSource, openTarget } from "../../../services/backup/src/databases/open";
import { treatmentOf } from "../../../services/backup/src/databases/treatment";
import { allFiles, allReferences } from "./support/collect";
import { addFiles, hashOf, moodleTables } from "./support/moodle-tables";
import { type DatabaseServer, databaseServers } from "./support/servers";

const SNAPSHOT = "01JZZZZZZZZZZZZZZZZZZZZZZZ";
const PASSWORD = "a-password-nobody-may-see";
const MARKER = "Marker-of-a-person";

describe.each(databaseServers())("restore into $engine", ({ engine, start }) => {
  let server: DatabaseServer;
  let folder: string;
  let dump: string;

  const connection = (database: string): DatabaseConnection => ({
    engine,
    host: "localhost",
    port: server.port,
    tls: true,
    caCertificates: server.ca,
    database,
    username: "moodle",
    password: PASSWORD,
    tablePrefix: "mdl_",
  });
  const value = async (name: string) =>
    (await server.query("target", `SELECT value FROM mdl_config WHERE name = '${name}'`))[0]?.value;
  const restore = async (options: Partial<RestoreOptions> = {}) =>
    (await openTarget(connection("target"))).restore({ snapshot: SNAPSHOT, folder: dump, ...options });
  const rules = async () => {
    const file = join(folder, "rules.yaml");
    writeFileSync(join(folder, "admin"), "the-admin-password\n");
    writeFileSync(
      file,
      JSON.stringify({
        files: { keep: ["mod_special/content"] },
        admin: { username: "admin", passwordFile: join(folder, "admin") },
      }),
    );
    return readAnonymiseRules(file);
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "backup-restore-"));
    server = await start(PASSWORD);
    await server.makeDatabase("moodle");
    for (const sql of moodleTables(engine === "postgresql" ? "postgresql" : "mysql")) await server.query("moodle", sql);
    for (const sql of [
      addFiles("one", "two"),
      `INSERT INTO mdl_files (contenthash, component, filearea, filesize, author) VALUES ('${hashOf("private")}', 'user', 'private', 7, '${MARKER}')`,
      `INSERT INTO mdl_${"user"} (username, email, description) VALUES ('guest', 'root@localhost', ''), ('${MARKER}', '${MARKER}', '${MARKER}')`,
      `INSERT INTO mdl_logstore_standard_log (eventname, other, userid) VALUES ('${MARKER}', '${MARKER}', 2)`,
      `INSERT INTO mdl_page (name, content) VALUES ('A page', 'See https://old.example.edu/mod/page/view.php?id=1 and https://old.example.education/')`,
      `INSERT INTO mdl_config (name, value) VALUES ('supportemail', '${MARKER}'), ('mnet_localhost_id', '1')`,
      `INSERT INTO mdl_config_plugins (plugin, name, value) VALUES ('auth_ldap', 'bind_pw', '${MARKER}'), ('quiz', 'attempts', '3')`,
    ]) {
      await server.query("moodle", sql);
    }
    const snapshot = await (await openSource(connection("moodle"))).snapshot();
    dump = mkdtempSync(join(folder, "dump-"));
    await allFiles(snapshot.dump(dump));
    await snapshot.close();
  });

  beforeEach(() => server.makeDatabase("target"));

  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("brings back tables and rows, with cron and mail off", async () => {
    const target = await openTarget(connection("target"));
    expect(await target.state()).toEqual({ kind: "empty" });
    await target.restore({ snapshot: SNAPSHOT, folder: dump });
    expect(await target.state()).toEqual({ kind: "occupied", tables: expect.any(Number) });
    const references = await allReferences(target.references());
    expect(references.map(({ hash }) => hash)).toEqual(["one", "two", "private"].map(hashOf).sort());
    expect(await target.rowCounts()).toMatchObject({ mdl_files: 3, mdl_user: 2, mdl_config: 8 });
    expect(await value("cron_enabled")).toBe("0");
    expect(await value("noemailever")).toBe("1");
    expect(await value("version")).toBe("2024100706.00");
  });

  test("gives new rows numbers that are free", async () => {
    await restore();
    await server.query("target", "INSERT INTO mdl_page (name) VALUES ('new')");
    await server.query("target", "INSERT INTO mdl_config (name) VALUES ('new')");
    expect(await server.query("target", "SELECT id FROM mdl_page WHERE name = 'new'")).toHaveLength(1);
  });

  test("refuses a database that is not empty, and leaves it as it is", async () => {
    await server.query("target", "CREATE TABLE precious (id int)");
    await expect(restore()).rejects.toThrow("database target holds 1 table; a restore needs an empty one");
    await server.query("target", "SELECT * FROM precious");
  });

  test("begins anew where the same snapshot was not restored to its end, and refuses another", async () => {
    const stop = new AbortController();
    const attempt = restore({ signal: stop.signal });
    const target = await openTarget(connection("target"));
    for (let state = await target.state(); state.kind === "empty"; state = await target.state());
    stop.abort(new Error("killed"));
    await expect(attempt).rejects.toThrow("killed");
    expect(await target.state()).toEqual({ kind: "unfinished", snapshot: SNAPSHOT, treatment: {} });
    await expect(restore({ snapshot: SNAPSHOT.replace("Z", "Y") })).rejects.toThrow(
      `database target holds an unfinished restore of snapshot ${SNAPSHOT}; a restore needs an empty one`,
    );
    await expect(restore({ anonymise: await rules() })).rejects.toThrow(
      /^database target holds an unfinished restore that was not anonymised, .* anonymised by rules [0-9a-f]{12}, /,
    );
    await restore();
    expect(await value("version")).toBe("2024100706.00");
  });

  test("notes how it anonymises and the new address, and goes on from a marker that has neither", async () => {
    const known = await rules();
    const { page: _, ...tables } = known.tables;
    const options = { anonymise: { ...known, tables }, wwwroot: "https://staging.example.edu" };
    await expect(restore(options)).rejects.toThrow("no rule says whether these hold personal data: page");
    const target = await openTarget(connection("target"));
    expect(await target.state()).toEqual({ kind: "unfinished", snapshot: SNAPSHOT, treatment: treatmentOf(options) });
    await expect(restore()).rejects.toThrow("is to be not anonymised, at its old address; empty it");

    await server.query("target", "DROP TABLE moodle_backup_restore");
    await server.query("target", "CREATE TABLE moodle_backup_restore (snapshot varchar(26) PRIMARY KEY)");
    await server.query("target", `INSERT INTO moodle_backup_restore VALUES ('${SNAPSHOT}')`);
    expect(await target.state()).toEqual({ kind: "unfinished", snapshot: SNAPSHOT });
    await expect(restore({ anonymise: known })).rejects.toThrow("that was not anonymised, and this one is to be");
    await restore({ wwwroot: "https://staging.example.edu", previousWwwroot: "https://old.example.edu" });
    expect(await value("version")).toBe("2024100706.00");
  });

  test("says that the server went away in mid-restore, and then begins anew", async () => {
    let ended = false;
    const attempt = restore().finally(() => {
      ended = true;
    });
    const failure = attempt.then(
      () => undefined,
      (error) => error,
    );
    const target = await openTarget(connection("target"));
    for (let state = await target.state(); state.kind === "empty"; state = await target.state());
    while (!ended) await server.cutOff("target");
    expect(await failure).toMatchObject({
      name: "DatabaseError",
      failure: expect.stringMatching(/^(lost|unreachable)$/),
    });
    expect(await target.state()).toEqual({ kind: "unfinished", snapshot: SNAPSHOT, treatment: {} });
    await restore();
    expect(await value("version")).toBe("2024100706.00");
  });

  test("a dump that is damaged ends with a typed error, and Moodle cannot run on what is there", async () => {
    const damaged = join(folder, "damaged");
    execFileSync("cp", ["-r", dump, damaged]);
    const part = execFileSync("sh", ["-c", `ls -S ${damaged} | grep -E '^data|dat.gz$' | head -1`], {
      encoding: "utf8",
    });
    writeFileSync(join(damaged, part.trim()), "no gzip");
    await expect(restore({ folder: damaged })).rejects.toMatchObject({ name: "DatabaseError" });
    expect(await value("version").catch(() => undefined)).toBeUndefined();
    expect(await (await openTarget(connection("target"))).state()).toMatchObject({ kind: "unfinished" });
    rmSync(damaged, { recursive: true });
  });

  test("rewrites the site's address and no other", async () => {
    await restore({ wwwroot: "https://new.example.org/moodle", previousWwwroot: "https://old.example.edu" });
    expect((await server.query("target", "SELECT content FROM mdl_page"))[0]?.content).toBe(
      "See https://new.example.org/moodle/mod/page/view.php?id=1 and https://old.example.education/",
    );
  });

  describe("anonymised", () => {
    test("holds nothing of what was personal, byte for byte, and refers to no private file", async () => {
      await restore({ anonymise: await rules() });
      expect(server.dumpText("target")).not.toContain(MARKER);
      expect(server.dumpText("moodle")).toContain(MARKER);
      const target = await openTarget(connection("target"));
      expect((await allReferences(target.references())).map(({ hash }) => hash)).toEqual(
        ["one", "two"].map(hashOf).sort(),
      );
      const users = await server.query("target", "SELECT username, email FROM mdl_user ORDER BY id");
      expect(users).toEqual([
        { username: "guest", email: "user1@example.invalid" },
        { username: "admin", email: "user2@example.invalid" },
      ]);
      expect(await value("version")).toBe("2024100706.00");
      expect(await server.query("target", "SELECT name, value FROM mdl_config_plugins ORDER BY name")).toEqual([
        { name: "attempts", value: "3" },
        { name: "deleteexternal", value: "0" },
        { name: "deletelocal", value: "1" },
      ]);
      expect(await server.query("target", "SELECT content FROM mdl_page")).toHaveLength(1);
    });

    test("names what no rule knows, and leaves a database that nobody can use", async () => {
      const known = await rules();
      const { page: _, ...tables } = known.tables;
      await expect(restore({ anonymise: { ...known, tables } })).rejects.toThrow(
        "no rule says whether these hold personal data: page; write rules for them",
      );
      expect(await value("version")).toBeUndefined();
      expect(await server.query("target", "SELECT id FROM mdl_files")).toEqual([]);
    });

    test("names file areas that no rule knows", async () => {
      const known = await rules();
      const fewer = { ...known, keptFileAreas: known.keptFileAreas.filter((area) => area !== "mod_resource/content") };
      await expect(restore({ anonymise: fewer })).rejects.toThrow(
        "no rule says whether files of these areas are personal: mod_resource/content; write rules for them",
      );
    });
  });

  describe("a scratch server", () => {
    test("makes a database for a drill, restored as it was, and drops it and those left behind", async () => {
      await server.query(undefined, "CREATE DATABASE moodle_drill_01arz3ndektsv4rrffq69g5fav");
      const scratch = await openScratchServer({ ...connection("none"), username: "moodle" });
      const database = await scratch.create(SNAPSHOT);
      await database.restore({ snapshot: SNAPSHOT, folder: dump, untouched: true });
      expect(await database.rowCounts()).toMatchObject({ mdl_config: 7, mdl_files: 3 });
      const names = await server.databases();
      expect(names.filter((name) => name.startsWith("moodle_drill_"))).toEqual([
        `moodle_drill_${SNAPSHOT.toLowerCase()}`,
      ]);
      await database.close();
      await database.drop();
      expect(await server.databases()).not.toContain(`moodle_drill_${SNAPSHOT.toLowerCase()}`);
    });
  });
});
